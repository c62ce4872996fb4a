from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from kgrec.data.columns import Table
from kgrec.errors import DataError


def table(**columns: object) -> Table:
    return Table.of_text(Path("a.csv"), pl.DataFrame(columns), first_line=2)


def test_ids_are_kept_as_written() -> None:
    ids = ["007", " 7", "a b", "运动鞋", "nan", 'it\'s,="x"']
    assert table(user=ids).ids("user").to_list() == ids


def test_whole_numbers_are_ids() -> None:
    assert table(user=[7, 10]).ids("user").to_list() == ["7", "10"]


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_a_missing_id_is_refused(blank: str | None) -> None:
    with pytest.raises(DataError) as caught:
        table(user=["a", blank, "b", blank], item=["1", "2", "3", "4"]).ids("user")
    assert "a.csv, line 3, column 'user'" in str(caught.value)
    assert "is no id" in str(caught.value) and "1 more like it" in str(caught.value)


def test_floating_point_ids_are_refused() -> None:
    with pytest.raises(DataError, match="floating-point number"):
        table(user=[1.0, 2.0]).ids("user")


def test_numbers_are_read_from_text() -> None:
    assert table(rating=["1", " 2.5", "-1e3 "]).numbers("rating").to_list() == [1.0, 2.5, -1000.0]


@pytest.mark.parametrize("bad", ["good", "nan", "inf", "", None, "1,5"])
def test_what_is_no_finite_number_is_refused(bad: str | None) -> None:
    with pytest.raises(DataError) as caught:
        table(rating=["1", "2", bad], item=["a", "b", "c"]).numbers("rating")
    assert f"line 4, column 'rating': {bad!r} is no finite number" in str(caught.value)


def test_times_are_unix_seconds_whatever_their_form() -> None:
    expected = datetime(2024, 5, 31, 18, tzinfo=UTC).timestamp()
    assert table(t=[str(expected)]).times("t").to_list() == [expected]
    assert table(t=[datetime(2024, 5, 31, 18)]).times("t").to_list() == [expected]
    for text in ("2024-05-31 18:00:00", "2024-05-31T18:00:00Z", "2024-05-31 20:00:00+02:00"):
        assert table(t=[text]).times("t").to_list() == [expected], text
    assert table(t=[date(1970, 1, 2)]).times("t").to_list() == [86400.0]
    assert table(t=["1970-01-02"]).times("t").to_list() == [86400.0]


@pytest.mark.parametrize(
    "times", [["2024-05-31", "2024-13-31"], ["2024-05-31", "yesterday"], ["2024-05-31", None]]
)
def test_what_is_no_time_is_refused(times: list[str]) -> None:
    with pytest.raises(DataError, match=r"line [23], column 't'"):
        table(t=times, item=["a", "b"]).times("t")


def test_texts_may_be_missing_and_lists_are_joined() -> None:
    assert table(item=["a", "b"], title=[" ", "x"]).texts("title").to_list() == [None, "x"]
    assert table(tags=[["a", None, "b"], []]).texts("tags").to_list() == ["a, b", None]


def test_a_structure_is_no_text() -> None:
    with pytest.raises(DataError, match="write it as text"):
        table(title=[{"en": "x"}]).texts("title")


def test_a_missing_column_is_named_with_those_that_are_there() -> None:
    with pytest.raises(DataError, match=r"no column 'user'; it has 'uid', 'item'\. Say which"):
        table(uid=["a"], item=["b"]).require("user", "Say which.")
    with pytest.raises(DataError, match="separated by a semicolon"):
        table(**{"user;item": ["a;b"]}).require("user", "")
