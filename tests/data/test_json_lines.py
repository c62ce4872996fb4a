from pathlib import Path

import polars as pl
import pytest

from kgrec.data.json_lines import Schema, read_json_lines
from kgrec.errors import DataError

SCHEMA: Schema = {"id": pl.String(), "stars": pl.Float64(), "tags": pl.List(pl.String)}


def write(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_lines_of_json_count_empty_ones(tmp_path: Path) -> None:
    table = read_json_lines(write(tmp_path / "a.jsonl", '{"user": "a"}\n\n\n{"user": "b"}\n'))
    assert table.frame["user"].to_list() == ["a", "b"]
    assert table.place(1) == "line 4"


def test_json_numbers_and_texts_become_text_ids(tmp_path: Path) -> None:
    table = read_json_lines(write(tmp_path / "a.jsonl", '{"user": 7}\n{"user": "007"}\n'))
    assert table.ids("user").to_list() == ["7", "007"]


def test_a_schema_keeps_what_it_names(tmp_path: Path) -> None:
    path = write(tmp_path / "a.json", '{"a": "x", "rank": 1}\n{"a": "y", "rank": ["odd"]}\n')
    assert read_json_lines(path, {"a": pl.String()}).frame.rows() == [("x",), ("y",)]


def test_what_fits_the_schema_is_read(tmp_path: Path) -> None:
    lines = (
        '{"id": 7, "stars": 4, "tags": ["x", null]}\n{"id": null, "tags": []}\n{"id": "b", "stars": 4.5}\n'
    )
    rows = read_json_lines(write(tmp_path / "a.json", lines), SCHEMA).frame.rows()
    assert rows == [("7", 4.0, ["x", None]), (None, None, []), ("b", 4.5, None)]


@pytest.mark.parametrize(
    ("content", "schema", "words"),
    [
        ('{"user": "a"}\n{"user": "b"', None, ["line 2", "no JSON object", "cut off"]),
        ('{"user": "a"}\n[1]\n', None, ["line 2", "[1]", "one object a line"]),
        ('{"id": "a"}\n\n{"id": "b", "stars": "good"}\n', SCHEMA, ["line 3", "'stars'", "'good'", "number"]),
        ('{"id": "a", "tags": "x"}\n', SCHEMA, ["line 1", "'tags'", "'x' is no list"]),
        ('{"user": "a"}\n{"user": "b"}\n', SCHEMA, ["no line has one of id, stars, tags", "right file"]),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, content: str, schema: Schema | None, words: list[str]
) -> None:
    with pytest.raises(DataError) as caught:
        read_json_lines(write(tmp_path / "a.jsonl", content), schema)
    for word in ["a.jsonl", *words]:
        assert word in str(caught.value)
