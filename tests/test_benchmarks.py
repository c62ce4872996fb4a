"""The benchmark table: only missing runs are run, and its numbers are those of the runs."""

import sys
from pathlib import Path
from types import ModuleType

import polars as pl
import pytest
import typer
from omegaconf import OmegaConf

from kgrec.evaluation.significance import bootstrap_interval
from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def reproduce(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("reproduce", "result_table", "row_tests", "kept_rows"):
        sys.modules.pop(name, None)
    import reproduce

    return reproduce


def spec(shop_overrides: list[str]) -> dict[str, object]:
    return {
        "note": "A shop.",
        "base": shop_overrides,
        "seeds": [["data.split.seed=1", "seed=1"], ["data.split.seed=2", "seed=2"]],
        "metrics": ["recall@10", "ndcg@10"],
        "compare": ["recall@10"],
        "flagship": "EASE",
        "rows": {"popularity": ["model=popularity"], "EASE": ["model=ease", "model.l2=10"]},
        "published": {"Somebody": {"values": {"recall@10": 0.5}, "source": "a paper"}},
    }


def test_a_table_is_finished_once_and_tells_its_runs(
    reproduce: ModuleType, shop_overrides: list[str], tmp_path: Path, cache: Path
) -> None:
    table = spec(shop_overrides)
    jobs = reproduce.table_jobs(table, tmp_path / "runs")
    assert [(job.row, job.seed) for job in jobs] == [
        ("popularity", 0), ("EASE", 0), ("popularity", 1), ("EASE", 1),
    ]  # fmt: skip
    assert not any(reproduce.is_done(job) for job in jobs)
    for job in jobs:
        reproduce.run_experiment(job.config, job.path)
    assert all(reproduce.is_done(job) for job in jobs)
    changed = reproduce.table_jobs(
        table | {"rows": {"EASE": ["model=ease", "model.l2=11"]}}, tmp_path / "runs"
    )
    assert not any(reproduce.is_done(job) for job in changed)

    from result_table import write_results
    from row_tests import user_means

    runs = {row: [Run(job.path) for job in jobs if job.row == row] for row in ("popularity", "EASE")}
    text = write_results(table, runs, tmp_path / "shop")
    assert (tmp_path / "shop.md").read_text() == text
    written = pl.read_csv(tmp_path / "shop.csv")
    recalls = [run.read_json("metrics.json")["test"]["recall@10"] for run in runs["EASE"]]
    assert written.filter(pl.col("row") == "EASE")["recall@10"][0] == pytest.approx(sum(recalls) / 2)
    of_people = user_means(runs["EASE"], "recall@10")["value"].to_numpy()
    low, high = bootstrap_interval(of_people, 2_000, 0)
    assert low <= of_people.mean() <= high
    assert (
        f" ± {written.filter(pl.col('row') == 'EASE')['recall@10 sd'][0]:.4f} | [{low:.4f}, {high:.4f}] |"
        in text
    )
    assert "EASE - popularity" in text
    assert "*published:* Somebody" in text
    assert (tmp_path / "shop.png").read_bytes().startswith(b"\x89PNG")
    named = table | {"published": {"EASE": {"values": {"recall@10": 0.4321}, "source": "a paper"}}}
    lines = write_results(named, runs, tmp_path / "named").splitlines()
    place = next(place for place, line in enumerate(lines) if line.startswith("| EASE |"))
    assert lines[place + 1].startswith("| *published:* EASE, a paper | 0.4321 |  |")


def test_a_row_without_runs_keeps_its_numbers(
    reproduce: ModuleType, shop_overrides: list[str], tmp_path: Path, cache: Path
) -> None:
    table = spec(shop_overrides)
    jobs = reproduce.table_jobs(table, tmp_path / "runs")
    for job in jobs:
        reproduce.run_experiment(job.config, job.path)
    from result_table import write_results

    runs = reproduce.finished_runs(table, jobs)
    first = write_results(table, runs, tmp_path / "shop")
    commit = runs["EASE"][0].read_json("environment.json")["commit"][:7]
    assert commit in first.splitlines()[-1] and "`python benchmarks/reproduce.py --table shop`" in first
    written = (tmp_path / "shop.csv").read_text()
    # No run is left, then all of one row: the numbers stay, and so do the tests, byte for byte.
    assert write_results(table, {}, tmp_path / "shop") == first
    assert write_results(table, {"popularity": runs["popularity"]}, tmp_path / "shop") == first
    assert (tmp_path / "shop.csv").read_text() == written
    # With the flagship's runs alone nothing can be paired, and the table says so.
    alone = write_results(table, {"EASE": runs["EASE"]}, tmp_path / "shop")
    assert "EASE - popularity" not in alone
    assert "Not tested against EASE, for want of runs to pair: popularity." in alone
    assert (tmp_path / "shop.csv").read_text() == written
    # A column that the kept row does not have cannot be made up: the row is left out.
    more = write_results(
        table | {"metrics": ["recall@10", "mrr@10"]}, {"EASE": runs["EASE"]}, tmp_path / "shop"
    )
    assert "| popularity |" not in more and "| EASE |" in more


def test_rows_are_named_or_told(reproduce: ModuleType) -> None:
    table = {"rows": {"one": [], "slow": []}, "on_request": ["slow"]}
    assert reproduce.wanted_rows(table, "") == ["one"]
    assert reproduce.wanted_rows(table, "slow; one") == ["slow", "one"]
    with pytest.raises(typer.BadParameter, match=r"no such row: \['two'\]; there are \['one', 'slow'\]"):
        reproduce.wanted_rows(table, "two")


def test_a_row_is_shown_once_its_every_repetition_is_there(
    reproduce: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    jobs = [reproduce.Job(row, seed, None, tmp_path / row / str(seed)) for row in "abc" for seed in (0, 1)]
    monkeypatch.setattr(reproduce, "is_done", lambda job: (job.row, job.seed) != ("b", 1))
    runs = reproduce.finished_runs({"rows": {"a": [], "b": [], "c": []}}, jobs)
    assert {row: [run.path for run in own] for row, own in runs.items()} == {
        "a": [tmp_path / "a" / "0", tmp_path / "a" / "1"],
        "c": [tmp_path / "c" / "0", tmp_path / "c" / "1"],
    }


def test_every_row_of_every_table_composes_and_shares_its_repetitions(reproduce: ModuleType) -> None:
    for path in (ROOT / "benchmarks" / "tables").glob("*.yaml"):
        table = reproduce.read_spec(path.stem)
        jobs = reproduce.table_jobs(table, Path("runs"))
        assert len(jobs) == len(table["rows"]) * len(table["seeds"])
        for seed in range(len(table["seeds"])):
            splits = {job.config.data.split.seed for job in jobs if job.seed == seed}
            assert len(splits) == 1
        assert table["flagship"] in table["rows"]
        if not path.stem.endswith("-paper"):
            assert {"popularity", "ItemKNN", "EASE", "LightGCN"} <= set(table["rows"])


def test_a_table_of_papers_tells_what_its_recipes_tell(reproduce: ModuleType) -> None:
    table = reproduce.read_spec("lastfm-paper")
    assert table["rows"].keys() == table["published"].keys()
    by_one_recipe = reproduce.read_spec("lastfm")["published"]
    for row, (override,) in table["rows"].items():
        recipe = OmegaConf.load(ROOT / "conf" / f"{override.replace('=', '/')}.yaml")
        values = table["published"][row]["values"]
        assert recipe.reference.test == values
        assert by_one_recipe[row.removeprefix("paper: ")]["values"].items() <= values.items()
        assert reproduce.composed(table["rows"][row]).data.name == "lastfm"
