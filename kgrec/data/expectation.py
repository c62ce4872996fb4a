"""Whether the files are those of the data set that they are taken for: two data sets may share a name."""

from collections.abc import Callable
from pathlib import Path

import polars as pl

from kgrec.data.config import DataConfig
from kgrec.data.tables import PARTS, Tables
from kgrec.errors import ConfigError, DataError


def check_expected(tables: Tables, config: DataConfig, folder: Path) -> None:
    """Compare what was read, before any filter, with ``config.expect``; every difference is named.

    Raises:
        DataError: a count differs.
        ConfigError: ``config.expect`` names a count that does not exist.
    """
    unknown = [name for name in config.expect if name not in _COUNTS]
    if unknown:
        raise ConfigError(f"data.expect has {unknown[0]!r}; it knows {', '.join(_COUNTS)}")
    found = {name: _COUNTS[name](tables) for name in config.expect}
    wrong = [
        f"{name} {found[name]:,} instead of {expected:,}"
        for name, expected in config.expect.items()
        if found[name] != expected
    ]
    if wrong:
        raise DataError(
            f"{config.name}: {folder} holds {', '.join(wrong)}: these are the files of another data set or "
            "another version of it; put the right ones there or into another data.folder, or, if these are "
            "meant, use a configuration with a name of its own and without data.expect"
        )


def _distinct(column: str) -> Callable[[Tables], int]:
    return lambda tables: tables.interactions[column].n_unique()


def _pairs(frame: pl.DataFrame) -> int:
    return frame.select("user", "item").unique().height


def _part(name: str) -> Callable[[Tables], int]:
    def count(tables: Tables) -> int:
        frame = tables.interactions
        return _pairs(frame.filter(pl.col("part") == name)) if "part" in frame.columns else 0

    return count


def _triples(tables: Tables) -> int:
    return 0 if tables.triples is None else tables.triples.unique().height


_COUNTS: dict[str, Callable[[Tables], int]] = {
    "users": _distinct("user"),
    "items": _distinct("item"),
    "interactions": lambda tables: _pairs(tables.interactions),
    **{name: _part(name) for name in PARTS},
    "triples": _triples,
}
