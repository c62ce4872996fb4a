"""Splits: disjoint, complete, RecBole's counts, independent of row order; each method worked by hand."""

from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kgrec.data.config import DataConfig, SplitConfig, WeightConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.locate import candidate_folders, find_file
from kgrec.data.split_methods import LEFT_OUT, Pairs, leave_one_out, temporal, temporal_user
from kgrec.data.splits import Part, Split, make_split
from kgrec.data.tables import PARTS, Tables
from kgrec.errors import ConfigError, DataError

Pair = tuple[str, str]


def dataset(pairs: list[Pair], duplicates: str = "first", **columns: list) -> Dataset:
    frame = pl.DataFrame(pairs, schema={"user": pl.String, "item": pl.String}, orient="row")
    frame = frame.with_columns(**{name: pl.Series(values) for name, values in columns.items()})
    return build_dataset(Tables(frame), DataConfig(name="tiny", duplicates=duplicates))


def pairs_of(data: Dataset, part: Part) -> list[Pair]:
    rows = zip(part.users, part.items, strict=True)
    return sorted((data.users.ids[user], data.items.ids[item]) for user, item in rows)


def parts_of(data: Dataset, split: Split) -> list[list[Pair]]:
    return [pairs_of(data, getattr(split, name)) for name in PARTS]


def histories(sizes: dict[str, int]) -> list[Pair]:
    return [(user, f"i{number}") for user, size in sizes.items() for number in range(size)]


SIZES = st.lists(st.integers(1, 45), min_size=1, max_size=5)
METHODS = ["random", "temporal", "temporal_user", "leave_one_out", "cold_items"]


@settings(deadline=None, max_examples=40)
@given(SIZES, st.sampled_from(METHODS), st.integers(0, 5), st.randoms(use_true_random=False))
def test_parts_are_disjoint_complete_and_independent_of_row_order(
    sizes: list[int], method: str, seed: int, rng: object
) -> None:
    pairs = histories({f"u{number}": size for number, size in enumerate([*sizes, 30])})
    times = [float(rng.randrange(20)) for _ in pairs]  # type: ignore[attr-defined]
    order = list(range(len(pairs)))
    rng.shuffle(order)  # type: ignore[attr-defined]
    one = dataset(pairs, timestamp=times)
    other = dataset([pairs[n] for n in order], timestamp=[times[n] for n in order])
    config = SplitConfig(method=method, seed=seed)
    split = make_split(one, config)
    train, valid, test = parts_of(one, split)
    assert sorted(train + valid + test) == sorted(pairs)
    assert len(set(train) | set(valid) | set(test)) == len(pairs)
    again = make_split(other, config)
    assert parts_of(other, again) == [train, valid, test]
    assert again.describe() == split.describe()


def recbole_counts(n: int, ratios: list[float]) -> list[int]:
    """``_calcu_split_ids`` of RecBole 1.2's dataset.py, in its own loop form."""
    ratios = [share / sum(ratios) for share in ratios]
    counts = [int(share * n) for share in ratios]
    counts[0] = n - sum(counts[1:])
    return counts


@settings(deadline=None)
@given(SIZES, st.sampled_from([[0.8, 0.1, 0.1], [8.0, 1.0, 1.0], [0.7, 0.1, 0.2]]))
def test_random_gives_every_user_recboles_counts(sizes: list[int], ratios: list[float]) -> None:
    users = {f"u{number}": size for number, size in enumerate([*sizes, 20])}
    data = dataset(histories(users))
    parts = parts_of(data, make_split(data, SplitConfig(ratios=ratios)))
    for user, size in users.items():
        assert [Counter(u for u, _ in part)[user] for part in parts] == recbole_counts(size, ratios)


def test_random_depends_on_the_seed_and_not_on_item_numbers() -> None:
    data = dataset(histories({"u": 200, "v": 200}))
    one, other = (make_split(data, SplitConfig(seed=seed)) for seed in (1, 2))
    assert one.hashes["test"] != other.hashes["test"]
    numbers = [int(item[1:]) for _, item in pairs_of(data, one.test)]
    assert len(numbers) == 40
    assert 70 < np.mean(numbers) < 130
    assert set(pairs_of(data, one.test)) != {("u", i) for _, i in pairs_of(data, one.test)}


