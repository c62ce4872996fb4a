"""A kept member is the member that would be fitted, and only where nothing that decides it differs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from kgrec.config import Config
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.member_store import member_key
from kgrec.models.late_fusion import LateFusion
from kgrec.prepare import prepare

SMALL = ["model=late_fusion", "model.members.lightgcn.dim=8", "training.epochs=2", "training.refit=true"]
KEPT = [*SMALL, "model.keep_members=true"]


def fitted(config: Config, folder: Path, cache: Path) -> Fitted:
    return fit(config, prepare(config), Places(folder, cache, torch.device("cpu")))


def test_a_kept_member_is_the_fitted_one_and_tells_its_cost(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    first = fitted(composed(*KEPT), tmp_path / "first", cache)
    assert len(list((cache / "members").iterdir())) == 2
    again = fitted(composed(*KEPT), tmp_path / "again", cache)
    plain = fitted(composed(*SMALL), tmp_path / "plain", tmp_path / "nothing")
    users = torch.arange(4)
    for other in (again, plain):
        assert isinstance(other.final, LateFusion)
        torch.testing.assert_close(other.scorer.scores(users), first.scorer.scores(users))
        torch.testing.assert_close(other.final.scores(users), first.final.scores(users))
    assert again.training == first.training
    assert again.refit_seconds == first.refit_seconds
    assert again.features["kept_members"] == ["ease", "lightgcn"]
    assert "kept_members" not in first.features
    assert not (tmp_path / "again" / "members").exists()


def key(composed: Callable[..., Config], model: str, *overrides: str) -> str:
    config = composed(f"model={model}", *overrides)
    return member_key(config, prepare(config), torch.device("cpu"))


@pytest.mark.parametrize(
    "change", ["model.dim=8", "seed=1", "training.epochs=7", "objective.l2.weight=0.5", "data.split.seed=9"]
)
def test_what_decides_a_member_changes_its_key(change: str, composed: Callable[..., Config]) -> None:
    assert key(composed, "lightgcn", change) != key(composed, "lightgcn")


def test_facts_change_the_key_of_those_who_read_them(composed: Callable[..., Config]) -> None:
    for model in ("lightgcn", "ease"):
        assert key(composed, model, "kg=none") == key(composed, model)
    for model in ("fism", "kgrec", "cke"):
        assert key(composed, model, "kg=none") != key(composed, model)
    reading = "objective.knowledge.triple=0.1"
    assert key(composed, "lightgcn", reading, "kg=none") != key(composed, "lightgcn", reading)
    assert key(composed, "lightgcn", "tracking=disabled") == key(composed, "lightgcn")
