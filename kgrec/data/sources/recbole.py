"""RecBole's atomic files: tab-separated tables whose header names a type, such as ``user_id:token``.

https://recbole.io/docs/user_guide/data/atomic_files.html. A folder holds NAME.inter or NAME.train.inter,
NAME.valid.inter and NAME.test.inter; NAME.item, NAME.kg and NAME.link if there are any. NAME is the folder's
name where ``files`` does not say otherwise. Users' attributes (NAME.user) are not read.
"""

from dataclasses import replace
from pathlib import Path

from kgrec.data.columns import Table
from kgrec.data.config import DataConfig
from kgrec.data.locate import find_file
from kgrec.data.reading import read_delimited
from kgrec.data.sources.tables import assemble
from kgrec.data.tables import Tables
from kgrec.errors import DataError

_TYPES = ("token", "token_seq", "float", "float_seq")
_ENDINGS = {
    "interactions": "inter",
    "train": "train.inter",
    "valid": "valid.inter",
    "test": "test.inter",
    "catalogue": "item",
    "triples": "kg",
    "links": "link",
}


def read_recbole(config: DataConfig, folder: Path) -> Tables:
    """Read a folder of atomic files; without an interaction file that table is empty."""
    return assemble(replace(config, files=atomic_files(config, folder)), folder, read_atomic)


def atomic_files(config: DataConfig, folder: Path) -> dict[str, str]:
    """Files by role: those of the configuration, else those named after the folder that are there."""
    unknown = [role for role in config.files if role not in _ENDINGS]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows {', '.join(_ENDINGS)}")
    if any(config.files.values()):
        return dict(config.files)
    names = {role: f"{folder.name}.{ending}" for role, ending in _ENDINGS.items()}
    return {role: name for role, name in names.items() if find_file(folder, name) is not None}


def read_atomic(path: Path) -> Table:
    """Read one atomic file; the types of its header are checked and taken off."""
    table = read_delimited(path, "\t", quote=None)
    names = {}
    for column in table.frame.columns:
        name, _, kind = column.rpartition(":")
        if not name or ":" in name or kind not in _TYPES:
            table.require(
                "<name>:<type>",
                f"Columns of an atomic file are separated by tabs and name their type ({', '.join(_TYPES)}), "
                f"such as user_id:token; {column!r} does not.",
            )
        names[column] = name
    return table.renamed(names)
