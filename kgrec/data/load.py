"""From a configuration to a data set: find the files, read them in their format, clean and number them."""

import logging
import time
from collections.abc import Callable
from pathlib import Path

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.expectation import check_expected
from kgrec.data.locate import locate
from kgrec.data.sources.amazon import read_amazon
from kgrec.data.sources.kgat import read_kgat
from kgrec.data.sources.movielens import read_movielens
from kgrec.data.sources.online_retail import read_online_retail
from kgrec.data.sources.recbole import read_recbole
from kgrec.data.sources.retrotech import read_retrotech
from kgrec.data.sources.tables import read_tables
from kgrec.data.tables import Tables
from kgrec.errors import DataError

log = logging.getLogger(__name__)

SOURCES: dict[str, Callable[[DataConfig, Path], Tables]] = {
    "tables": read_tables,
    "recbole": read_recbole,
    "kgat": read_kgat,
    "amazon": read_amazon,
    "movielens": read_movielens,
    "retrotech": read_retrotech,
    "online_retail": read_online_retail,
}


def load_dataset(config: DataConfig) -> Dataset:
    """The data set of a configuration, downloaded into the cache where it is nowhere on this machine.

    Raises:
        DataError: files are missing, cannot be read or hold no interactions; names file, line, column, value.
    """
    started = time.perf_counter()
    tables = load_tables(config)
    if tables.interactions.is_empty():
        found = "" if tables.catalogue is None else ", only a catalogue, which can be searched"
        raise DataError(
            f"{config.name}: there are no interactions to learn from{found}; name a file that has some, "
            "for example with data.files.interactions=<file>"
        )
    dataset = build_dataset(tables, config)
    log.info(
        "%s: %d users, %d items, %d entities, %d interactions, %d triples, loaded in %.1f s",
        config.name,
        len(dataset.users),
        len(dataset.items),
        len(dataset.entities),
        dataset.interactions.height,
        dataset.triples.height,
        time.perf_counter() - started,
    )
    return dataset


def load_catalogue(config: DataConfig) -> Tables:
    """Tables of a data set that needs no interactions: enough to search by text and knowledge.

    Raises:
        DataError: as `load_dataset`, or there is no catalogue.
    """
    tables = load_tables(config)
    if tables.catalogue is None:
        raise DataError(f"{config.name}: there is no catalogue; name its file: data.files.catalogue=<file>")
    return tables


def load_tables(config: DataConfig) -> Tables:
    """The tables of a configuration as they were read; interactions may be empty.

    Raises:
        DataError: the files are missing, cannot be read or do not hold what ``data.expect`` says.
        ConfigError: ``data.expect`` counts what does not exist.
    """
    if config.source not in SOURCES:
        raise DataError(f"data.source is {config.source!r}; use one of {', '.join(SOURCES)}")
    folder = locate(config)
    tables = SOURCES[config.source](config, folder)
    check_expected(tables, config, folder)
    return tables
