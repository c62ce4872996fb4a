"""A data set with items that came, or changed, after it was made."""

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from kgrec.data.dataset import Dataset
from kgrec.data.vocabulary import Vocabulary
from kgrec.online.events import ItemRecord

FACT = {"head": pl.String, "relation": pl.String, "tail": pl.String}
DESCRIPTION = "{description}"


def with_records(dataset: Dataset, records: Sequence[ItemRecord]) -> Dataset:
    """Items, entities and relations that are new get the rows after the known ones, in the records' order.

    A record says all that is known of its item: facts of which the item was the head are forgotten first.
    Cost: one copy of catalogue and triples.
    """
    if not records:
        return dataset
    facts = [(record.id, relation, entity) for record in records for relation, entity in record.facts]
    items = _longer(dataset.items, [record.id for record in records])
    new = pl.DataFrame(facts, schema=FACT, orient="row").unique(maintain_order=True)
    kept = dataset.triples.filter(~pl.col("head").is_in([record.id for record in records]))
    return replace(
        dataset,
        items=items,
        entities=_longer(dataset.entities, [tail for _, _, tail in facts if tail not in items]),
        relations=_longer(dataset.relations, [relation for _, relation, _ in facts]),
        triples=pl.concat([kept, new.select(kept.columns)]),
        catalogue=_catalogue(dataset, records),
    )


def template_for(template: str, records: Sequence[ItemRecord]) -> str:
    """The template that also shows what the records describe, where it names no description."""
    described = any(record.description for record in records)
    return f"{template} {DESCRIPTION}" if described and DESCRIPTION not in template else template


def _catalogue(dataset: Dataset, records: Sequence[ItemRecord]) -> pl.DataFrame:
    catalogue = dataset.catalogue
    if "description" not in catalogue.columns and any(record.description for record in records):
        catalogue = catalogue.with_columns(description=pl.lit(None, pl.String))
    told = pl.DataFrame(
        [(record.id, record.title, record.description) for record in records],
        schema={"item": pl.String, "title": pl.String, "description": pl.String},
        orient="row",
    )
    told = told.select([column for column in told.columns if column in catalogue.columns])
    changed = catalogue.update(told, on="item", how="left", include_nulls=True)
    new = told.filter(~pl.col("item").is_in(catalogue["item"].implode()))
    return pl.concat([changed, new], how="diagonal")


def _longer(vocabulary: Vocabulary, ids: Sequence[str]) -> Vocabulary:
    new = [value for value in dict.fromkeys(ids) if value not in vocabulary]
    return Vocabulary([*vocabulary.ids, *new], vocabulary.kind) if new else vocabulary
