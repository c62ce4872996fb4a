"""A knowledge graph from a catalogue's attribute columns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from kgrec.data.attributes import FACTS, attribute_facts
from kgrec.data.tables import Tables
from kgrec.errors import DataError

_TEXT = ("item", "title", "description")


def candidate_columns(catalogue: pl.DataFrame, per_value: float = 2.0, words: float = 6.0) -> list[str]:
    """Columns that look like attributes: short values that ``per_value`` items or more share on average.

    A column of numbers (a price, a weight) is none: equal numbers are no common trait.
    """
    found = []
    for name in catalogue.columns:
        values = catalogue[name].drop_nulls()
        if name in _TEXT or values.is_empty() or values.dtype != pl.String:
            continue
        numbers = values.str.strip_chars().cast(pl.Float64, strict=False).is_not_null()
        length = values.str.split(" ").list.len().mean()
        shared = len(values) / values.n_unique()
        if not numbers.all() and shared >= per_value and isinstance(length, float) and length <= words:
            found.append(name)
    return found


def facts_of_columns(
    catalogue: pl.DataFrame,
    relations: Mapping[str, str] | Sequence[str],
    separators: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """head, relation, tail, label from columns; ``relations`` names columns, or column -> relation.

    ``separators``: column -> what parts its values, where one cell holds several.

    Raises:
        DataError: the catalogue has no such column.
    """
    named = relations if isinstance(relations, Mapping) else {column: column for column in relations}
    parts = [pl.DataFrame(schema=FACTS)]
    for column, relation in named.items():
        if column not in catalogue.columns:
            raise DataError(f"the catalogue has no column {column!r}; it has {', '.join(catalogue.columns)}")
        parts.append(attribute_facts(catalogue, column, relation, (separators or {}).get(column)))
    return pl.concat(parts)


def shared_endings(
    catalogue: pl.DataFrame, relation: str = "variant", separator: str = " - ", at_least: int = 20
) -> pl.DataFrame:
    """head, relation, tail, label from how titles end: ``Kids - DVD``, ``Kindle Case - Black``.

    An ending is what follows the last ``separator``; it counts where ``at_least`` items share it.
    """
    parts = pl.col("title").str.split(separator)
    ending = pl.when(parts.list.len() > 1).then(parts.list.last())
    facts = attribute_facts(catalogue.select("item", ending.alias("ending")), "ending", relation)
    return facts.filter(pl.len().over("tail") >= at_least)


def extended(tables: Tables, facts: pl.DataFrame) -> Tables:
    """The tables with more facts (head, relation, tail and maybe label); known ones are not repeated."""
    new = facts.select("head", "relation", "tail")
    triples = new if tables.triples is None else pl.concat([tables.triples, new])
    labels = tables.entity_labels
    if "label" in facts.columns:
        named = facts.select(entity="tail", label="label")
        both = named if labels is None else pl.concat([labels, named])
        labels = both.unique("entity", keep="first", maintain_order=True)
    return replace(tables, triples=triples.unique(maintain_order=True), entity_labels=labels)
