"""Texts to the tokens that lexical search compares, in Chinese and English."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import jieba
import Stemmer

from kgrec.query.chinese import cutter
from kgrec.query.normalise import HAN, normalise, normalise_aligned
from kgrec.query.stop_words import STOP_WORDS
from kgrec.query.words import Piece, bigrams, han_pieces, word_pieces

# A word may hold hyphens, apostrophes and the point of a decimal inside, and nothing of them at its ends.
_LETTER = rf"[^\W_{HAN}]"
_RUNS = re.compile(rf"(?P<han>[{HAN}]+)|{_LETTER}+(?:(?:[-_'’‐‑]|(?<=\d)[.](?=\d)){_LETTER}+)*")
_LETTERS = re.compile(rf"{_LETTER}+")
_DIGIT = re.compile(r"\d")
# Longer words of a catalogue are phrases: jieba should go on splitting them.
_WORD_LENGTHS = range(2, 7)
_CACHE = 1 << 16


@dataclass(frozen=True)
class Token:
    """A token and the part of the original text it stands for."""

    text: str
    start: int
    end: int


class Analyser:
    """Tokens of texts: runs of Han cut by jieba and in pairs, other words whole and in their parts, stemmed.

    ``words``: labels of a catalogue or graph; those of two to six Han characters join jieba's dictionary.
    运动鞋 gives 运动鞋, 运动, 鞋 and the pair 动鞋; ``XBR-55HX929`` gives xbr55hx929, xbr,
    55hx929, 55, hx929; ``12.1MP`` gives 12.1mp, 12.1, mp. Stop words go, except from a text that has no
    other words. English stems by Snowball (PyStemmer). jieba reads its dictionary at the first Han text,
    which takes half a second.
    """

    def __init__(self, stop_words: bool = True, stem: bool = True, words: Sequence[str] = ()) -> None:
        self.stop_words = STOP_WORDS if stop_words else frozenset()
        self.stem = stem
        self._stemmer = Stemmer.Stemmer("english")
        self.own_words = sorted({word for word in map(normalise, words) if _is_han_word(word)})
        """What jieba knows beside its own dictionary, normalised."""
        self._cutter: jieba.Tokenizer | None = None
        self._word_pieces = lru_cache(_CACHE)(self._analysed_word)
        self._han_pieces = lru_cache(_CACHE)(self._analysed_han)

    def tokens(self, text: str) -> list[str]:
        """Tokens of a text, run after run, a whole before its parts; the text need not be normalised."""
        return self.tokens_of_normalised(normalise(text, None))

    def tokens_of_normalised(self, text: str) -> list[str]:
        """The same, where `normalise` has been applied already."""
        tokens = [token for _, pieces in self._runs(text) for token, _, _ in pieces]
        return [token for token in tokens if token not in self.stop_words] or tokens

    def spans(self, text: str) -> list[Token]:
        """Tokens with their places in ``text`` as it was given, for highlighting."""
        aligned, starts, ends = normalise_aligned(text)
        tokens = [
            Token(token, starts[offset + start], ends[offset + end - 1])
            for offset, pieces in self._runs(aligned)
            for token, start, end in pieces
        ]
        return [token for token in tokens if token.text not in self.stop_words] or tokens

    def words(self, text: str) -> list[str]:
        """Words of normalised text as they are spelt, those of a compound one by one.

        Han and whatever is joined to a digit (a model number) are left out: nobody can tell a misspelt one.
        """
        runs = (match[0] for match in _RUNS.finditer(text) if match.lastgroup != "han")
        return [word for run in runs if not _DIGIT.search(run) for word in _LETTERS.findall(run)]

    def whole_words(self, text: str) -> list[str]:
        """Words of normalised text as somebody would type them: runs of Han cut by jieba, others whole."""
        found: list[str] = []
        for match in _RUNS.finditer(text):
            is_han = match.lastgroup == "han"
            found += self._dictionary().cut(match[0], HMM=False) if is_han else [match[0]]
        return [word for word in found if word not in self.stop_words]

    def stemmed(self, word: str) -> str:
        """The form under which a normalised word is searched."""
        return str(self._stemmer.stemWord(word)) if self.stem else word

    def _runs(self, text: str) -> Iterator[tuple[int, Sequence[Piece]]]:
        """Runs of letters: where each starts, and its pieces."""
        for match in _RUNS.finditer(text):
            is_han = match.lastgroup == "han"
            yield match.start(), self._analysed_run(match[0]) if is_han else self._word_pieces(match[0])

    def _analysed_run(self, run: str) -> list[Piece]:
        pieces: list[Piece] = []
        offset = 0
        # Without jieba's hidden Markov model: it invents words, others in a title than in a query.
        for word in self._dictionary().cut(run, HMM=False):
            pieces.extend(
                (piece, offset + start, offset + end) for piece, start, end in self._han_pieces(word)
            )
            offset += len(word)
        return pieces + bigrams(run, pieces)

    def _analysed_word(self, word: str) -> tuple[Piece, ...]:
        return tuple((self.stemmed(token), start, end) for token, start, end in word_pieces(word))

    def _analysed_han(self, word: str) -> tuple[Piece, ...]:
        return tuple(han_pieces(word, self._dictionary().FREQ))

    def _dictionary(self) -> jieba.Tokenizer:
        if self._cutter is None:
            self._cutter = cutter(self.own_words)
        return self._cutter


def _is_han_word(word: str) -> bool:
    return len(word) in _WORD_LENGTHS and re.fullmatch(f"[{HAN}]+", word) is not None
