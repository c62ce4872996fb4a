"""wandb.Api, the network's edge, is the one thing replaced here."""

from types import SimpleNamespace
from typing import Any

import pytest
import wandb

from kgrec.comparison.pairs import compare_pair
from kgrec.comparison.report import compare
from kgrec.comparison.wandb_runs import collect_wandb
from kgrec.errors import RunError


def remote(identity: str, model: str, recall: float, state: str = "finished") -> SimpleNamespace:
    history = [
        {"epoch": 1, "seconds": 2.0, "valid/recall@10": recall / 2, "_step": 0},
        {"epoch": 2, "seconds": 4.5, "valid/recall@10": recall, "_step": 1},
        {"recommendations": {"_type": "table-file"}, "_step": 2},
    ]
    return SimpleNamespace(
        id=identity,
        state=state,
        created_at="2026-01-01T00:00:00Z",
        config={"data": {"name": "shop"}, "model": {"name": model}, "kg": "full", "seed": 0},
        summary={
            "test/recall@10": recall,
            "valid/recall@10": recall,
            "metrics": {"_type": "table-file"},
            "epoch": 2,
        },
        scan_history=lambda: iter(history),
    )


@pytest.fixture
def project(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the project holds; a test fills it."""
    runs: list[Any] = []

    class Api:
        def runs(self, path: str, **_: Any) -> list[Any]:
            assert path == "me/kgrec"
            return runs

    monkeypatch.setattr(wandb, "Api", Api)
    return runs


def test_a_project_is_compared_like_a_folder_but_not_paired(project: list[Any]) -> None:
    project += [remote("x1", "bpr", 0.2), remote("x2", "ease", 0.3), remote("x3", "bpr", 0.1, "crashed")]
    found = collect_wandb("me/kgrec")
    assert found.unfinished == ["me/kgrec/x3"]
    report = compare(found, ["recall@10"])
    assert [group.label for group in report.groups] == ["ease", "bpr"]
    assert found.records[0].timing == {"train_seconds": 4.5}
    assert set(found.records[0].metrics["test"]) == {"recall@10"}
    assert [curve.values for curve in report.curves] == [[0.15, 0.3], [0.1, 0.2]]
    assert "never reach W&B" in compare_pair(*report.groups, "recall@10").why_not
    assert report.pairs[0].test is None


def test_a_project_without_a_finished_run_is_refused(project: list[Any]) -> None:
    project.append(remote("x3", "bpr", 0.1, "running"))
    with pytest.raises(RunError, match=r"me/kgrec has no finished run.*wandb sync"):
        collect_wandb("me/kgrec")


@pytest.mark.parametrize("name", ["kgrec", "/kgrec", "me/", "me/kgrec/x1"])
def test_a_name_that_is_no_project_is_refused(name: str) -> None:
    with pytest.raises(RunError, match="is no entity/project"):
        collect_wandb(name)


def test_what_wandb_refuses_is_one_error_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise wandb.errors.UsageError("api_key not configured")

    monkeypatch.setattr(wandb, "Api", refuse)
    with pytest.raises(RunError, match=r"me/kgrec cannot be read: api_key not configured; try `wandb login`"):
        collect_wandb("me/kgrec")
