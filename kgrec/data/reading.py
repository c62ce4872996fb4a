"""Reads delimited text, JSON lines and Parquet whole and as they stand; what is wrong is named by line.

Every field of delimited text stays a string, so that ``007`` keeps its zeros;
`kgrec.data.columns.Table` makes ids and numbers of them.
"""

import csv
import io
from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.json_lines import read_json_lines
from kgrec.data.text_files import read_text
from kgrec.errors import DataError

_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson", ".json")


def read_table(path: Path, separator: str | None = None) -> Table:
    """Read a table by its ending: ``.csv``, ``.tsv``, ``.jsonl`` (each may be ``.gz``) or ``.parquet``.

    ``separator`` overrules the one that the ending of a delimited text stands for.
    """
    ending = Path(path.name.removesuffix(".gz")).suffix.lower()
    if ending == ".parquet":
        return _read_parquet(path)
    if ending in _JSON_LINES:
        return read_json_lines(path)
    chosen = separator or _SEPARATORS.get(ending)
    if chosen is None:
        raise DataError(
            f"{path}: cannot tell the format from the ending {ending!r}; use .csv, .tsv, .jsonl or .parquet, "
            f"or set data.separator"
        )
    if len(chosen.encode()) != 1:
        raise DataError(
            f"{path}: data.separator is {chosen!r}; only one character of one byte can separate fields: "
            f"replace it in the file, for example with sed 's/{chosen}/\\t/g'"
        )
    return read_delimited(path, chosen)


def read_delimited(path: Path, separator: str, quote: str | None = '"') -> Table:
    """Read delimited text with a header; ``quote=None`` takes quotation marks for plain characters."""
    data = read_text(path)
    try:
        frame = pl.read_csv(
            data, separator=separator, quote_char=quote, infer_schema=False, raise_if_empty=True
        )
    except pl.exceptions.PolarsError as error:
        raise _broken_line(path, data.decode("utf-8"), separator, quote, error) from error
    _refuse_repeated_header(path, frame.columns)
    return Table.of_text(path, frame, first_line=2)


def _read_parquet(path: Path) -> Table:
    try:
        frame = pl.read_parquet(path)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: this is no whole Parquet file ({error}); write it again") from error
    if frame.is_empty():
        raise DataError(f"{path}: the file is empty; leave it out of the configuration or write its rows")
    return Table(path, frame, pl.int_range(frame.height, eager=True), first_line=1, unit="row")


def _refuse_repeated_header(path: Path, columns: list[str]) -> None:
    repeated = [name.split("_duplicated_")[0] for name in columns if "_duplicated_" in name]
    if repeated:
        raise DataError(
            f"{path}, line 1: column {repeated[0]!r} occurs twice in the header; rename one of them"
        )


def _broken_line(path: Path, text: str, separator: str, quote: str | None, error: Exception) -> DataError:
    """Find the line that polars could not read; slow, but only ever runs once, on the way out."""
    rows = csv.reader(
        io.StringIO(text), delimiter=separator, quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE
    )
    start, last, width = 1, 1, 0
    try:
        for row in rows:
            width = width or len(row)
            if len(row) > width:
                return DataError(
                    f"{path}, line {start}: {len(row)} fields where the header has {width}; "
                    f"quote fields that hold {separator!r} or remove the surplus"
                )
            last, start = start, rows.line_num + 1
    except csv.Error as problem:
        return DataError(f"{path}, line {start}: {problem}")
    if start - last > 1:
        return DataError(
            f"{path}, line {last}: a quotation mark opens here and never closes; close or double it"
        )
    return DataError(f"{path}: cannot be read ({error})")
