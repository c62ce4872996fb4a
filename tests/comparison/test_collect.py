from pathlib import Path

import pytest

from kgrec.comparison.collect import collect
from kgrec.errors import RunError


def test_runs_are_found_below_a_folder_each_once_and_oldest_first(make_run, tmp_path: Path) -> None:
    import os

    new, old = make_run("runs/shop/bpr/b"), make_run("runs/shop/ease/a", model="ease")
    os.utime(new / "metrics.json", ns=(2_000, 2_000))
    os.utime(old / "metrics.json", ns=(1_000, 1_000))
    found = collect([tmp_path / "runs", new])
    assert [record.name for record in found.records] == [str(old), str(new)]
    assert found.named == {str(new)}
    assert found.records[1].config["training.lr"] == 0.1


def test_what_lies_inside_a_run_is_no_run(make_run, tmp_path: Path) -> None:
    run = make_run("runs/a")
    for inside in ("wandb/offline-run-1/files", ".hydra"):
        (run / inside).mkdir(parents=True)
        (run / inside / "config.yaml").write_text("{}")
    (tmp_path / "runs" / ".submitit").mkdir()
    (tmp_path / "runs" / ".submitit" / "config.yaml").write_text("{}")
    found = collect([tmp_path / "runs"])
    assert [record.name for record in found.records] == [str(run)]
    assert found.unfinished == []


def test_an_unfinished_run_is_listed_beside_the_finished(make_run, tmp_path: Path) -> None:
    make_run("runs/a")
    cut = make_run("runs/b", finished=False)
    found = collect([tmp_path / "runs"])
    assert len(found.records) == 1
    assert found.unfinished == [str(cut)]


def test_only_unfinished_runs_are_refused_with_the_way_on(make_run) -> None:
    cut = make_run("b", finished=False)
    with pytest.raises(RunError, match=rf"1 unfinished.*training.resume={cut}"):
        collect([cut])


def test_an_empty_or_absent_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=rf"no run under {tmp_path}"):
        collect([tmp_path])
    with pytest.raises(RunError, match=r"nowhere is no folder"):
        collect([tmp_path / "nowhere"])


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("metrics.json", "{", r"a/metrics.json, line 1: not JSON"),
        ("metrics.json", '{"valid": {}, "test": {}}', r"a/metrics.json has no 'timing' object"),
        ("config.yaml", "a: [", r"a/config.yaml: not YAML"),
        ("config.yaml", "- 1", r"a/config.yaml is no mapping"),
        ("history.jsonl", '{"epoch": 1}\n{"ep', r"a/history.jsonl, line 2: not one JSON object a line"),
        ("history.jsonl", "3\n", r"a/history.jsonl, line 1"),
        ("split.json", '{"train": {}}', r"a/split.json has no sha256 of train, valid, test"),
    ],
)
def test_a_broken_file_is_refused_by_path(file: str, text: str, message: str, make_run) -> None:
    run = make_run("a")
    (run / file).write_text(text)
    with pytest.raises(RunError, match=message):
        collect([run])
