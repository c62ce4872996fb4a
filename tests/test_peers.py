"""The comparison with other libraries: the same parts on all sides, and arithmetic that a hand can follow."""

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch
from hydra import compose, initialize_config_dir

from kgrec.config import register_schemas, typed_config
from kgrec.data.user_items import UserItems
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.evaluator import Evaluator
from kgrec.models.vectors import VectorModel
from kgrec.prepare import Prepared, prepare
from kgrec.run_names import register_resolvers

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers"
METRIC = "recall@10"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import a module of benchmarks/peers by name, and leave no trace of it."""
    monkeypatch.syspath_prepend(str(PEERS))

    def module(name: str) -> ModuleType:
        return __import__(name)

    before = set(sys.modules)
    yield module
    for name in set(sys.modules) - before:
        if str(PEERS) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


@pytest.fixture
def prepared(shop_overrides: list[str], cache: Path) -> Prepared:
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        return prepare(typed_config(compose("config", overrides=shop_overrides)))


def rows(path: Path) -> set[tuple[str, ...]]:
    return {tuple(line.split("\t")) for line in path.read_text().splitlines()[1:]}


def test_the_files_hold_the_split_and_the_triples(load: Any, prepared: Prepared, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    load("files").write_files(prepared, folder)
    dataset, split = prepared.dataset, prepared.split
    for name in ("train", "valid", "test"):
        part = getattr(split, name)
        written = rows(folder / f"shop.{name}.inter")
        ids = {(dataset.users.ids[int(u[1:])], dataset.items.ids[int(i[1:])]) for u, i in written}
        expected = {
            (dataset.users.ids[user], dataset.items.ids[item])
            for user, item in zip(part.users, part.items, strict=True)
        }
        assert ids == expected
        assert len(written) == len(part) > 0

    def end(token: str) -> str:
        names = dataset.items if token[0] == "i" else dataset.entities
        return names.ids[int(token[1:])]

    facts = {(end(h), dataset.relations.ids[int(r[1:])], end(t)) for h, r, t in rows(folder / "shop.kg")}
    assert facts == set(dataset.triples.select("head", "relation", "tail").iter_rows())
    in_facts = {token for h, _, t in rows(folder / "shop.kg") for token in (h, t) if token[0] == "i"}
    assert rows(folder / "shop.link") == {(token, token) for token in in_facts}
    assert json.loads((folder / "sizes.json").read_text())["sha256"] == split.hashes | {
        "data": dataset.fingerprint
    }


def test_implicit_reads_back_the_same_parts(load: Any, prepared: Prepared, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    load("files").write_files(prepared, folder)
    parts = load("run_implicit").read_parts(folder)
    for name in ("train", "valid", "test"):
        part = getattr(prepared.split, name)
        dense = np.zeros((len(prepared.dataset.users), len(prepared.dataset.items)))
        dense[part.users, part.items] = 1
        assert (parts[name].toarray() == dense).all()


def test_an_item_without_interactions_is_refused(load: Any, prepared: Prepared, tmp_path: Path) -> None:
    item = prepared.split.train.items[0]
    for name in ("train", "valid", "test"):
        part = getattr(prepared.split, name)
        keep = part.items != item
        object.__setattr__(part, "users", part.users[keep])
        object.__setattr__(part, "items", part.items[keep])
    with pytest.raises(ValueError, match="1 items have no interaction"):
        load("files").write_files(prepared, tmp_path / "shop")


def test_implicit_is_judged_as_kgrec_judges(load: Any) -> None:
    rng = np.random.default_rng(3)
    users, items = rng.normal(size=(30, 4)), rng.normal(size=(25, 4))
    drawn = rng.random((30, 25))
    truth, known = drawn < 0.08, (drawn > 0.08) & (drawn < 0.3)
    truth[0] = False
    truth[1, :12], known[1] = True, False
    ours = [UserItems.from_pairs(*each.nonzero(), each.shape) for each in (truth, known)]
    config = EvaluationConfig(metrics=["recall", "ndcg", "mrr"], ks=[10])
    model = VectorModel(torch.from_numpy(users), torch.from_numpy(items))
    expected = Evaluator(*ours, ours[1], config).metrics(model)
    sparse = [sp.csr_matrix(each.astype(np.float32)) for each in (truth, known)]
    found = load("run_implicit").ranking_metrics(users, items, *sparse)
    assert found == pytest.approx(expected, abs=1e-6)
    assert 0 < found[METRIC] < 1


def test_the_stand_in_is_mean_and_softmax_by_index(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PEERS / "stand_in"))
    stand_in = load("torch_scatter")
    rows = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    index = torch.tensor([2, 0, 2, 2, 0, 4])
    mean = stand_in.scatter_mean(src=rows, index=index, dim_size=6, dim=0)
    softmax = stand_in.scatter_softmax(rows, index=index, dim=0)
    for place in range(6):
        members = rows[index == place]
        expected = members.mean(0) if len(members) else torch.zeros(3, dtype=torch.float64)
        assert torch.allclose(mean[place], expected)
        assert torch.allclose(softmax[index == place], members.softmax(0))
    assert torch.autograd.gradcheck(lambda x: stand_in.scatter_mean(x, index, 0, 6), rows)
    assert torch.autograd.gradcheck(lambda x: stand_in.scatter_softmax(x, index), rows)
    with pytest.raises(NotImplementedError):
        stand_in.scatter_mean(rows, index, dim=1)


def result(
    values: list[float | None], seconds: list[float], recall: float = 0.0, rate: float = 0.1
) -> dict[str, Any]:
    points = []
    for place, (value, second) in enumerate(zip(values, seconds, strict=True)):
        point: dict[str, Any] = {"epoch": place + 1, "seconds": second, "seconds_with_validation": 2 * second}
        points.append(point | ({"valid": {METRIC: value}} if value is not None else {}))
    test = {METRIC: recall, "ndcg@10": recall / 2, "mrr@10": recall / 3}
    return {"points": points, "test": test, "peak_mb": 1024 * rate, "settings": {"config": {"rate": rate}}}


def test_costs_by_hand(load: Any) -> None:
    costs = load("costs")
    same = [result([None] * 4, [9.0, 10.0, 12.0, 15.0], rate=2.0), result([None] * 3, [5.0, 6.0, 10.0])]
    best = [
        result([0.1, 0.3, 0.3], [1.0, 2.0, 3.0], recall=0.7, rate=0.1),
        result([0.2, 0.1, 0.4, 0.2], [4.0, 5.0, 6.0, 7.0], recall=0.6, rate=0.2),
    ]
    cost = costs.cost("M", "kgrec", same, best, METRIC)
    assert cost.epoch_seconds == 2.0  # the median of 1, 2, 3 and 1, 4
    assert (cost.valid, cost.best_epoch, cost.recipe) == (0.4, 3, {"rate": 0.2})
    assert (cost.best_seconds, cost.best_seconds_with_validation) == (6.0, 12.0)
    assert cost.test[METRIC] == 0.6
    assert cost.peak_gib == 2.0
    assert costs.best_point(best[0], METRIC)["epoch"] == 2
    assert costs.soonest(best, METRIC, 0.3) == 2.0
    assert costs.soonest(best, METRIC, 0.35) == 6.0
    assert costs.soonest(best, METRIC, 0.5) is None
    assert costs.epoch_seconds([result([0.1], [1.0])]) is None


def test_the_table_shows_ratios_what_did_not_run_and_its_published_cost(load: Any, tmp_path: Path) -> None:
    costs, report = load("costs"), load("report")
    comparison = report.Comparison(METRIC)
    sides = {
        "kgrec": result([0.1, 0.3, 0.4], [1.0, 2.0, 3.0], recall=0.5),
        "RecBole": result([0.1, 0.2, 0.3], [10.0, 20.0, 30.0], recall=0.25),
    }
    for side, each in sides.items():
        comparison.costs.append(costs.cost("KGAT", side, [each], [each], METRIC))
        comparison.best["KGAT", side] = [each]
    comparison.best["popularity", "kgrec"] = [result([0.1], [1.0], 0.2)]
    popular = costs.cost("popularity", "kgrec", [], comparison.best["popularity", "kgrec"], METRIC)
    comparison.costs.append(popular)
    comparison.errors["KGAT", "implicit"] = "no such model"
    published = {"implicit": {"source": "a page", "seconds_per_epoch": {"KGAT": 9.4}}}
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in report.table(comparison, published).splitlines()
    ]
    assert len({len(line) for line in lines}) == 1
    head, _, ours, theirs, missing, popularity = lines
    assert head[4:9:2] == ["s / epoch, same loss", "s to best", "s to best, validation included"]
    assert ours[2:] == ["0.5000", "0.2500", "1", "", "3", "", "6", "3", "", "0.10"]
    assert theirs[2:] == ["0.2500", "0.1250", "10", "10.0", "30", "10.0", "60", "3", "2", "0.10"]
    assert "no such model" in missing[1] and "a page" in missing[1]
    assert missing[4] == "*9.4*"
    assert popularity[2:4] == ["0.2000", "0.1000"] and set(popularity[4:11]) == {""}
    report.write_csv(comparison, tmp_path / "out.csv")
    written = pl.read_csv(tmp_path / "out.csv").filter(pl.col("side") == "RecBole").row(0, named=True)
    assert (written["epoch_seconds"], written["best_seconds"], written[METRIC]) == (10.0, 30.0, 0.25)
    report.write_picture(comparison, "a shop", tmp_path / "out.png")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def recipes() -> dict[str, Any]:
    return {
        "metric": METRIC,
        "models": {
            "M": {
                "kgrec": {"same": ["model=m"], "best": [["model=m"]], "best_on": {"a": [["x=1"], ["x=2"]]}},
                "RecBole": {"model": "N", "same": {"layers": 1}, "best": [{"rate": 1}]},
            }
        },
        "same": {"kgrec": ["loss=bpr"], "RecBole": {"layers": 2, "batch": 3}},
    }


def marked(folder: Path, content: str) -> Path:
    """A folder of files that says what it holds."""
    folder.mkdir(exist_ok=True)
    (folder / "sizes.json").write_text(json.dumps({"sha256": {"train": content}}))
    return folder


def test_jobs_take_turns_and_are_done_once(load: Any, tmp_path: Path) -> None:
    jobs = load("jobs")
    scale = jobs.Scale("a", rounds=2, speed_epochs=4, epochs=7)
    files = marked(tmp_path / "files", "one split")
    made = jobs.all_jobs(recipes(), ["M"], scale, files)
    assert [(job.side, job.purpose, job.number) for job in made] == [
        ("kgrec", "same", 0), ("RecBole", "same", 0), ("kgrec", "same", 1), ("RecBole", "same", 1),
        ("kgrec", "best", 0), ("RecBole", "best", 0), ("kgrec", "best", 1),
    ]  # fmt: skip
    same, best = made[1].settings, made[5].settings
    assert same["config"] == {"layers": 1, "batch": 3} and best["config"] == {"rate": 1}
    assert (same["epochs"], same["validate"]) == (5, False)
    assert (best["epochs"], best["validate"]) == (7, True)
    assert made[0].settings["config"] == ["loss=bpr", "model=m"]
    assert not jobs.is_done(made[1], tmp_path)
    path = made[1].path(tmp_path)
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"settings": same}))
    assert jobs.is_done(made[1], tmp_path)
    path.write_text(json.dumps({"settings": same | {"threads": 2}}))
    assert not jobs.is_done(made[1], tmp_path)
    path.write_text(json.dumps({"settings": same}))
    marked(files, "another split")
    assert not jobs.is_done(jobs.all_jobs(recipes(), ["M"], scale, files)[1], tmp_path)
    with pytest.raises(ValueError, match="no recipe for 'Z'"):
        jobs.all_jobs(recipes(), ["Z"], scale, files)


def test_all_sides_have_the_same_memory(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = load("jobs")
    monkeypatch.setenv("MALLOC_TRIM_THRESHOLD_", "1")
    values = [jobs.environment(jobs.Job("BPR", side, "best", 0, {"threads": 1})) for side in jobs.SIDES]
    memory = [{name: each[name] for name in each if name.startswith(("MALLOC_", "THP_"))} for each in values]
    assert memory == [jobs.MEMORY] * len(jobs.SIDES)


@pytest.mark.slow
def test_every_recipe_of_kgrec_composes(load: Any, tmp_path: Path) -> None:
    from omegaconf import OmegaConf

    jobs, ours = load("jobs"), load("ours")
    marked(tmp_path, "a split")
    plain: Any = OmegaConf.to_container(OmegaConf.load(PEERS / "recipes.yaml"))
    of_their_own = [name for name, sides in plain["models"].items() if "best_on" in sides["kgrec"]]
    for data, models in {"lastfm": list(plain["models"]), "ml-100k": of_their_own}.items():
        scale = jobs.Scale(data, rounds=1, epochs=2)
        for job in jobs.all_jobs(plain, models, scale, tmp_path):
            if job.side == "kgrec":
                config = ours.composed(job.settings)
                assert config.training.monitor == METRIC
                assert config.data.name == data
                if job.purpose == "same":
                    preference = config.objective.preference
                    assert (preference.loss, preference.negatives) == ("bpr", 1)
                    assert (config.training.batch_size, config.model.dim) == (2048, 64)
                    assert config.model.scoring == "dot"
    assert set(plain["default"]) <= set(plain["models"])


def test_ours_tells_training_from_validation(
    load: Any, shop_overrides: list[str], cache: Path, tmp_path: Path
) -> None:
    ours = load("ours")
    config = [each for each in shop_overrides if not each.startswith(("data=", "training.", "tracking="))]
    recipe = [*config, "model=bpr", "model.dim=8", "training.batch_size=64"]
    settings = {"data": "tables", "config": recipe, "seed": 0, "metric": METRIC, "epochs": 3, "threads": 1}
    settings |= {"validate": True}
    trained = ours.train(settings)
    assert [point["epoch"] for point in trained["points"]] == [1, 2, 3]
    assert all(0 < point["seconds"] < point["seconds_with_validation"] for point in trained["points"])
    assert trained["best_epoch"] == load("costs").best_point(trained, METRIC)["epoch"]
    assert set(trained["test"]) == {METRIC, "ndcg@10", "mrr@10"}
    blind = ours.train(settings | {"validate": False})
    assert all("valid" not in point for point in blind["points"])
    popular = ours.train(settings | {"config": [*config, "model=popularity"]})
    assert [point["epoch"] for point in popular["points"]] == [1]


@pytest.mark.slow
def test_the_peers_judge_popularity_as_kgrec_does(
    load: Any, prepared: Prepared, tmp_path: Path, shop_overrides: list[str]
) -> None:
    environment = load("environment")
    if not environment.is_ready():
        pytest.skip("the peers' environment is not made: python benchmarks/peers/environment.py")
    folder = tmp_path / "shop"
    load("files").write_files(prepared, folder)
    jobs = load("jobs")
    from omegaconf import OmegaConf

    plain: Any = OmegaConf.to_container(OmegaConf.load(PEERS / "recipes.yaml"))
    made = jobs.all_jobs(plain, ["popularity"], jobs.Scale("shop"), folder)
    (job,) = [job for job in made if job.side == "RecBole"]
    jobs.run_job(job, tmp_path, environment.python_of(environment.FOLDER))
    theirs = json.loads(job.path(tmp_path).read_text())
    low, high = (popularity_recall(prepared, lucky) for lucky in (False, True))
    # Items of equal popularity may stand in any order.
    assert low - 1e-6 <= theirs["test"][METRIC] <= high + 1e-6
    assert high - low < 0.2
    missing = jobs.Job("KGAT", "RecBole", "best", 0, job.settings | {"model": "KGAT", "config": {}})
    jobs.run_job(missing, tmp_path, environment.python_of(environment.FOLDER))
    assert "dgl" in json.loads(missing.path(tmp_path).read_text())["error"]


def popularity_recall(prepared: Prepared, lucky: bool) -> float:
    """Recall@10 where every tie goes for the truth, or every one against it."""
    known, truth = prepared.known_before("test"), prepared.truth("test")
    counts = np.bincount(prepared.split.train.items, minlength=len(prepared.dataset.items)).astype(float)
    recalls = []
    for user in np.flatnonzero(truth.counts()):
        scores = counts.copy()
        scores[truth.of(user)] += 0.5 if lucky else -0.5
        scores[known.of(user)] = -1
        recalls.append(np.isin(truth.of(user), np.argsort(-scores)[:10]).mean())
    return float(np.mean(recalls))


def test_the_environment_is_remade_when_what_it_is_made_of_changes(
    load: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = load("environment")
    calls: list[list[str]] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append([str(part) for part in command])
        python = environment.python_of(tmp_path)
        python.parent.mkdir(parents=True, exist_ok=True)
        python.touch()
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(environment.subprocess, "run", run)
    assert not environment.is_ready(tmp_path)
    environment.make_environment(tmp_path)
    assert [call[1:3] for call in calls] == [["-m", "venv"], ["-m", "pip"]]
    assert calls[1][-1] == f"torch=={torch.__version__.split('+')[0]}"
    environment.make_environment(tmp_path)
    assert len(calls) == 2
    monkeypatch.setattr(environment, "torch_pin", lambda: "torch==0.1")
    assert not environment.is_ready(tmp_path)
