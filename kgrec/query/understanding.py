"""From what a person typed to what the retrievers need to know of it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kgrec.data.dataset import Dataset
from kgrec.features.templates import item_texts
from kgrec.query.analyser import Analyser
from kgrec.query.hidden import visible_catalogue
from kgrec.query.linking import EntityLinker, Link
from kgrec.query.normalise import HAN, has_han, normalise
from kgrec.query.spelling import Speller
from kgrec.query.word_counts import word_counts

_LATIN = re.compile(r"[a-z]")
_WORD_LETTER = rf"[^\W_{HAN}]"


@dataclass(frozen=True)
class Query:
    """A query, understood."""

    text: str
    """As it was typed."""
    normalised: str
    """Normalised, at most 512 characters, spelling as typed."""
    rewritten: str
    """Normalised and with the corrected words in place: what an encoder should read."""
    tokens: tuple[str, ...]
    """Tokens of ``rewritten``, for lexical search and highlighting."""
    corrected: tuple[tuple[str, str], ...]
    """(typed, corrected) words, in the order of the text."""
    links: tuple[Link, ...]
    """Entities and items named in ``rewritten``, in its order."""
    language: str
    """zh, en (Latin letters), mixed, or "" where there are neither."""

    @property
    def empty(self) -> bool:
        """Whether nothing was typed that can be searched."""
        return not self.tokens


class QueryUnderstanding:
    """Normalise, spell, tokenise, link. Without a speller or a linker that step is left out."""

    def __init__(self, analyser: Analyser, speller: Speller | None, linker: EntityLinker | None) -> None:
        self.analyser, self.speller, self.linker = analyser, speller, linker

    @classmethod
    def from_catalogue(
        cls,
        dataset: Dataset,
        hidden_relations: Sequence[str] = (),
        template: str = "{title}",
        folder: Path | None = None,
    ) -> "QueryUnderstanding":
        """Dictionary, spelling and links of one data set, seeing nothing of the hidden relations.

        ``template``: the text of an item whose words count as spelt rightly. ``folder``: where their counts
        are kept, None = nowhere; 50,000 texts of 40 words are counted in some seconds.
        """
        linker = EntityLinker.from_dataset(dataset, hidden_relations)
        analyser = Analyser(words=linker.entity_labels)
        texts = item_texts(visible_catalogue(dataset, hidden_relations), template)
        if "{title}" not in template:
            # A title that is linked to is spelt rightly as well.
            texts += item_texts(visible_catalogue(dataset, hidden_relations), "{title}")
        counts = word_counts([*texts, *linker.entity_labels], analyser, folder)
        return cls(analyser, Speller.from_counts(counts, analyser.stemmed), linker)

    def understand(self, text: str) -> Query:
        """All about one text; total: no string makes it raise. Well under a millisecond for a usual query."""
        normalised = normalise(text)
        corrected = self._corrections(normalised)
        rewritten = _replaced(normalised, corrected)
        return Query(
            text,
            normalised,
            rewritten,
            tuple(self.analyser.tokens_of_normalised(rewritten)),
            corrected,
            () if self.linker is None else tuple(self.linker.link(rewritten)),
            language(normalised),
        )

    def _corrections(self, text: str) -> tuple[tuple[str, str], ...]:
        if self.speller is None:
            return ()
        words = dict.fromkeys(self.analyser.words(text))
        pairs = [(word, self.speller.correct(word)) for word in words if word not in self.analyser.stop_words]
        return tuple((word, better) for word, better in pairs if word != better)


def language(text: str) -> str:
    """zh, en, mixed or "", by the letters of a normalised text."""
    return {(True, True): "mixed", (True, False): "zh", (False, True): "en", (False, False): ""}[
        has_han(text), _LATIN.search(text) is not None
    ]


def _replaced(text: str, corrected: tuple[tuple[str, str], ...]) -> str:
    # Corrected words are letters alone, so that none of them is a reference to a group.
    for word, better in corrected:
        text = re.sub(rf"(?<!{_WORD_LETTER}){re.escape(word)}(?!{_WORD_LETTER})", better, text)
    return text
