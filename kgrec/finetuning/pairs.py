"""Pairs (query, item, weight) to learn from: of judgements, of clicks, or of the catalogue alone."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import polars as pl

from kgrec.errors import DataError
from kgrec.finetuning.words import joined, words

PAIR = {"query": pl.String, "item": pl.String, "weight": pl.Float64}


def from_judgements(judgements: pl.DataFrame, min_grade: float = 1.0) -> pl.DataFrame:
    """Pairs of a table query, item, grade: weight is the grade over the largest grade.

    Raises:
        DataError: no judgement has ``min_grade``.
    """
    good = judgements.filter(pl.col("grade") >= min_grade)
    if good.is_empty():
        raise DataError(f"judgements: none has a grade of {min_grade:g}; lower min_grade")
    grade = pl.col("grade").cast(pl.Float64)
    return good.select("query", "item", weight=grade / grade.max()).sort("query", "item")


def from_impressions(attractiveness: pl.DataFrame, floor: float = 0.2) -> pl.DataFrame:
    """Pairs of what ``kgrec.finetuning.clicks.attractiveness`` gives: weight relative to the query's best.

    An item with less than ``floor`` of the best one's attractiveness is no positive.
    """
    share = pl.col("attractiveness") / pl.col("attractiveness").max().over("query")
    pairs = attractiveness.select("query", "item", weight=share)
    return pairs.filter(pl.col("weight") >= floor).sort("query", "item")


def from_facts(
    triples: pl.DataFrame,
    labels: Mapping[str, str],
    hidden: Sequence[str] = (),
    per_query: int = 20,
    seed: int = 0,
) -> pl.DataFrame:
    """Pairs (label of a fact's tail, its head): a brand or a category as query. All weights are 1.

    ``labels`` names tails, others stand for themselves; relations in ``hidden`` give no query. Of a label
    with more than ``per_query`` items that many stay, drawn by ``seed``: a shop's largest category would be
    most of the table otherwise.
    """
    facts = triples.filter(~pl.col("relation").is_in(list(hidden)))
    query = pl.Series("query", [labels.get(tail, tail) for tail in facts["tail"]], dtype=pl.String)
    pairs = facts.select(query, item=pl.col("head")).unique().sort("query", "item")
    draws = np.random.default_rng(seed).random(pairs.height)
    place = pl.Series("draw", draws, dtype=pl.Float64)
    kept = pairs.with_columns(place).filter(pl.col("draw").rank("ordinal").over("query") <= per_query)
    return kept.select("query", "item", weight=pl.lit(1.0))


def from_titles(
    titles: Mapping[str, str],
    keep: float = 0.4,
    per_item: int = 1,
    seed: int = 0,
    split: Callable[[str], list[str]] = words,
) -> pl.DataFrame:
    """Pairs (some words of a title, its item): each word stays with probability ``keep``, one at least.

    Word order stays. ``split`` cuts a title into words. Titles without a word give no pair.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for item in sorted(titles):
        parts = split(titles[item])
        if not parts:
            continue
        for _ in range(per_item):
            chosen = rng.random(len(parts)) < keep
            chosen[rng.integers(len(parts))] = True
            some = [part for part, stays in zip(parts, chosen, strict=True) if stays]
            rows.append((joined(some), item, 1.0))
    return pl.DataFrame(rows, schema=PAIR, orient="row").unique(maintain_order=True)


def few_shot(pairs: pl.DataFrame, queries: int, seed: int = 0) -> pl.DataFrame:
    """The pairs of ``queries`` queries, drawn by ``seed``: the few-shot setting."""
    names = np.array(pairs["query"].unique().sort().to_list(), dtype=object)
    chosen = np.random.default_rng(seed).permutation(len(names))[:queries]
    return pairs.filter(pl.col("query").is_in(list(names[chosen])))


def without_queries(pairs: pl.DataFrame, held_out: Sequence[str]) -> pl.DataFrame:
    """Pairs whose query is none of ``held_out``, whatever the case and the space around either."""
    keys = [query.strip().casefold() for query in held_out]
    key = pl.Series([query.strip().casefold() for query in pairs["query"]], dtype=pl.String)
    return pairs.filter(~key.is_in(keys))
