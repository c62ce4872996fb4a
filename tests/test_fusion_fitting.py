"""A late fusion from configuration to run: members apart, weights on valid, what is refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from kgrec.config import Config
from kgrec.errors import ConfigError
from kgrec.experiment import run_experiment
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.models.late_fusion import LateFusion
from kgrec.prepare import prepare

SMALL = ["model=late_fusion", "model.members.lightgcn.dim=8", "training.epochs=3"]


def fitted(config: Config, folder: Path, cache: Path) -> Fitted:
    return fit(config, prepare(config), Places(folder, cache, torch.device("cpu")))


def test_members_are_what_they_are_alone(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    fusion = fitted(composed(*SMALL), tmp_path / "fusion", cache)
    assert isinstance(fusion.scorer, LateFusion)
    users = torch.arange(fusion.scorer.n_users)
    alone = {
        "ease": fitted(composed("model=ease"), tmp_path / "ease", cache),
        "lightgcn": fitted(
            composed("model=lightgcn", "model.dim=8", "training.epochs=3"), tmp_path / "lightgcn", cache
        ),
    }
    expected = sum(fusion.scorer.weights[name] * alone[name].scorer.scores(users) for name in alone)
    assert torch.allclose(fusion.scorer.scores(users), expected, atol=1e-5)
    assert fusion.training.epochs == 3
    assert fusion.train_seconds >= fusion.training.seconds


def test_a_refit_keeps_the_weights(composed: Callable[..., Config], tmp_path: Path, cache: Path) -> None:
    fusion = fitted(composed(*SMALL, "training.refit=true"), tmp_path, cache)
    assert isinstance(fusion.scorer, LateFusion)
    assert isinstance(fusion.final, LateFusion)
    assert fusion.final.weights == fusion.scorer.weights
    users = torch.arange(4)
    assert not torch.equal(fusion.final.scores(users), fusion.scorer.scores(users))
    assert fusion.refit_seconds > 0


def test_what_cannot_be_fused_is_refused(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match="a label is the name of a model"):
        composed("model=late_fusion", "model.members.ease.name=item_knn")
    with pytest.raises(ConfigError, match=r"model\.members\.ease does not fit the schema"):
        composed("model=late_fusion", "+model.members.ease.lambda=3")
    with pytest.raises(ConfigError, match="is empty"):
        fitted(
            composed("model=late_fusion", "~model.members.ease", "~model.members.lightgcn"), tmp_path, cache
        )
    with pytest.raises(ConfigError, match="fitted on valid, which is empty"):
        fitted(composed(*SMALL, "data.split.ratios=[0.8,0.0,0.2]"), tmp_path, cache)


def test_a_finished_run_keeps_no_checkpoint_of_its_members(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    run = run_experiment(composed(*SMALL, "training.checkpoint=true"), tmp_path / "run")
    assert run.complete
    assert not list(run.path.rglob("*.pt"))


def test_a_member_may_have_a_recipe_of_its_own(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    own = "+model.recipes.lightgcn={training: {epochs: 2, lr: 0.03}, objective: {l2: {weight: 0.5}}}"
    fusion = fitted(composed(*SMALL, own), tmp_path / "fusion", cache)
    alone = fitted(
        composed(
            "model=lightgcn",
            "model.dim=8",
            "training.epochs=2",
            "training.lr=0.03",
            "objective.l2.weight=0.5",
        ),
        tmp_path / "lightgcn",
        cache,
    )
    assert isinstance(fusion.scorer, LateFusion)
    users = torch.arange(4)
    torch.testing.assert_close(fusion.scorer.members["lightgcn"].scores(users), alone.scorer.scores(users))
    assert fusion.training.epochs == 2


@pytest.mark.parametrize(
    ("recipes", "told"),
    [
        ("bpr={}", "no such member"),
        ("lightgcn={model: {dim: 3}}", "it may have objective and training"),
        ("lightgcn={training: {epoch: 3}}", "model.recipes.lightgcn"),
        ("lightgcn={training: {epochs: many}}", "model.recipes.lightgcn"),
        ("ease={training: {epochs: 3}}", "model.recipes.ease: that member is a closed form"),
    ],
)
def test_a_wrong_recipe_is_refused_before_anything_is_fitted(
    recipes: str, told: str, composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(ConfigError, match=told):
        fitted(composed(*SMALL, f"+model.recipes.{recipes}"), tmp_path, cache)
