"""Queries behind interactions: what a person typed before they took an item."""

import re

import polars as pl

from kgrec.errors import ConfigError

QUERY = "query"
_WORD = re.compile(r"\w+")


def with_queries(interactions: pl.DataFrame, catalogue: pl.DataFrame, source: str) -> pl.DataFrame:
    """The interactions with a column ``query``, null where there was none; without it where ``source`` is
    empty.

    ``source`` is ``query`` for the interactions' own column, or a column of the catalogue, such as
    ``category``: then the query of an interaction is its item's value there, each word once. This is how
    product search is judged where nobody logged queries: Van Gysel, de Rijke, Kanoulas 2016,
    https://arxiv.org/abs/1608.07253; Ai et al. 2017, https://doi.org/10.1145/3077136.3080813.

    Raises:
        ConfigError: there is no such column.
    """
    if not source:
        return interactions.drop(QUERY, strict=False)
    if source == QUERY:
        if QUERY not in interactions.columns:
            raise ConfigError("data.queries is query, but the interactions have no column 'query'")
        return interactions.with_columns(_tidy(pl.col(QUERY)))
    if source not in catalogue.columns or source == "item":
        known = ", ".join(column for column in catalogue.columns if column != "item")
        raise ConfigError(f"data.queries is {source!r}; use query or a column of the catalogue: {known}")
    values = _as_text(catalogue, source).map_elements(words_once, pl.String).alias(QUERY)
    words = catalogue.select("item", values)
    plain = interactions.drop(QUERY, strict=False)
    return plain.join(words, on="item", how="left", maintain_order="left").with_columns(_tidy(pl.col(QUERY)))


def words_once(path: str) -> str:
    """The words of a path of categories in lower case, each where it stands first."""
    return " ".join(dict.fromkeys(_WORD.findall(path.lower())))


def _as_text(catalogue: pl.DataFrame, column: str) -> pl.Series:
    values = catalogue[column]
    if isinstance(values.dtype, pl.List):
        return values.cast(pl.List(pl.String)).list.drop_nulls().list.join(" ")
    return values.cast(pl.String)


def _tidy(text: pl.Expr) -> pl.Expr:
    single = text.str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(single != "").then(single).alias(QUERY)