def test_temporal_cuts_at_one_moment_for_all() -> None:
    data = dataset(histories({"u": 5, "v": 5}), timestamp=[0.0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    train, valid, test = parts_of(data, make_split(data, SplitConfig("temporal")))
    assert (valid, test) == ([("v", "i3")], [("v", "i4")])
    assert len(train) == 8


def test_temporal_user_cuts_every_history() -> None:
    data = dataset(
        histories({"u": 10, "v": 10}), timestamp=[*map(float, range(10)), *map(float, range(10, 0, -1))]
    )
    train, valid, test = parts_of(data, make_split(data, SplitConfig("temporal_user")))
    assert valid == [("u", "i8"), ("v", "i1")]
    assert test == [("u", "i9"), ("v", "i0")]
    assert len(train) == 16


def test_equal_times_are_settled_by_ids_not_by_seed() -> None:
    data = dataset(histories({"u": 20, "v": 20}), timestamp=[5.0] * 40)
    one, other = (make_split(data, SplitConfig("temporal_user", seed=seed)) for seed in (1, 2))
    assert one.hashes == other.hashes
    assert {item for user, item in pairs_of(data, one.test) if user == "u"} != {
        item for user, item in pairs_of(data, one.test) if user == "v"
    }


def test_leave_one_out_by_time() -> None:
    pairs = [
        ("u", "a"),
        ("u", "b"),
        ("u", "c"),
        ("u", "d"),
        ("v", "a"),
        ("v", "b"),
        ("w", "a"),
        ("w", "b"),
        ("w", "c"),
    ]
    data = dataset(pairs, timestamp=[4.0, 1, 2, 3, 1, 2, 1, 2, 3])
    train, valid, test = parts_of(data, make_split(data, SplitConfig("leave_one_out")))
    assert test == [("u", "a"), ("w", "c")]
    assert valid == [("u", "d"), ("w", "b")]
    assert train == [("u", "b"), ("u", "c"), ("v", "a"), ("v", "b"), ("w", "a")]


def test_leave_one_out_without_times_is_random_and_says_so() -> None:
    data = dataset(histories({"u": 30, "v": 2}))
    splits = [make_split(data, SplitConfig("leave_one_out", seed=seed)) for seed in range(8)]
    assert {tuple(map(len, (split.train, split.valid, split.test))) for split in splits} == {(30, 1, 1)}
    assert len({split.hashes["test"] for split in splits}) > 2
    assert splits[0].protocol["last"].startswith("random")


def test_repeated_events_stay_in_their_pairs_part() -> None:
    data = dataset(histories({"u": 10}) * 3, duplicates="keep")
    split = make_split(data, SplitConfig())
    assert [len(getattr(split, name)) for name in PARTS] == [24, 3, 3]
    assert len(set(pairs_of(data, split.test))) == 1


def test_a_train_pair_that_comes_again_during_the_test_is_left_out() -> None:
    pairs = [("u", "a"), ("u", "b"), ("u", "c"), ("u", "a"), ("u", "b"), ("u", "c"), ("u", "a")]
    data = dataset(pairs, duplicates="keep", timestamp=[1.0, 3, 5, 2, 4, 6, 9])
    split = make_split(data, SplitConfig("leave_one_out"))
    # valid (u, b) begins at 3 and test (u, c) at 5: of a the events at 1 and 2 count, that at 9 does not.
    assert parts_of(data, split) == [[("u", "a")] * 2, [("u", "b")] * 2, [("u", "c")] * 2]
    assert split.protocol["repeats_left_out"] == 1


EVENTS = st.lists(
    st.tuples(st.sampled_from("uv"), st.sampled_from("abcdefghijk"), st.integers(0, 30)), min_size=1
)
LATEST = {"temporal": temporal, "temporal_user": temporal_user, "leave_one_out": leave_one_out}


@settings(deadline=None)
@given(EVENTS, st.sampled_from(sorted(LATEST)))
def test_no_event_is_later_than_the_begin_of_a_later_part(
    events: list[tuple[str, str, int]], method: str
) -> None:
    data = dataset([event[:2] for event in events], "keep", timestamp=[float(event[2]) for event in events])
    codes = LATEST[method](Pairs.of(data), SplitConfig(method))
    table = list(zip(codes.tolist(), data.interactions.iter_rows(named=True), strict=True))
    part_of_pair: dict[Pair, int] = {}
    for code, row in sorted(table, key=lambda entry: entry[1]["timestamp"]):
        if code >= 0:
            assert part_of_pair.setdefault((row["user"], row["item"]), code) == code
    for code, row in table:
        begins = [
            other["timestamp"]
            for later, other in table
            if later > part_of_pair[row["user"], row["item"]]
            and (method == "temporal" or other["user"] == row["user"])
        ]
        # Left out is exactly what comes after a later part of its group has begun.
        assert (code == LEFT_OUT) == (row["timestamp"] > min(begins, default=np.inf))


def test_given_parts_are_kept() -> None:
    pairs = histories({"u": 4, "v": 3})
    names = ["train", "train", "valid", "test", "train", "test", "valid"]
    data = dataset(pairs, part=names)
    split = make_split(data, SplitConfig("given"))
    expected = [sorted(p for p, n in zip(pairs, names, strict=True) if n == name) for name in PARTS]
    assert parts_of(data, split) == expected
    assert split.protocol["valid"] == "given"


def test_without_a_valid_part_a_share_of_train_becomes_valid() -> None:
    users = {f"u{number}": 6 for number in range(500)}
    pairs = histories(users)
    names = ["test" if item == "i0" else "train" for _, item in pairs]
    data = dataset(pairs, part=names)
    split = make_split(data, SplitConfig("given", valid_share=0.1))
    train, valid, test = parts_of(data, split)
    assert test == sorted(p for p, n in zip(pairs, names, strict=True) if n == "test")
    assert sorted(train + valid) == sorted(p for p, n in zip(pairs, names, strict=True) if n == "train")
    # Half of the users give one of five pairs, so that 10% holds on average; 250 +- 4 standard deviations.
    assert set(Counter(user for user, _ in valid).values()) == {1}
    assert 205 < len(valid) < 295
    assert "0.1" in split.protocol["valid"]
    assert make_split(data, SplitConfig("given", seed=1)).hashes["valid"] != split.hashes["valid"]


def test_nobody_loses_all_of_train_to_valid() -> None:
    data = dataset([("u", "a"), ("v", "a"), ("v", "b"), ("u", "b")], part=["train", "train", "train", "test"])
    for seed in range(10):
        train, _, _ = parts_of(data, make_split(data, SplitConfig("given", seed=seed, valid_share=0.9)))
        assert {user for user, _ in train} == {"u", "v"}


def test_given_may_do_without_valid() -> None:
    data = dataset([("u", "a"), ("u", "b")], part=["train", "test"])
    assert len(make_split(data, SplitConfig("given", valid_share=0.0)).valid) == 0


def test_cold_items_are_in_one_part_with_all_their_interactions() -> None:
    data = dataset(histories({f"u{number}": 20 for number in range(4)}))
    split = make_split(data, SplitConfig("cold_items"))
    items = [set(getattr(split, name).items.tolist()) for name in PARTS]
    assert [len(part) for part in items] == [16, 2, 2]
    assert not items[0] & items[1] and not items[0] & items[2] and not items[1] & items[2]
    assert [len(getattr(split, name)) for name in PARTS] == [64, 8, 8]


def test_weights_follow_their_interactions() -> None:
    data = dataset(histories({"u": 10}), rating=[float(number + 1) for number in range(10)])
    split = make_split(data, SplitConfig(), WeightConfig(rating="linear"))
    largest = max(int(item[1:]) + 1 for _, item in pairs_of(data, split.train))
    for part in (split.train, split.valid, split.test, split.with_valid()):
        assert part.weights is not None and part.weights.dtype == np.float32
        numbers = np.array([int(data.items.ids[item][1:]) + 1 for item in part.items])
        np.testing.assert_allclose(part.weights, np.minimum(numbers / largest, 1), rtol=1e-6)


def test_with_valid_is_train_and_valid() -> None:
    data = dataset(histories({"u": 20}))
    split = make_split(data, SplitConfig())
    assert pairs_of(data, split.with_valid()) == sorted(
        pairs_of(data, split.train) + pairs_of(data, split.valid)
    )
    assert split.with_valid().weights is None


def test_the_description_names_counts_hashes_and_protocol() -> None:
    data = dataset(histories({"u": 20}))
    described = make_split(data, SplitConfig(seed=7)).describe()
    assert described["protocol"] == {
        "method": "random", "seed": 7, "ratios": [0.8, 0.1, 0.1], "repeats_left_out": 0,
    }  # fmt: skip
    assert [described[name]["interactions"] for name in PARTS] == [16, 2, 2]
    assert len({described[name]["sha256"] for name in PARTS}) == 3


def test_hashes_are_of_external_ids() -> None:
    one = make_split(dataset(histories({"u": 10})), SplitConfig())
    other = make_split(dataset(histories({"v": 10})), SplitConfig())
    assert one.train.users.tolist() == other.train.users.tolist()
    assert one.hashes["train"] != other.hashes["train"]


@pytest.mark.parametrize(
    ("config", "error", "words"),
    [
        (SplitConfig("random", ratios=[0.8, 0.2]), ConfigError, "use three shares"),
        (SplitConfig("random", ratios=[0.0, 0.5, 0.5]), ConfigError, "train above 0"),
        (SplitConfig("random", ratios=[1.0, -0.1, 0.1]), ConfigError, "use three shares"),
        (SplitConfig("best"), ConfigError, "data.split.method is 'best'; use one of given, random"),
        (SplitConfig("temporal"), DataError, "needs the column 'timestamp'"),
        (SplitConfig("given"), DataError, "needs the column 'part'"),
        (SplitConfig("random"), DataError, r"valid is empty \(train 3, valid 0, test 0\)"),
    ],
)
def test_what_cannot_be_split_is_refused(config: SplitConfig, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make_split(dataset([("u", "a"), ("u", "b"), ("u", "c")]), config)


def test_given_needs_a_test_part_and_a_share_below_one() -> None:
    data = dataset([("u", "a"), ("u", "b")], part=["train", "train"])
    with pytest.raises(DataError, match="test is empty"):
        make_split(data, SplitConfig("given", valid_share=0.5))
    with pytest.raises(ConfigError, match="valid_share is 1"):
        make_split(data, SplitConfig("given", valid_share=1.0))


def test_parts_of_the_data_that_are_ignored_are_warned_about(caplog: pytest.LogCaptureFixture) -> None:
    pairs = histories({"u": 10})
    make_split(dataset(pairs, part=["train"] * 10), SplitConfig("random"))
    assert "the data's own parts are ignored" in caplog.text


def movielens() -> Path | None:
    """ml-100k.inter under $KGREC_DATA or in the cache; nothing is downloaded for it."""
    folders = candidate_folders(DataConfig(name="ml-100k"))
    return next((path for folder in folders if (path := find_file(folder, "ml-100k.inter"))), None)


def test_movielens_splits_into_recboles_counts() -> None:
    path = movielens()
    if path is None:
        pytest.skip("ml-100k is neither under KGREC_DATA nor in the cache")
    frame = pl.read_csv(path, separator="\t", infer_schema=False)
    frame = frame.select(user=frame.columns[0], item=frame.columns[1])
    data = build_dataset(Tables(frame), DataConfig(name="ml-100k"))
    split = make_split(data, SplitConfig())
    assert [len(getattr(split, name)) for name in PARTS] == [80_808, 9_596, 9_596]
