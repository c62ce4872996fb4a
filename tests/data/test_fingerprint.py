"""Fingerprints: what must change them, and what must not."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.fingerprint import fingerprint, table_hash

ROWS = st.lists(
    st.tuples(st.text(max_size=3), st.one_of(st.none(), st.floats(allow_nan=False, width=32))), max_size=8
)
SCHEMA = {"user": pl.String, "rating": pl.Float64}


def frame(rows: list[tuple[str, float | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@given(ROWS, st.integers(0, 2**32))
def test_the_order_of_rows_and_columns_does_not_matter(
    rows: list[tuple[str, float | None]], seed: int
) -> None:
    shuffled = frame(rows).sample(fraction=1.0, shuffle=True, seed=seed).select("rating", "user")
    assert table_hash(shuffled) == table_hash(frame(rows))


@given(ROWS, ROWS)
def test_equal_hashes_mean_equal_rows(one: list[tuple[str, float | None]], other: list) -> None:
    same = frame(one).sort("user", "rating").equals(frame(other).sort("user", "rating"))
    assert (table_hash(frame(one)) == table_hash(frame(other))) == same


BASE = pl.DataFrame({"user": ["a", "b"], "item": ["x", "y"]})


@pytest.mark.parametrize(
    "other",
    [
        pl.DataFrame({"user": ["a", "b"], "item": ["y", "x"]}),
        pl.DataFrame({"user": ["a", "b", "b"], "item": ["x", "y", "y"]}),
        pl.DataFrame({"user": ["ax", "b"], "item": ["", "y"]}),
        pl.DataFrame({"user": ["a", None], "item": ["x", "y"]}),
        pl.DataFrame({"user": ["a", "b"], "thing": ["x", "y"]}),
        BASE.with_columns(rating=pl.lit(1.0)),
        BASE.head(0),
    ],
    ids=["swapped", "repeated", "joined", "null", "renamed", "more columns", "empty"],
)
def test_any_other_content_has_another_hash(other: pl.DataFrame) -> None:
    assert table_hash(other) != table_hash(BASE)


def test_null_and_empty_string_differ() -> None:
    assert table_hash(pl.DataFrame({"a": [""]})) != table_hash(pl.DataFrame({"a": [None]}, {"a": pl.String}))


def test_the_width_of_numbers_does_not_matter() -> None:
    whole, floats = pl.DataFrame({"t": [1, 0]}), pl.DataFrame({"t": [1.0, -0.0]})
    assert table_hash(whole) == table_hash(floats)


def test_the_hash_is_the_same_on_every_machine() -> None:
    known = "31370383fd783553fe4a9ddd2449982fc18eab09210dec351dd8dd8d752cc70f"
    assert table_hash(pl.DataFrame({"user": ["a", "b"], "rating": [1.5, None]})) == known


def test_the_fingerprint_tells_which_table_holds_what() -> None:
    empty = BASE.head(0)
    assert fingerprint({"one": BASE, "two": empty}) != fingerprint({"one": empty, "two": BASE})
    assert fingerprint({"one": BASE, "two": empty}) == fingerprint({"two": empty, "one": BASE})


def test_lists_and_booleans_count() -> None:
    one = pl.DataFrame({"tags": [["a", "b"]], "new": [True]})
    assert table_hash(one) != table_hash(pl.DataFrame({"tags": [["a", "c"]], "new": [True]}))
    assert table_hash(one) != table_hash(pl.DataFrame({"tags": [["a", "b"]], "new": [False]}))
