"""SHA-256 of tables' content: the same for every order of rows and of columns, on every machine."""

import hashlib
from collections.abc import Mapping

import numpy as np
import polars as pl


def table_hash(frame: pl.DataFrame) -> str:
    """SHA-256 of a table as a multiset of rows: how often a row occurs counts, where it stands does not.

    Costs one sort. Rows are sorted by all columns and fed column by column, for the row hashes of a data
    frame library may change from version to version. Strings go in with their lengths, so that no two tables
    look alike; 0.0 and -0.0 are the same number.
    """
    names = sorted(frame.columns)
    frame = frame.select(_canonical(frame, name) for name in names).sort(names)
    digest = hashlib.sha256()
    for name in names:
        column = frame[name]
        kind = "text" if column.dtype == pl.String else "number"
        _update_text(digest, pl.Series([name, kind]))
        digest.update(np.packbits(column.is_null().to_numpy()).tobytes())
        if kind == "text":
            _update_text(digest, column.fill_null(""))
        else:
            digest.update(column.fill_null(0.0).to_numpy().astype("<f8").tobytes())
    digest.update(frame.height.to_bytes(8, "little"))
    return digest.hexdigest()


def fingerprint(tables: Mapping[str, pl.DataFrame]) -> str:
    """SHA-256 over the hashes of named tables, in the order of their names."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        digest.update(f"{name} {table_hash(tables[name])}\n".encode())
    return digest.hexdigest()


def _canonical(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Numbers as float64, everything else as text (lists by their elements)."""
    dtype = frame.schema[name]
    if dtype.is_numeric():
        number = pl.col(name).cast(pl.Float64)
        # Adding 0.0 would be optimised away and leave -0.0 as it is.
        return pl.when(number == 0).then(0.0).otherwise(number).alias(name)
    if isinstance(dtype, pl.List):
        return pl.col(name).cast(pl.List(pl.String)).list.join("\x1f").alias(name)
    return pl.col(name).cast(pl.String)


def _update_text(digest: "hashlib._Hash", column: pl.Series) -> None:
    digest.update(column.str.len_bytes().to_numpy().astype("<u8").tobytes())
    digest.update("".join(column.to_list()).encode("utf-8"))
