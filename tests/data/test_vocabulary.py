"""Vocabularies: rows that say nothing about files, ids that stay strings, faults that are named."""

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.vocabulary import Vocabulary, stable_hash
from kgrec.errors import DataError, UnknownIdError

IDS = st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1), unique=True)


@given(IDS, st.randoms(use_true_random=False))
def test_rows_do_not_depend_on_the_order_of_ids(ids: list[str], rng: random.Random) -> None:
    shuffled = ids + ids[:2]
    rng.shuffle(shuffled)
    assert Vocabulary.from_ids(shuffled, "item").ids == Vocabulary.from_ids(ids, "item").ids


@given(IDS)
def test_row_and_id_are_inverse(ids: list[str]) -> None:
    vocabulary = Vocabulary.from_ids(ids, "item")
    assert sorted(vocabulary.ids) == sorted(ids)
    assert vocabulary.rows(vocabulary.ids).tolist() == list(range(len(ids)))
    assert all(vocabulary.ids[vocabulary.row(value)] == value for value in ids)


def test_the_hash_is_the_same_on_every_machine() -> None:
    # Saved runs and published splits lean on these numbers: a change here is a change of every data set.
    assert stable_hash(["1", "运动鞋"]).tolist() == [14636432970454941251, 4758245488826538107]


def test_rows_are_not_in_the_order_of_numbers() -> None:
    rows = Vocabulary.from_ids([str(number) for number in range(1000)], "item").rows(
        [str(number) for number in range(1000)]
    )
    assert abs(np.corrcoef(rows, np.arange(1000))[0, 1]) < 0.1


def test_a_leading_zero_makes_another_id() -> None:
    vocabulary = Vocabulary(["7", "007"], "user")
    assert (vocabulary.row("7"), vocabulary.row("007")) == (0, 1)


def test_the_given_order_stays() -> None:
    assert Vocabulary(["b", "a"], "user").ids == ["b", "a"]


def test_encode_gives_minus_one_for_unknown_and_null_in_order() -> None:
    vocabulary = Vocabulary(["a", "b", "c"], "item")
    encoded = vocabulary.encode(pl.Series(["c", None, "x", "a", "c"]))
    assert encoded.tolist() == [2, -1, -1, 0, 2]
    assert encoded.dtype == np.int64
    assert vocabulary.encode(pl.Series([], dtype=pl.String)).tolist() == []
    assert Vocabulary([], "item").encode(pl.Series(["a"])).tolist() == [-1]


def test_unknown_ids_are_named() -> None:
    vocabulary = Vocabulary(["a"], "user")
    with pytest.raises(UnknownIdError, match="user 'nobody' is unknown"):
        vocabulary.row("nobody")
    with pytest.raises(UnknownIdError, match="user 'x' is unknown"):
        vocabulary.rows(["a", "x", "y"])
    assert "nobody" not in vocabulary


@pytest.mark.parametrize(("ids", "words"), [(["a", "b", "a"], "'a' occurs twice"), ([1, 2], "1 is a int")])
def test_bad_ids_are_refused(ids: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        Vocabulary(ids, "item")


def test_save_and_load_keep_ids_and_rows(tmp_path: Path) -> None:
    vocabulary = Vocabulary.from_ids(["007", "7", "it's", "a=b", "1e5", "运动鞋", " "], "item")
    vocabulary.save(tmp_path / "vocabulary" / "items.parquet")
    loaded = Vocabulary.load(tmp_path / "vocabulary" / "items.parquet", "item")
    assert (loaded.ids, loaded.kind) == (vocabulary.ids, "item")
    assert [path.name for path in (tmp_path / "vocabulary").iterdir()] == ["items.parquet"]


def test_an_empty_vocabulary_can_be_saved(tmp_path: Path) -> None:
    Vocabulary([], "entity").save(tmp_path / "entities.parquet")
    assert len(Vocabulary.load(tmp_path / "entities.parquet", "entity")) == 0


def test_load_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "items.parquet"
    with pytest.raises(DataError, match=r"items\.parquet: the item vocabulary is missing"):
        Vocabulary.load(path, "item")
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"items\.parquet: no readable Parquet"):
        Vocabulary.load(path, "item")
    pl.DataFrame({"id": [1, 2]}).write_parquet(path)
    with pytest.raises(DataError, match="column 'id' of strings is missing"):
        Vocabulary.load(path, "item")
