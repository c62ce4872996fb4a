from pathlib import Path

import polars as pl
import pytest

from kgrec.data.impressions import checked_impressions, read_impressions
from kgrec.errors import DataError

HEADER = "session,query,item,rank,clicked\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "log.csv"
    path.write_text(text)
    return path


def test_ranks_and_clicks_are_read_however_they_are_written(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER + "1,tv,007,0.0,False\n1,tv,8,1,TRUE\n1,tv,9,2,1\n")
    assert read_impressions(path).rows() == [
        ("1", "tv", "007", 0, False),
        ("1", "tv", "8", 1, True),
        ("1", "tv", "9", 2, True),
    ]


def test_people_and_times_come_along(tmp_path: Path) -> None:
    path = written(tmp_path, "s,query,item,rank,clicked,user,timestamp\n1,tv,7,0,true,u,5\n")
    frame = read_impressions(path, {"session": "s"})
    assert frame.select("user", "timestamp").rows() == [("u", 5.0)]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("1,tv,7,-1,true", "line 2, column 'rank': '-1' is no place"),
        ("1,tv,7,0.5,true", "line 2, column 'rank': '0.5' is no place"),
        ("1,tv,7,0,maybe", "line 2, column 'clicked': 'maybe' is no click"),
        ("1,tv,,0,true", "line 2, column 'item'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_impressions(written(tmp_path, HEADER + row + "\n"))


def test_a_frame_made_in_memory_is_checked() -> None:
    good = pl.DataFrame({"session": ["1"], "query": ["q"], "item": ["a"], "rank": [0], "clicked": [True]})
    assert checked_impressions(good) is good
    with pytest.raises(DataError, match="'clicked' holds Int64"):
        checked_impressions(good.with_columns(clicked=pl.lit(1).cast(pl.Int64)))
    with pytest.raises(DataError, match="'rank' is missing"):
        checked_impressions(good.drop("rank"))
    with pytest.raises(DataError, match="with nulls"):
        checked_impressions(good.with_columns(query=pl.lit(None, pl.String)))
