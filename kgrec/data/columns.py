"""A table as it was read, and the checked way from its columns to ids, numbers, times and texts."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgrec.errors import DataError

_SEPARATORS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a bar"}


@dataclass(frozen=True)
class Table:
    """Columns of one file with what is needed to name a place in it."""

    path: Path
    frame: pl.DataFrame
    rows: pl.Series
    """Position of every row among the file's rows, those left out as empty included."""
    first_line: int
    """Line of row 0: 2 after a header."""
    unit: str
    """``line`` or ``row``: what the messages count."""

    @classmethod
    def of_text(cls, path: Path, frame: pl.DataFrame, first_line: int) -> "Table":
        """Leave out empty lines, which polars reads as rows of nulls; a table without rows is a DataError."""
        rows = pl.int_range(frame.height, eager=True)
        empty = frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        if frame.height == int(empty.sum()):
            raise DataError(f"{path}: there is no row after the header; the table is empty")
        if empty.any():
            frame, rows = frame.filter(~empty), rows.filter(~empty)
        return cls(path, frame, rows, first_line, "line")

    def renamed(self, names: dict[str, str]) -> "Table":
        """The same table under other column names."""
        return Table(self.path, self.frame.rename(names), self.rows, self.first_line, self.unit)

    def place(self, row: int) -> str:
        """Where a row of the frame begins in the file, such as ``line 17``."""
        above = self.frame.head(row).select(pl.col(pl.String).str.count_matches("\n", literal=True).sum())
        inside = 0 if self.unit == "row" else sum(int(count or 0) for count in (above.rows() or [()])[0])
        return f"{self.unit} {int(self.rows[row]) + self.first_line + inside}"

    def error(self, row: int, column: str, value: object, problem: str) -> DataError:
        """An error that names file, line, column and value; ``problem`` ends with the way out."""
        return DataError(f"{self.path}, {self.place(row)}, column {column!r}: {value!r} {problem}")

    def require(self, column: str, remedy: str) -> None:
        """Refuse a table without ``column``; ``remedy`` says where its name is configured."""
        if column in self.frame.columns:
            return
        hint = ""
        if self.frame.width == 1:
            found = [name for mark, name in _SEPARATORS.items() if mark in self.frame.columns[0]]
            hint = f" The fields seem to be separated by {found[0]}." if found else ""
        names = ", ".join(repr(name) for name in self.frame.columns)
        raise DataError(f"{self.path}: no column {column!r}; it has {names}.{hint} {remedy}")

    def ids(self, column: str) -> pl.Series:
        """External ids as strings, exactly as written; missing ones and floating-point ids are refused."""
        series = self.frame[column]
        if series.dtype.is_float():
            raise self.error(
                0,
                column,
                series[0],
                "is a floating-point number: 1.0 and 1 would be two ids; write ids as text",
            )
        values = self._text(column)
        blank = values.str.strip_chars().fill_null("") == ""
        self._refuse(blank, column, series, "is no id; fill it in or remove the row")
        return values

    def numbers(self, column: str) -> pl.Series:
        """Finite numbers as float64; anything else is refused."""
        series = self.frame[column]
        text = series.dtype == pl.String
        values = (series.str.strip_chars() if text else series).cast(pl.Float64, strict=False)
        bad = values.is_null() | ~values.fill_null(0.0).is_finite()
        self._refuse(bad, column, series, "is no finite number; correct or remove the row")
        return values

    def times(self, column: str) -> pl.Series:
        """Unix seconds as float64, from numbers, dates or ISO 8601 texts (UTC where they name no zone)."""
        series = self.frame[column]
        if series.dtype == pl.String and series.str.contains(r"^\s*\d{4}-\d\d-\d\d").all():
            dates = series.str.strip_chars().str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
            self._refuse(dates.is_null(), column, series, "is no date such as 2024-05-31 18:00:00")
            return dates.dt.epoch("us") / 1e6
        if series.dtype.is_temporal():
            self._refuse(series.is_null(), column, series, "is no time; fill it in or remove the row")
            return series.cast(pl.Datetime("us")).dt.epoch("us") / 1e6
        return self.numbers(column)

    def texts(self, column: str) -> pl.Series:
        """Texts with null where nothing is written; the parts of a list are joined by a comma."""
        values = self._text(column)
        return values.set(values.str.strip_chars() == "", None)

    def _text(self, column: str) -> pl.Series:
        series = self.frame[column]
        if series.dtype == pl.String:
            return series
        if isinstance(series.dtype, pl.List):
            return series.cast(pl.List(pl.String)).list.drop_nulls().list.join(", ")
        if series.dtype.is_nested() or series.dtype == pl.Binary:
            raise self.error(0, column, series[0], f"is a {series.dtype}; write it as text")
        return series.cast(pl.String)

    def _refuse(self, bad: pl.Series, column: str, values: pl.Series, problem: str) -> None:
        row = bad.arg_max()
        if row is not None and bad[row]:
            more = int(bad.sum()) - 1
            raise self.error(row, column, values[row], problem + (f" ({more} more like it)" if more else ""))
