"""Facts from titles: learn from tagged titles, tag others, and judge on those held out."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl

from kgrec.extraction.dictionary import DictionaryMatcher
from kgrec.extraction.scores import score
from kgrec.extraction.spans import Span, align
from kgrec.extraction.tagger import Tagger
from kgrec.progress import progress


class Extractor(Protocol):
    """Finds mentions in a text."""

    def spans(self, text: str) -> list[Span]:
        """Disjoint mentions in their order."""


@dataclass(frozen=True)
class Titles:
    """Items with their titles and with what is mentioned in each."""

    items: list[str]
    texts: list[str]
    mentions: list[list[Span]]

    @classmethod
    def build(cls, catalogue: pl.DataFrame, triples: pl.DataFrame) -> "Titles":
        """Titles of ``catalogue`` (item, title) with the tails of their ``triples`` found in them."""
        facts: dict[str, list[tuple[str, str]]] = {}
        for head, relation, tail in triples.select("head", "relation", "tail").rows():
            facts.setdefault(head, []).append((relation, tail))
        rows = [(item, title or "") for item, title in catalogue.select("item", "title").rows()]
        mentions = [align(title, facts.get(item, [])) for item, title in rows]
        return cls([item for item, _ in rows], [title for _, title in rows], mentions)


def fold_of(item: str, folds: int = 5) -> int:
    """Which of ``folds`` parts an item belongs to: by a hash of its id alone."""
    return int.from_bytes(hashlib.sha256(item.encode()).digest()[:8], "big") % folds


def held_out(item: str) -> bool:
    """Whether an item belongs to the fifth that nothing is learned from."""
    return fold_of(item) == 0


def extract(extractor: Extractor, items: Sequence[str], texts: Iterable[str]) -> pl.DataFrame:
    """head, relation, tail of every mention that is found; repetitions stay out."""
    rows = [
        (item, span.kind, text[span.start : span.stop])
        for item, text in zip(items, texts, strict=True)
        for span in extractor.spans(text)
    ]
    schema = dict.fromkeys(("head", "relation", "tail"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row").unique(maintain_order=True)


def compare_extractors(catalogue: pl.DataFrame, triples: pl.DataFrame, model: Path) -> pl.DataFrame:
    """extractor, relation, precision, recall, f1, ... on the held-out fifth; ``model``: the tagger's file.

    The dictionary (baseline) and the tagger learn from the other items' titles and facts only. Facts whose
    tail cannot be found in the title count as missed.
    """
    is_held = pl.Series([held_out(item) for item in catalogue["item"]], dtype=pl.Boolean)
    train, test = catalogue.filter(~is_held), catalogue.filter(is_held)
    titles = Titles.build(train, triples)
    truth = triples.filter(pl.col("head").is_in(test["item"].implode()))
    extractors: dict[str, Extractor] = {
        "dictionary": DictionaryMatcher.fit(titles.texts, titles.mentions),
        "tagger": Tagger.fit(titles.texts, titles.mentions, model),
    }
    texts = [title or "" for title in test["title"]]
    return pl.concat(
        score(extract(extractor, test["item"].to_list(), texts), truth).select(
            pl.lit(name).alias("extractor"), pl.all()
        )
        for name, extractor in extractors.items()
    )


def cross_tagged(
    catalogue: pl.DataFrame, triples: pl.DataFrame, folder: Path, folds: int = 5
) -> pl.DataFrame:
    """head, ``found_<relation>``, tail of every title, by a tagger that never saw that title's own facts.

    The titles are cut into ``folds`` parts, and each part is tagged by what the others teach; the taggers'
    files stay in ``folder``. Cost: ``folds`` times that of one tagger.
    """
    folder.mkdir(parents=True, exist_ok=True)
    fold = pl.Series([fold_of(item, folds) for item in catalogue["item"]], dtype=pl.Int64)
    found = []
    for number in progress(range(folds), desc="tagging titles", unit="fold"):
        titles = Titles.build(catalogue.filter(fold != number), triples)
        tagger = Tagger.fit(titles.texts, titles.mentions, folder / f"fold{number}.crf")
        own = catalogue.filter(fold == number)
        found.append(extract(tagger, own["item"].to_list(), [title or "" for title in own["title"]]))
    return pl.concat(found).with_columns(pl.concat_str(pl.lit("found_"), "relation").alias("relation"))
