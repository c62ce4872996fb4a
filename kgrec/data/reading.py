"""Reads delimited text, JSON lines and Parquet whole and as they stand; what is wrong is named by line.

Text is UTF-8 (a byte order mark and CRLF are taken off), plain or gzipped. Every field of delimited text
stays a string, so that ``007`` keeps its zeros; `kgrec.data.columns.Table` makes ids and numbers of them.
"""

import csv
import gzip
import io
import json
import zlib
from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.errors import DataError

_BOM = b"\xef\xbb\xbf"
_SEPARATORS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson", ".json")


def read_bytes(path: Path) -> bytes:
    """Content of a file, unpacked where its name ends in ``.gz``; a cut or foreign archive is a DataError."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return stream.read()
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip archive is broken or cut off ({error}); copy or download it again"
        ) from error


def read_text(path: Path) -> bytes:
    """Checked UTF-8 text with ``\\n`` line ends and no byte order mark; an empty file is a DataError."""
    data = read_bytes(path).removeprefix(_BOM).replace(b"\r\n", b"\n")
    if not data.strip():
        raise DataError(f"{path}: the file is empty; leave it out of the configuration or write its rows")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is no UTF-8; "
            f"convert the file, for example with iconv -f LATIN1 -t UTF-8"
        ) from error
    return data


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


def read_json_lines(path: Path, schema: dict[str, pl.DataType] | None = None) -> Table:
    """Read one JSON object a line; ``schema`` keeps only the columns it names and fixes their types."""
    data = read_text(path)
    if b"\n\n" in data:
        # An empty object keeps the numbers of the lines that follow an empty line.
        data = b"\n".join(line or b"{}" for line in data.split(b"\n"))
    try:
        frame = pl.read_ndjson(data, schema=schema, infer_schema_length=None)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _broken_json(path, data, error) from error
    return Table.of_text(path, frame, first_line=1)


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


def _broken_json(path: Path, data: bytes, error: BaseException) -> DataError:
    for number, line in enumerate(data.splitlines(), 1):
        try:
            value = json.loads(line)
        except json.JSONDecodeError as problem:
            return DataError(f"{path}, line {number}: no JSON object ({problem}); is the file cut off?")
        if not isinstance(value, dict):
            return DataError(f"{path}, line {number}: {value!r} is no JSON object; write one object a line")
    return DataError(f"{path}: its columns cannot be read ({error})")
