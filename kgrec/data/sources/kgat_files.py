"""The files of KGAT's format, checked: lines of whole numbers, and lists of the ids they stand for."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from kgrec.data.text_files import read_text
from kgrec.errors import DataError


@dataclass(frozen=True)
class Numbers:
    """Columns of whole numbers (int64), and in ``line`` where each row stands in the file."""

    path: Path
    frame: pl.DataFrame


@dataclass(frozen=True)
class IdList:
    """What the numbers 0 .. n-1 stand for."""

    path: Path
    ids: pl.Series
    """``(n,)`` original ids, distinct."""
    names: pl.Series | None
    """``(n,)`` third column, null where nothing is written; None where the header has two columns."""
    third: str
    """Name of the third column; empty if there is none."""


def read_pairs(path: Path) -> Numbers:
    """user, item of lines ``user item item ...``; a user without items has no row."""
    tokens = _tokens(path).with_columns(
        user=pl.col("tokens").list.first(), item=pl.col("tokens").list.slice(1)
    )
    # Users without items are checked too: what is no number there is a broken file all the same.
    _whole(path, tokens.select("line", "user"), ["user"])
    pairs = tokens.filter(pl.col("item").list.len() > 0).select("line", "user", "item").explode("item")
    return _whole(path, pairs, ["user", "item"])


def read_triples(path: Path) -> Numbers:
    """head, relation, tail of lines of three numbers."""
    tokens = _tokens(path)
    odd = tokens.filter(pl.col("tokens").list.len() != 3)
    if not odd.is_empty():
        line, found = odd.row(0)
        raise DataError(
            f"{path}, line {line}: {' '.join(found)!r} has {len(found)} numbers, a triple has three "
            "(head relation tail); is the file cut off?"
        )
    names = ("head", "relation", "tail")
    columns = {name: pl.col("tokens").list.get(position) for position, name in enumerate(names)}
    return _whole(path, tokens.select("line", **columns), list(names))


def read_id_list(path: Path) -> IdList:
    """Read ``org_id remap_id [name]``: every number from 0 to n-1 once, every id once.

    In a list of two columns a line that begins with a space and holds only a number has an empty id, as one
    entity of KGAT's amazon-book; the number is its id.
    """
    lines = _lines(path)
    header = lines["text"][0].split()
    if header[:2] != ["org_id", "remap_id"]:
        raise DataError(
            f"{path}, line 1: {lines['text'][0]!r} is no header; write org_id remap_id above the list"
        )
    # Ids of two-column lists may hold spaces: the number is what stands last.
    pattern = r"^(.*\S)\s+(\d+)\s*$" if len(header) == 2 else r"^(\S+)\s+(\d+)(?:\s+(.*\S))?\s*$"
    groups = [
        pl.col("text").str.extract(pattern, group).alias(name)
        for group, name in enumerate(("id", "number"), 1)
    ]
    third = pl.lit(None, pl.String) if len(header) == 2 else pl.col("text").str.extract(pattern, 3)
    if len(header) == 2:
        bare = pl.col("text").str.extract(r"^\s+(\d+)\s*$", 1)
        groups = [
            pl.coalesce(group, bare.alias(name)).alias(name)
            for group, name in zip(groups, ("id", "number"), strict=True)
        ]
    rows = (
        lines[1:]
        .with_columns(*groups, name=third)
        .with_columns(pl.col("number").cast(pl.Int64, strict=False))
    )
    _refuse(path, rows, pl.col("number").is_null(), "is no id and number; is the file cut off?")
    _refuse(
        path,
        rows,
        pl.col("number") >= rows.height,
        f"has a number beyond the {rows.height:,} ids of the list",
    )
    _refuse(
        path, rows, ~pl.col("number").is_first_distinct(), "has a number that occurs above; every number once"
    )
    _refuse(path, rows, ~pl.col("id").is_first_distinct(), "has an id that occurs above; every id once")
    ordered = rows.sort("number")
    names = None if len(header) == 2 else ordered["name"]
    return IdList(path, ordered["id"], names, header[2] if len(header) > 2 else "")


def ids_of(numbers: Numbers, column: str, ids: IdList | None) -> pl.Series:
    """Original ids of a column of numbers; without a list the numbers as text."""
    values = numbers.frame[column]
    if ids is not None and (values >= len(ids.ids)).any():
        row = int((values >= len(ids.ids)).arg_true()[0])
        raise DataError(
            f"{numbers.path}, line {numbers.frame['line'][row]}: {column} {values[row]} is not in "
            f"{ids.path.name}, which has {len(ids.ids):,} ids; the two files do not belong together"
        )
    return named(values, ids)


def named(values: pl.Series, ids: IdList | None) -> pl.Series:
    """Ids of numbers that are known to be in the list; without a list the numbers as text."""
    return values.cast(pl.String) if ids is None else ids.ids.gather(values)


def _lines(path: Path) -> pl.DataFrame:
    """line (from 1) and text of all lines that are not blank."""
    texts = read_text(path).decode("utf-8").split("\n")
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String}).with_row_index("line", offset=1)
    return frame.filter(pl.col("text").str.contains(r"\S"))


def _tokens(path: Path) -> pl.DataFrame:
    return _lines(path).select("line", tokens=pl.col("text").str.extract_all(r"\S+"))


def _whole(path: Path, rows: pl.DataFrame, columns: list[str]) -> Numbers:
    numbers = rows.with_columns(pl.col(columns).cast(pl.Int64, strict=False))
    for column in columns:
        bad = (numbers[column].fill_null(-1) < 0).arg_true()
        if len(bad):
            raise DataError(
                f"{path}, line {rows['line'][bad[0]]}, column {column!r}: {rows[column][bad[0]]!r} is no "
                "whole number from 0 on; correct the line"
            )
    return Numbers(path, numbers)


def _refuse(path: Path, rows: pl.DataFrame, bad: pl.Expr, problem: str) -> None:
    found = rows.filter(bad)
    if not found.is_empty():
        line, text = found.select("line", "text").row(0)
        raise DataError(f"{path}, line {line}: {text!r} {problem}")
