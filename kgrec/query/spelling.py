"""Words that the catalogue does not know, to the word that was probably meant."""

from collections.abc import Callable, Mapping

from symspellpy import SymSpell, Verbosity

from kgrec.query.normalise import has_han

_MAX_DISTANCE = 2
# Longer strings are no words; the search's cost grows with their square.
_MAX_LENGTH = 32


class Speller:
    """Correction by Damerau-Levenshtein distance and frequency over the words of a catalogue.

    Candidates come from SymSpell (symmetric deletes, https://github.com/wolfgarbe/SymSpell): no edit for
    words of up to three characters, one for four to seven, two above. The nearest candidate wins, of several
    the most frequent one, then the alphabet decides. Known words, words with the stem of a known word,
    anything with a digit, and Han stay as they are. Costs some tens of microseconds for an unknown word.
    """

    def __init__(self, symspell: SymSpell, stems: frozenset[str], stem: Callable[[str], str]) -> None:
        self._symspell, self._stems, self._stem = symspell, stems, stem

    @classmethod
    def from_counts(cls, counts: Mapping[str, int], stem: Callable[[str], str] = str) -> "Speller":
        """``counts``: normalised word -> occurrences. ``stem``: words of one stem are one word."""
        symspell = SymSpell(max_dictionary_edit_distance=_MAX_DISTANCE, prefix_length=7)
        words = {word: count for word, count in counts.items() if count > 0 and _is_word(word)}
        for word, count in words.items():
            symspell.create_dictionary_entry(word, count)
        return cls(symspell, frozenset(stem(word) for word in counts), stem)

    def knows(self, word: str) -> bool:
        """Whether the catalogue has the word or another of its stem."""
        return self._stem(word) in self._stems

    def correct(self, token: str) -> str:
        """The word that was meant; ``token`` itself where it is known or nothing is near."""
        reach = _reach(len(token))
        if reach == 0 or not _is_word(token) or self.knows(token):
            return token
        found = self._symspell.lookup(token, Verbosity.CLOSEST, max_edit_distance=reach)
        best = min(found, key=lambda word: (-word.count, word.term), default=None)
        return token if best is None else str(best.term)


def _reach(length: int) -> int:
    if length > _MAX_LENGTH:
        return 0
    return 0 if length < 4 else 1 if length < 8 else _MAX_DISTANCE


def _is_word(word: str) -> bool:
    return word.isalpha() and not has_han(word)
