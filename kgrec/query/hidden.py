"""What search may see of a data set: never the relation by which its answers are judged."""

from collections.abc import Sequence

import polars as pl

from kgrec.data.dataset import Dataset
from kgrec.errors import ConfigError


def visible_triples(dataset: Dataset, hidden_relations: Sequence[str] = ()) -> pl.DataFrame:
    """Triples without the hidden relations and without behaviour in disguise.

    Raises:
        ConfigError: a hidden relation is neither a relation nor a column: a typing error would leak.
    """
    refuse_unknown(dataset, hidden_relations)
    return dataset.triples.filter(~pl.col("relation").is_in([*hidden_relations, *dataset.behaviour]))


def visible_catalogue(dataset: Dataset, hidden_relations: Sequence[str] = ()) -> pl.DataFrame:
    """The catalogue with null in the columns that bear the name of a hidden relation; raises as above.

    The columns stay, so that a template that names them still fits.
    """
    refuse_unknown(dataset, hidden_relations)
    names = [name for name in hidden_relations if name in dataset.catalogue.columns]
    return dataset.catalogue.with_columns(
        pl.lit(None, dataset.catalogue[name].dtype).alias(name) for name in names
    )


def refuse_unknown(dataset: Dataset, hidden_relations: Sequence[str]) -> None:
    """Raise ConfigError where a name to hide is neither a relation of the data set nor a column."""
    relations = set(dataset.relations.ids) | set(dataset.behaviour)
    columns = set(dataset.catalogue.columns) - {"item"}
    for name in hidden_relations:
        if name not in relations | columns:
            raise ConfigError(
                f"{name!r} cannot be hidden: {dataset.name} has the relations {', '.join(sorted(relations))} "
                f"and the columns {', '.join(sorted(columns))}"
            )
