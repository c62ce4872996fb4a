from pathlib import Path

from kgrec.comparison.collect import collect
from kgrec.comparison.differences import differing_keys, group_runs, newest_groups, relabelled, settings
from kgrec.comparison.record import RunRecord
from kgrec.tracking.flat_metrics import flatten


def groups_of(*paths: Path):
    return group_runs(collect(paths).records)


def test_runs_that_differ_in_seeds_alone_are_one_row(make_run) -> None:
    paths = [make_run(f"r{n}", seed=n, split_seed=2020 + n) for n in range(3)]
    groups, repeated = groups_of(*paths, make_run("other", lr=0.2))
    assert sorted(len(group.records) for group in groups) == [1, 3]
    assert repeated == []


def test_of_equal_settings_and_seeds_the_newest_counts(make_run) -> None:
    import os

    paths = [make_run("old"), make_run("new")]
    for age, path in enumerate(paths):
        os.utime(path / "metrics.json", ns=(age, age))
    groups, repeated = groups_of(*paths)
    assert [record.name for group in groups for record in group.records] == [str(paths[1])]
    assert [record.name for record in repeated] == [str(paths[0])]


def test_only_differing_keys_are_shown_and_places_are_none(make_run) -> None:
    groups, _ = groups_of(make_run("a", lr=0.1), make_run("b", lr=0.2))
    keys = differing_keys(groups)
    assert set(keys) == {"training.lr"}
    assert sorted(keys["training.lr"]) == ["0.1", "0.2"]


def test_rows_are_named_by_what_tells_them_apart(make_run) -> None:
    groups, _ = groups_of(
        make_run("a", lr=0.1), make_run("b", lr=0.2), make_run("c", model="ease", kg="none")
    )
    labels = {group.label for group in groups}
    assert labels == {"bpr kg=full lr=0.1", "bpr kg=full lr=0.2", "ease kg=none"}


def test_a_long_number_is_short_in_a_name_and_whole_in_the_table(make_run) -> None:
    groups, _ = groups_of(make_run("a", lr=0.0123456789), make_run("b", lr=0.2))
    assert {group.label for group in groups} == {"bpr lr=0.01235", "bpr lr=0.2"}
    assert "0.0123456789" in differing_keys(groups)["training.lr"]


def test_the_newest_row_of_a_model_stays_and_the_one_that_was_named(make_run) -> None:
    import os

    paths = [make_run("old", lr=0.1), make_run("mid", lr=0.2), make_run("new", lr=0.3)]
    for age, path in enumerate(paths):
        os.utime(path / "metrics.json", ns=(age, age))
    groups, _ = groups_of(*paths)
    assert [group.label for group in relabelled(newest_groups(groups, set()))] == ["bpr"]
    kept = newest_groups(groups, {str(paths[0])})
    assert [group.records[0].name for group in kept] == [str(paths[0]), str(paths[2])]


def test_a_whole_number_is_the_same_setting_from_yaml_and_from_json() -> None:
    assert settings(RunRecord("a", {"x": 1.0, "y": [1, "b"]}, {})) == {"x": "1", "y": '[1, "b"]'}
    assert flatten({"a": {"b": 1, "c": {}}, "d": [2]}, separator=".") == {"a.b": 1, "d": [2]}
