"""What a fit may see: train to choose, train and valid to refit, and no knowledge where there is none."""

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import torch

from kgrec.config import Config
from kgrec.experiment import run_experiment
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.prepare import Prepared, prepare
from kgrec.run import Run


def fitted(config: Config, folder: Path, cache: Path) -> tuple[Prepared, Fitted]:
    prepared = prepare(config)
    return prepared, fit(config, prepared, Places(folder, cache, torch.device("cpu")))


def test_a_refit_of_a_closed_form_learns_from_valid_too(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    prepared, found = fitted(composed("model=popularity", "training.refit=true"), tmp_path, cache)
    users = torch.zeros(1, dtype=torch.int64)
    counts, all_counts = found.scorer.scores(users).sum(), found.final.scores(users).sum()
    assert counts == len(prepared.split.train)
    assert all_counts == len(prepared.split.train) + len(prepared.split.valid)


def test_a_refit_trains_as_long_as_the_best_epoch_whatever_the_time_limit(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    overrides = ["model=lightgcn", "model.dim=8", "training.epochs=4"]
    _, found = fitted(composed(*overrides, "training.refit=true"), tmp_path / "a", cache)
    assert found.refit_seconds > 0
    assert not torch.equal(found.final.user_vectors, found.scorer.user_vectors)
    stopped = composed(*overrides, "training.refit=true", "training.max_seconds=1e-9", "training.patience=0")
    _, cut = fitted(stopped, tmp_path / "b", cache)
    assert cut.training.epochs == 1
    assert not torch.equal(cut.final.user_vectors, cut.scorer.user_vectors)


def test_the_same_seed_gives_the_same_model_and_another_seed_another(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    one, same, other = (
        fitted(composed("model=kgrec", "model.dim=8", f"seed={seed}"), tmp_path / str(place), cache)[1]
        for place, seed in enumerate((3, 3, 4))
    )
    assert all(one.tensors[name].equal(same.tensors[name]) for name in one.tensors)
    assert not one.scorer.item_vectors.equal(other.scorer.item_vectors)


def test_without_knowledge_nothing_of_it_is_left(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    run = run_experiment(composed("model=kgrec", "model.dim=8", "kg=none"), tmp_path / "run")
    assert run.read_table("triples.parquet").is_empty()
    assert run.read_table("vocabulary/entities.parquet").is_empty()
    assert len(run.read_tensors("model.safetensors")["gate"]) == 2
    assert run.read_json("metrics.json")["features"]["kge"].get("size") is None


def test_a_run_judged_on_valid_only_has_no_test_values(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    run = run_experiment(composed("model=ease", "evaluation.test=false"), tmp_path / "run")
    metrics = run.read_json("metrics.json")
    assert metrics["test"] == {}
    values = run.read_table("per_user.parquet").filter((pl.col("metric") == "recall") & (pl.col("k") == 10))
    assert values["value"].mean() == pytest.approx(metrics["valid"]["recall@10"])


def test_every_loss_and_every_term_trains(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    for choice in ("bpr", "sampled", "squared", "full"):
        config = composed(
            "model=kgrec", "model.dim=8", f"objective={choice}", "training.epochs=8", "training.patience=0"
        )
        _, found = fitted(config, tmp_path / choice, cache)
        first, last = found.training.history[0], found.training.history[-1]
        terms = [name for name in first if name.startswith("loss/")]
        assert all(torch.isfinite(torch.tensor(first[name])) for name in terms)
        if choice == "full":
            assert {"loss/preference", "loss/triple", "loss/anchored", "loss/text", "loss/l2"} <= set(terms)
        assert last["loss/preference"] < first["loss/preference"]


def test_a_second_run_finds_what_was_embedded(
    composed: Callable[..., Config], tmp_path: Path, cache: Path
) -> None:
    config = composed("model=kgrec", "model.dim=8", "features.kge.dim=6")
    first = run_experiment(config, tmp_path / "first").read_json("metrics.json")["features"]
    again: dict[str, dict[str, object]] = run_experiment(config, tmp_path / "again").read_json(
        "metrics.json"
    )["features"]
    assert first["kge"]["cached"] is False
    assert again["kge"]["cached"] is True
    assert again["text"]["cached"] == again["text"]["rows"] > 0
    one, other = (Run(tmp_path / name).read_tensors("model.safetensors") for name in ("first", "again"))
    assert all(one[name].equal(other[name]) for name in one)
