import polars as pl
import pytest

from kgrec.comparison.collect import collect
from kgrec.comparison.differences import group_runs
from kgrec.comparison.pairs import compare_pair, compare_with, user_means
from kgrec.errors import RunError
from kgrec.evaluation.significance import holm, paired_test


def rows(*paths):
    groups, _ = group_runs(collect(paths).records)
    return {group.records[0].model: group for group in groups}


def test_each_user_is_the_mean_over_the_seeds_of_a_split_then_over_splits(make_run) -> None:
    """Split s0 has two seeds, s1 one: the splits weigh the same."""
    paths = [
        make_run("a", users={"u1": 0.0, "u2": 1.0}, seed=0),
        make_run("b", users={"u1": 1.0, "u2": 1.0}, seed=1),
        make_run("c", users={"u1": 1.0}, seed=2, split="s1", split_seed=2021),
    ]
    (group,) = rows(*paths).values()
    by_split = {"s0": list(group.records[:0]), "s1": []}
    for record in group.records:
        by_split["s1" if record.split and record.split.endswith("s1") else "s0"].append(record)
    means = user_means(by_split, "recall@10")
    assert dict(means.iter_rows()) == {"u1": 0.75, "u2": 1.0}


def test_a_pair_is_the_paired_test_of_the_shared_split_alone(make_run) -> None:
    ours = {f"u{n}": 0.1 * (n % 7) for n in range(30)}
    theirs = {f"u{n}": 0.1 * (n % 5) for n in range(30)}
    found = rows(
        make_run("a", users=ours, seed=0),
        make_run("b", users={"u1": 9.0}, seed=1, split="s1"),
        make_run("c", users=theirs, model="ease"),
    )
    pair = compare_pair(found["bpr"], found["ease"], "recall@10")
    frames = [pl.DataFrame({"user": list(side), "value": list(side.values())}) for side in (theirs, ours)]
    assert pair.test == paired_test(*frames)
    assert (pair.users, pair.splits, pair.left_out) == (30, 1, 1)


def test_p_is_corrected_over_the_rows_that_could_be_tested(make_run) -> None:
    base = {f"u{n}": 0.5 for n in range(12)}
    found = rows(
        make_run("a", users=base),
        make_run("b", users={user: 0.4 for user in base}, model="ease"),
        make_run("c", users={user: 0.5 + 0.1 * (n % 3 - 1) for n, user in enumerate(base)}, model="slim"),
        make_run("d", users=base, model="knn", split="s9"),
    )
    pairs = compare_with(found["bpr"], list(found.values()), "recall@10")
    tested = [pair for pair in pairs if pair.test]
    assert [pair.other for pair in tested] == ["ease", "slim"]
    assert [pair.p_holm for pair in tested] == holm([pair.test.p for pair in tested if pair.test])
    assert tested[0].p_holm == 2 * tested[0].test.p


def test_what_cannot_be_paired_says_why(make_run) -> None:
    found = rows(
        make_run("a"),
        make_run("b", model="other_split", split="s1"),
        make_run("c", model="valid", part="valid"),
        make_run("d", model="users", users={"u1": 1.0}),
    )
    reasons = {
        pair.other: pair.why_not for pair in compare_with(found["bpr"], list(found.values()), "recall@10")
    }
    assert "the splits differ (train trains0 and trains1)" in reasons["other_split"]
    assert "/a and " in reasons["other_split"] and "/b, split.json" in reasons["other_split"]
    assert reasons["valid"] == "bpr was judged on test, valid on valid"
    assert "is on one side only" in reasons["users"]
    assert (
        "no values per user of coverage@10" in compare_pair(found["bpr"], found["bpr"], "coverage@10").why_not
    )


@pytest.mark.parametrize("file", ["per_user.parquet", "split.json"])
def test_a_missing_file_is_named_and_the_rest_goes_on(file: str, make_run) -> None:
    path = make_run("b", model="ease")
    (path / file).unlink()
    found = rows(make_run("a"), path)
    why = compare_pair(found["bpr"], found["ease"], "recall@10").why_not
    assert f"{path} has no {file}" in why


def test_a_table_of_another_shape_is_refused(make_run) -> None:
    path = make_run("b", model="ease")
    pl.DataFrame({"user": ["u1"]}).write_parquet(path / "per_user.parquet")
    found = rows(make_run("a"), path)
    with pytest.raises(RunError, match=r"b/per_user.parquet has no column k"):
        compare_pair(found["bpr"], found["ease"], "recall@10")
