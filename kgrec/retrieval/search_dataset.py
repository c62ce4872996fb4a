"""The data set that a search runs over: with interactions, or a catalogue alone."""

import polars as pl

from kgrec.data.config import DataConfig
from kgrec.data.dataset import NO_TRIPLES, Dataset, build_dataset, with_triples
from kgrec.data.facts import clean_triples
from kgrec.data.items import align_catalogue, readable
from kgrec.data.knowledge import with_knowledge
from kgrec.data.load import load_catalogue
from kgrec.data.tables import Tables
from kgrec.data.vocabulary import Vocabulary

_NO_INTERACTIONS = pl.DataFrame(schema={"user": pl.String, "item": pl.String})


def search_dataset(config: DataConfig) -> Dataset:
    """Everything of a configuration that can be searched; behaviour in disguise stays out of the graph.

    Raises:
        DataError: the files are missing or cannot be used, or there is no catalogue.
    """
    tables = load_catalogue(config)
    if tables.interactions.is_empty():
        return catalogue_dataset(tables, config)
    return with_knowledge(build_dataset(tables, config), "full", 0)


def catalogue_dataset(tables: Tables, config: DataConfig) -> Dataset:
    """A data set of a catalogue and its triples, without users.

    Raises:
        DataError: the catalogue describes an item in two ways, or a relation bears a reserved name.
    """
    assert tables.catalogue is not None
    items = Vocabulary.from_ids(tables.catalogue["item"].unique(), "item")
    triples, behaviour = NO_TRIPLES, tuple(sorted(config.behaviour_relations))
    dropped: dict[str, int] = {}
    if tables.triples is not None:
        visible = tables.triples.filter(~pl.col("relation").is_in(config.hidden_relations))
        triples, behaviour, dropped = clean_triples(visible, items, config)
    hidden_columns = set(config.hidden_relations) - {"item", "title"}
    dataset = Dataset(
        config.name,
        Vocabulary([], "user"),
        items,
        Vocabulary([], "entity"),
        Vocabulary([], "relation"),
        _NO_INTERACTIONS,
        NO_TRIPLES,
        align_catalogue(tables.catalogue, items).drop(hidden_columns, strict=False),
        readable(tables.entity_labels, "entity"),
        readable(tables.relation_labels, "relation"),
        "",
        behaviour,
        dropped,
    )
    return with_knowledge(with_triples(dataset, triples, {}), "full", 0)
