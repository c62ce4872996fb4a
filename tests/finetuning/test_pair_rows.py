import numpy as np
import polars as pl
import pytest

from kgrec.errors import DataError
from kgrec.finetuning.pair_rows import PairRows

TEXTS = {"a": "red shoe", "b": "red shoe", "c": "pan", "d": "", "e": "lid"}


def pairs(*rows: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame([(*row, 1.0) for row in rows], schema=["query", "item", "weight"], orient="row")


def test_items_with_one_text_are_one() -> None:
    rows = PairRows.build(pairs(("q", "a"), ("q", "b"), ("r", "c")), TEXTS)
    assert rows.texts == ["lid", "pan", "red shoe"]
    assert rows.text.tolist() == [2, 2, 1]
    assert len(rows.keys) == 2


def test_pairs_without_a_text_are_left_out() -> None:
    rows = PairRows.build(pairs(("q", "a"), ("q", "d"), ("q", "nowhere"), (" ", "a")), TEXTS)
    assert len(rows) == 1
    with pytest.raises(DataError, match="none of 1 pairs"):
        PairRows.build(pairs(("q", "d")), TEXTS)


def test_other_positives_of_a_query_are_known() -> None:
    rows = PairRows.build(pairs(("q", "a"), ("q", "c"), ("r", "e")), TEXTS)
    row, column = rows.known(np.array([0, 1, 0]), np.array([0, 1, 2]))
    assert list(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0), (2, 1), (2, 2)]


def test_an_epoch_has_every_pair_once() -> None:
    rows = PairRows.build(pairs(("q", "a"), ("q", "c"), ("r", "e")), TEXTS)
    batches = list(rows.batches(2, 2, np.random.default_rng(0)))
    assert [len(batch) for batch in batches] == [2, 1, 2, 1]
    assert sorted(np.concatenate(batches[:2])) == sorted(np.concatenate(batches[2:])) == [0, 1, 2]
