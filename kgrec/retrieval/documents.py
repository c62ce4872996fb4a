"""What is searched of each item: its text, and the names of what is known about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from kgrec.data.dataset import Dataset
from kgrec.features.templates import item_texts
from kgrec.query.hidden import visible_catalogue, visible_triples
from kgrec.query.named import entity_names


@dataclass(frozen=True)
class Documents:
    """Three texts an item, in row order; ``""`` where there is nothing to say."""

    texts: list[str]
    """Title, description or what the template names."""
    facts: list[str]
    """Labels of the entities that visible facts join to the item, each once."""
    titles: list[str]
    """What an answer shows, and what highlighting marks."""

    def __len__(self) -> int:
        return len(self.texts)


def documents(dataset: Dataset, template: str, hidden_relations: Sequence[str] = ()) -> Documents:
    """The searchable texts of a data set, without the hidden relations.

    A hidden relation is left out of the facts, and a column of its name is empty for ``template``.

    Raises:
        ConfigError: a hidden relation does not exist, or the template names a column that is not there.
    """
    catalogue = visible_catalogue(dataset, hidden_relations)
    facts = item_facts(dataset, hidden_relations)
    # In a fixed order: the same data set is the same index, byte for byte. The full stop keeps words apart.
    joined = (
        facts.select("item", "label")
        .unique()
        .sort("item", "label")
        .group_by("item")
        .agg(pl.col("label").str.join(". "))
    )
    rows = catalogue.select("item").join(joined, on="item", how="left", maintain_order="left")
    return Documents(
        item_texts(catalogue, template),
        rows["label"].fill_null("").to_list(),
        item_texts(catalogue, "{title}"),
    )


def item_facts(dataset: Dataset, hidden_relations: Sequence[str] = ()) -> pl.DataFrame:
    """Visible facts between an item and a named entity: item, relation, entity, label.

    An item is the head of most facts; where it is the tail (an actor ``acts_in`` a film), the head counts.
    """
    triples = visible_triples(dataset, hidden_relations)
    names = pl.DataFrame(
        {"entity": dataset.entities.ids, "label": entity_names(dataset, dataset.entities.ids)},
        schema={"entity": pl.String, "label": pl.String},
    ).filter(pl.col("label") != "")
    items = pl.DataFrame({"item": dataset.items.ids}, schema={"item": pl.String})
    ways = [
        triples.select(pl.col(end).alias("item"), "relation", pl.col(other).alias("entity"))
        for end, other in (("head", "tail"), ("tail", "head"))
    ]
    return pl.concat(ways).join(items, on="item", how="semi").join(names, on="entity", how="inner").unique()
