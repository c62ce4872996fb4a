from pathlib import Path

import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.expectation import check_expected
from kgrec.data.load import load_tables
from kgrec.data.tables import Tables
from kgrec.errors import ConfigError, DataError

PLAYS = pl.DataFrame(
    {
        "user": ["u", "u", "v", "u"],
        "item": ["a", "a", "b", "c"],
        "part": ["train", "train", "train", "test"],
    }
)
FACTS = pl.DataFrame({"head": ["a", "a"], "relation": ["r", "r"], "tail": ["x", "x"]})
RIGHT = {"users": 2, "items": 3, "interactions": 3, "train": 2, "valid": 0, "test": 1, "triples": 1}


def check(**expected: int) -> None:
    check_expected(Tables(PLAYS, FACTS), DataConfig(name="fm", expect=expected), Path("data/fm"))


def test_the_right_counts_pass_and_repeated_rows_count_once() -> None:
    check(**RIGHT)
    check()


@pytest.mark.parametrize("name", RIGHT)
def test_each_wrong_count_is_named(name: str) -> None:
    with pytest.raises(
        DataError, match=rf"^fm: data/fm holds {name} {RIGHT[name]} instead of 1,234: "
    ) as caught:
        check(**RIGHT | {name: 1234})
    assert "another data set" in str(caught.value)


def test_without_triples_or_parts_their_counts_are_zero() -> None:
    config = DataConfig(expect={"train": 0, "triples": 0})
    check_expected(Tables(PLAYS.drop("part")), config, Path("data/fm"))


def test_an_unknown_count_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.expect has 'people'; it knows users, items"):
        check(people=3)


def test_loading_checks_what_was_read_before_filters(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item,rating\nu,a,5\nv,b,1\n")
    config = DataConfig(
        name="fm", folder=str(tmp_path), files={"interactions": "log.csv"}, expect={"users": 2}
    )
    config.filters.min_rating = 3
    assert load_tables(config).interactions.height == 2
    config.expect["users"] = 1
    with pytest.raises(DataError, match="holds users 2 instead of 1"):
        load_tables(config)
