"""Reads JSON lines, one object a line; what is wrong is named by line, column and value."""

import json
from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.text_files import read_text
from kgrec.errors import DataError

Schema = dict[str, pl.DataType]


def read_json_lines(path: Path, schema: Schema | None = None) -> Table:
    """Read one JSON object a line; ``schema`` keeps only the columns it names and fixes their types.

    Raises:
        DataError: a line is no JSON object, a value has another type than the schema says, or no line has
            any of the schema's columns.
    """
    data = read_text(path)
    if b"\n\n" in data:
        # An empty object keeps the numbers of the lines that follow an empty line.
        data = b"\n".join(line or b"{}" for line in data.split(b"\n"))
    try:
        frame = pl.read_ndjson(data, schema=schema, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _broken_line(path, data, schema or {}, error) from error
    if schema and frame.select(pl.all_horizontal(pl.all().is_null()).all()).item():
        raise DataError(f"{path}: no line has one of {', '.join(schema)}; is this the right file?")
    return Table.of_text(path, frame, first_line=1)


def _broken_line(path: Path, data: bytes, schema: Schema, error: BaseException) -> DataError:
    """Find the line that polars could not read; slow, but only ever runs once, on the way out."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as problem:
            return DataError(f"{path}, line {number}: no JSON object ({problem}); is the file cut off?")
        if not isinstance(row, dict):
            return DataError(f"{path}, line {number}: {row!r} is no JSON object; write one object a line")
        for column, kind in schema.items():
            if not _fits(row.get(column), kind):
                return DataError(
                    f"{path}, line {number}, column {column!r}: {row[column]!r} is no "
                    f"{_WORDS[_python(kind)]}; correct or remove the row"
                )
    return DataError(f"{path}: its columns cannot be read ({str(error).splitlines()[0]})")


_WORDS: dict[type, str] = {list: "list", float: "number", str: "text"}


def _python(kind: pl.DataType) -> type:
    if isinstance(kind, pl.List):
        return list
    return float if kind.is_numeric() else str


def _fits(value: object, kind: pl.DataType) -> bool:
    """Whether polars takes ``value`` for ``kind``: null always; for text a number too, written out."""
    expected = _python(kind)
    if value is None or expected is str:
        return not isinstance(value, list | dict)
    return isinstance(value, list if expected is list else int | float)
