"""Duplicates, rating filter and k-core, against hand-worked tables and a loop."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.cleaning import clean_interactions, drop_duplicates, filter_core
from kgrec.data.config import DataConfig, FilterConfig
from kgrec.errors import ConfigError, DataError

Pair = tuple[str, str]


def frame(pairs: list[Pair], **columns: list) -> pl.DataFrame:
    data = pl.DataFrame(pairs, schema={"user": pl.String, "item": pl.String}, orient="row")
    return data.with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def pairs_of(data: pl.DataFrame) -> list[Pair]:
    return sorted(data.select("user", "item").rows())


REPEATED = frame([("u", "a"), ("u", "a"), ("v", "a"), ("u", "a")], timestamp=[30.0, 10.0, 5.0, 20.0])


@pytest.mark.parametrize(("how", "times"), [("first", [5, 10]), ("last", [5, 30]), ("keep", [5, 10, 20, 30])])
def test_duplicates_go_by_time(how: str, times: list[float]) -> None:
    assert sorted(drop_duplicates(REPEATED, how)["timestamp"]) == times


@pytest.mark.parametrize(("how", "ratings"), [("first", [1, 3]), ("last", [3, 4])])
def test_without_times_duplicates_go_by_file_order(how: str, ratings: list[float]) -> None:
    data = frame([("u", "a"), ("u", "a"), ("v", "a"), ("u", "a")], rating=[1.0, 2.0, 3.0, 4.0])
    assert sorted(drop_duplicates(data, how)["rating"]) == ratings


def test_duplicates_can_be_errors() -> None:
    with pytest.raises(DataError, match=r"user 'u', item 'a' occurs 3 times \(rows \[1, 2, 4\]\)"):
        drop_duplicates(REPEATED, "error")
    assert drop_duplicates(REPEATED[1:3], "error").height == 2


def test_an_unknown_way_with_duplicates_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.duplicates is 'both'"):
        drop_duplicates(REPEATED, "both")


def test_a_pair_in_two_parts_can_stay_in_the_first_alone() -> None:
    pairs = [("u", "a"), ("u", "b"), ("u", "c"), ("u", "a"), ("u", "a"), ("v", "b"), ("u", "b")]
    parts = ["test", "valid", "test", "train", "train", "test", "test"]
    config = DataConfig(overlap="first", duplicates="keep")
    cleaned, dropped = clean_interactions(frame(pairs, part=parts), config)
    assert sorted(cleaned.select("user", "item", "part").rows()) == [
        ("u", "a", "train"),
        ("u", "a", "train"),
        ("u", "b", "valid"),
        ("u", "c", "test"),
        ("v", "b", "test"),
    ]
    assert (dropped["dropped_by_overlap"], dropped["dropped_duplicates"]) == (2, 0)


def test_without_parts_nothing_overlaps() -> None:
    assert clean_interactions(frame([("u", "a")]), DataConfig(overlap="first"))[0].height == 1


def test_an_unknown_way_with_overlap_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"data\.overlap is 'last'; use one of error, first"):
        clean_interactions(frame([("u", "a")]), DataConfig(overlap="last"))


@pytest.mark.parametrize("how", ["first", "last", "keep"])
def test_a_pair_in_two_parts_is_an_error_whatever_happens_to_duplicates(how: str) -> None:
    data = frame([("u", "a"), ("u", "b"), ("u", "a")], part=["train", "train", "test"])
    with pytest.raises(DataError, match="user 'u', item 'a' stands in test and train"):
        clean_interactions(data, DataConfig(duplicates=how))


def test_a_pair_twice_in_one_part_is_a_duplicate() -> None:
    data = frame([("u", "a"), ("u", "a"), ("u", "b")], part=["train", "train", "test"])
    cleaned, dropped = clean_interactions(data, DataConfig())
    assert (pairs_of(cleaned), dropped["dropped_duplicates"]) == ([("u", "a"), ("u", "b")], 1)


def core_by_loop(pairs: set[Pair], user_core: int, item_core: int) -> set[Pair]:
    while True:
        kept = {
            (user, item)
            for user, item in pairs
            if sum(u == user for u, _ in pairs) >= user_core and sum(i == item for _, i in pairs) >= item_core
        }
        if kept == pairs:
            return kept
        pairs = kept


SMALL = st.lists(st.tuples(st.sampled_from("uvwx"), st.sampled_from("abcde")), min_size=1, max_size=20)


@given(SMALL, st.integers(0, 4), st.integers(0, 4))
def test_core_equals_a_loop_and_counts_distinct_partners(
    pairs: list[Pair], user_core: int, item_core: int
) -> None:
    result = filter_core(frame(pairs), FilterConfig(user_core=user_core, item_core=item_core))
    kept = core_by_loop(set(pairs), user_core, item_core)
    assert pairs_of(result) == sorted(pair for pair in pairs if pair in kept)


def test_two_pairs_are_not_mistaken_for_two_columns() -> None:
    # A 2 x 2 array reads both ways.
    assert pairs_of(filter_core(frame([("v", "c"), ("u", "c")]), FilterConfig(item_core=2))) == [
        ("u", "c"),
        ("v", "c"),
    ]


def test_a_chain_of_drops_is_followed_to_its_end() -> None:
    # v has one item and goes; then b has one user and goes; then u has one item and goes; w and x stay.
    stay = [(user, item) for user in "wx" for item in "cde"]
    data = frame([("v", "b"), ("u", "b"), ("u", "c"), *stay])
    assert pairs_of(filter_core(data, FilterConfig(user_core=2, item_core=2))) == stay


def test_steps_run_in_order_and_are_counted() -> None:
    # The first rating of (u, a) is low: the pair goes, although its later rating would have stayed.
    data = frame(
        [("u", "a"), ("u", "a"), ("u", "b"), ("u", "c"), ("v", "b"), ("v", "c"), ("w", "c")],
        rating=[1.0, 5.0, 4.0, 4.0, 3.0, 5.0, 2.0],
        timestamp=[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0],
    )
    config = DataConfig(duplicates="first", filters=FilterConfig(min_rating=3.0, user_core=2))
    cleaned, dropped = clean_interactions(data, config)
    assert pairs_of(cleaned) == [("u", "b"), ("u", "c"), ("v", "b"), ("v", "c")]
    assert dropped == {
        "dropped_by_overlap": 0,
        "dropped_duplicates": 1,
        "dropped_by_rating": 2,
        "dropped_by_core": 0,
        "dropped_users": 1,
        "dropped_items": 1,
    }


def test_filters_that_leave_nothing_say_what_each_left() -> None:
    data = frame([("u", "a"), ("v", "b")], rating=[5.0, 1.0])
    config = DataConfig(filters=FilterConfig(min_rating=2.0, user_core=5))
    with pytest.raises(
        DataError, match=r"no interaction is left of 2: min_rating=2\.0 leaves 1, user_core=5"
    ):
        clean_interactions(data, config)


def test_a_rating_filter_needs_ratings() -> None:
    with pytest.raises(ConfigError, match="min_rating is 3"):
        clean_interactions(frame([("u", "a")]), DataConfig(filters=FilterConfig(min_rating=3)))
