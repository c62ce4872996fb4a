"""What a source of knowledge is worth: groups, means, differences and Holm's correction by hand."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import polars as pl
import pytest
from omegaconf import OmegaConf

from kgrec.config import Config
from kgrec.data.vocabulary import Vocabulary
from kgrec.models.config import MODEL_CONFIGS
from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent
USERS, ITEMS = [f"u{place}" for place in range(14)], ["c", "p", "q", "r"]
# p has 12 of 14 interactions (the evaluator's head), q and r have one each (its tail), c has none.
TRAIN = [(f"u{place}", "p") for place in range(12)] + [("u12", "q"), ("u13", "r")]
TEST = [("u0", "q"), ("u0", "r"), ("u12", "p"), ("u12", "c"), ("u13", "q"), ("u13", "c")]
FIRST = {"u0": "qrc", "u12": "prc", "u13": "cpq"}
SECOND = {"u0": "qcr", "u12": "crp", "u13": "pqc"}

Lists = dict[str, str]
MakeRun = Callable[..., Run]


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("reproduce", "result_table"):
        sys.modules.pop(name, None)


@pytest.fixture
def make_run(tmp_path: Path, composed: Callable[..., Config]) -> MakeRun:
    """A run directory with what the report reads: its lists, its split, its own test value."""
    config = composed("model=popularity", "evaluation.ks=[2]", "evaluation.top_k=3")

    def make(name: str, lists: Lists, valid: list[tuple[str, str]] = [], recall: float | None = None) -> Run:  # noqa: B006
        run = Run(tmp_path / name)
        config.training.refit = bool(valid)
        run.write_text("config.yaml", OmegaConf.to_yaml(OmegaConf.structured(config)))
        Vocabulary(USERS, "user").save(run.path / "vocabulary" / "users.parquet")
        Vocabulary(ITEMS, "item").save(run.path / "vocabulary" / "items.parquet")
        seen = [
            (*pair, part)
            for part, pairs in (("train", TRAIN), ("valid", valid), ("test", TEST))
            for pair in pairs
        ]
        run.write_table("seen.parquet", pl.DataFrame(seen, schema=["user", "item", "part"], orient="row"))
        ranked = [(user, rank, item) for user, items in lists.items() for rank, item in enumerate(items, 1)]
        run.write_table("top_k.parquet", pl.DataFrame(ranked, schema=["user", "rank", "item"], orient="row"))
        run.write_json("metrics.json", {"test": {} if recall is None else {"recall@2": recall}})
        return run

    return make


def values_of(frame: pl.DataFrame) -> dict[tuple[str, str], float]:
    return {(user, group): value for user, group, value in frame.select("user", "group", "value").rows()}


BY_HAND = {
    ("u0", "all"): 1.0, ("u12", "all"): 0.5, ("u13", "all"): 0.5,
    ("u0", "rare"): 1.0, ("u13", "rare"): 0.0,
    ("u12", "cold"): 0.0, ("u13", "cold"): 1.0,
}  # fmt: skip


def test_a_group_restricts_the_truth_and_not_the_ranking(make_run: MakeRun) -> None:
    from group_values import group_values

    run = make_run("first", FIRST, recall=2 / 3)
    assert values_of(group_values(run, "recall@2", ["all", "rare", "cold"])) == BY_HAND
    assert values_of(group_values(run, "hit@3", ["rare"])) == {("u0", "rare"): 1.0, ("u13", "rare"): 1.0}


def test_an_item_that_a_refit_learned_from_is_not_cold(make_run: MakeRun) -> None:
    from group_values import group_values

    found = group_values(make_run("refit", FIRST, valid=[("u1", "c")]), "recall@2", ["rare", "cold"])
    assert set(found["group"]) == {"rare"}
    assert values_of(found)["u12", "rare"] == 0.0
    assert values_of(found)["u13", "rare"] == 0.5


def test_lists_that_do_not_fit_the_run_are_refused(make_run: MakeRun) -> None:
    from group_values import group_values

    with pytest.raises(ValueError, match=r"0\.6667 by top_k\.parquet and 0\.5000"):
        group_values(make_run("other", FIRST, recall=0.5), "recall@2", ["all"])
    with pytest.raises(ValueError, match="saved 3 items"):
        group_values(make_run("short", FIRST), "recall@4", ["all"])
    with pytest.raises(ValueError, match="no group 'warm'"):
        group_values(make_run("warm", FIRST), "recall@2", ["warm"])


def test_the_evaluator_finds_the_same_values(
    trained: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    import group_values

    # The planted shop is so even that no test item is in its tail: the same path by its head.
    monkeypatch.setattr(group_values, "SLICES", {"rare": "head"})
    run = trained("ease")
    found = group_values.group_values(run, "recall@5", ["all", "rare"])
    test = run.read_json("metrics.json")["test"]
    means = found.group_by("group").agg(pl.col("value").mean())
    assert dict(means.rows()) == pytest.approx({"all": test["recall@5"], "rare": test["recall@5/items:head"]})
    saved = run.read_table("per_user.parquet").filter((pl.col("metric") == "recall") & (pl.col("k") == 5))
    of_all = found.filter(pl.col("group") == "all").select("user", "value").sort("user")
    assert of_all.rows() == saved.select("user", "value").sort("user").rows()


DECLARED = {
    "note": "A shop.",
    "base": [],
    "metric": "recall@2",
    "seeds": [0, 1],
    "shuffles": [5, 6],
    "crossed": True,
    "groups": ["all", "rare", "cold"],
    "flagship": "a",
    "models": {"a": [], "b": []},
    "variants": {"full": [], "kg=shuffled": ["kg=shuffled"]},
    "contrasts": {"facts": ["full", "kg=shuffled"]},
    "declared": {"contrasts": ["facts"], "groups": ["all", "rare"], "family": ["shop", "mall"]},
}


def declaration(folder: Path, name: str = "shop", **changes: object) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yaml").write_text(OmegaConf.to_yaml(OmegaConf.create(DECLARED | changes)))


def test_differences_of_users_averaged_over_their_runs(make_run: MakeRun, tmp_path: Path) -> None:
    from knowledge_jobs import read_declaration
    from knowledge_tests import compare_contrasts

    declaration(tmp_path / "declared")
    first, second = make_run("first", FIRST), make_run("second", SECOND)
    runs = {"a": {"full": [first], "kg=shuffled": [first, second, second, second]}, "b": {"full": [first]}}
    found = compare_contrasts(read_declaration("shop", tmp_path / "declared"), runs)
    # By SECOND recall@2 is .5 for u0 (rare .5), .5 for u12 (cold 1) and .5 for u13 (rare 1, cold 0); three of
    # four runs of the control are it. Differences, all: u0 1 - .625, others 0; rare: u0 .375, u13 0 - .75;
    # cold: u12 0 - .75, u13 1 - .25.
    assert found.select("group", "users", "declared").rows() == [
        ("all", 3, True), ("rare", 2, True), ("cold", 2, False),
    ]  # fmt: skip
    assert found["difference"].to_list() == pytest.approx([0.375 / 3, (0.375 - 0.75) / 2, 0.0])
    assert found["with"].to_list() == pytest.approx([2 / 3, 0.5, 0.5])
    assert found["p"].to_list() == pytest.approx([1.0, 1.0, 1.0])  # one or two users decide nothing
    assert found["p_holm"].to_list() == [None, None, None]


def test_a_declared_test_without_users_is_refused(make_run: MakeRun, tmp_path: Path) -> None:
    from knowledge_jobs import read_declaration
    from knowledge_tests import compare_contrasts

    declaration(
        tmp_path / "declared",
        declared={"contrasts": ["facts"], "groups": ["cold"], "family": ["shop"]},
    )
    run = make_run("warm", FIRST, valid=[("u1", "c")])
    with pytest.raises(ValueError, match="no users or no runs"):
        compare_contrasts(
            read_declaration("shop", tmp_path / "declared"), {"a": {"full": [run], "kg=shuffled": [run]}}
        )


def results(p_values: list[float], declared: list[bool]) -> pl.DataFrame:
    from knowledge_tests import SCHEMA

    rows = [
        {"model": "a", "contrast": "facts", "group": group, "users": 9, "with": 0.5, "without": 0.4}
        | {"difference": 0.1, "low": -0.1, "high": 0.3, "p": p, "declared": is_declared}
        for group, p, is_declared in zip(["all", "rare", "cold"], p_values, declared, strict=True)
    ]
    return pl.DataFrame(rows, schema=SCHEMA)


def test_holm_runs_over_the_declared_tests_of_the_whole_family(tmp_path: Path) -> None:
    from knowledge_report import read_results, write_reports

    for name in ("shop", "mall"):
        declaration(tmp_path / "declared", name)
    write = partial(write_reports, folder=tmp_path / "results", declarations=tmp_path / "declared")
    tested = [True, True, False]
    alone = write("shop", results([0.01, 0.04, 0.001], tested))
    assert "Open until these are tested as well: mall." in alone
    assert "| 0.0100 | open |" in alone
    assert "| 0.0010 | exploratory |" in alone
    text = write("mall", results([0.03, 0.005, 0.002], tested))
    # .005 x 4 = .02, .01 x 3 = .03, .03 x 2 = .06, and .04 x 1 not below the one before it: .06.
    assert "| 0.0300 | 0.0600 |" in text
    assert "Open until" not in text
    shop = read_results(tmp_path / "results" / "knowledge-shop.csv")
    assert shop["p_holm"].to_list() == [pytest.approx(0.03), pytest.approx(0.06), None]
    assert "| 0.0400 | 0.0600 |" in (tmp_path / "results" / "knowledge-shop.md").read_text()
    assert (tmp_path / "results" / "knowledge-mall.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"crossed": False, "shuffles": [1]}, "no pairs"),
        ({"groups": ["all"]}, "declared.groups"),
        ({"contrasts": {"text": ["full", "full"]}}, "declared.contrasts"),
        ({"declared": {"contrasts": ["facts"], "groups": ["all"], "family": ["mall"]}}, "its own family"),
    ],
)
def test_a_declaration_that_contradicts_itself_is_refused(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    from knowledge_jobs import read_declaration

    declaration(tmp_path, **changes)
    with pytest.raises(ValueError, match=message):
        read_declaration("shop", tmp_path)


def test_the_declarations_of_the_project_compose() -> None:
    from knowledge_jobs import FOLDER, knowledge_jobs, read_declaration

    for path in FOLDER.glob("*.yaml"):
        declared = read_declaration(path.stem)
        assert declared.metric == "recall@20"
        assert len(declared.shuffles) == 3
        for name in declared.declared["family"]:
            assert read_declaration(name).declared["family"] == declared.declared["family"]
        used = {variant for pair in declared.contrasts.values() for variant in pair}
        assert used == set(declared.variants)
        variants = knowledge_jobs(declared, [declared.flagship], Path("runs"))[declared.flagship]
        assert set(variants) == set(declared.variants)
        shuffled = {(job.config.seed, job.config.kg_seed) for job in variants["kg=shuffled"]}
        assert len(shuffled) == len(declared.seeds) * (len(declared.shuffles) if declared.crossed else 1)
        named = [override for overrides in declared.models.values() for override in overrides]
        models = {override.removeprefix("model=") for override in named if override.startswith("model=")}
        assert models <= set(MODEL_CONFIGS)


def test_from_declaration_to_report_on_the_shop(
    monkeypatch: pytest.MonkeyPatch, shop_overrides: list[str], tmp_path: Path, cache: Path
) -> None:
    import knowledge
    from reproduce import run_job

    small = ["features.text.enabled=false", "evaluation.bootstrap=0", "training.epochs=2"]
    declaration(
        tmp_path / "declared",
        base=[*shop_overrides, *small],
        metric="recall@5",
        groups=["all", "rare"],
        models={"a": ["model=kgrec", "model.dim=8"], "b": ["model=lightkg", "model.dim=8"]},
        variants=DECLARED["variants"] | {"kge=none": ["features.kge.enabled=false"]},  # type: ignore[operator]
        contrasts={"facts": ["full", "kg=shuffled"], "embeddings": ["full", "kge=none"]},
        declared={"contrasts": ["facts"], "groups": ["all"], "family": ["shop"]},
    )
    done: list[str] = []

    def run_here(jobs: list, workers: int, name: str) -> None:  # type: ignore[type-arg]
        done.extend(job.row for job in jobs)
        for job in jobs:
            run_job(job)

    read, write = knowledge.read_declaration, knowledge.write_reports
    monkeypatch.setattr(knowledge, "read_declaration", partial(read, folder=tmp_path / "declared"))
    monkeypatch.setattr(knowledge, "write_reports", partial(write, declarations=tmp_path / "declared"))
    monkeypatch.setattr(knowledge, "run_jobs", run_here)
    monkeypatch.setattr(knowledge, "HERE", tmp_path)
    knowledge.main("shop", "", tmp_path / "runs", "a, full", 1)
    assert done == ["a, full"] * 2
    assert not (tmp_path / "results").exists()
    knowledge.main("shop", "all", tmp_path / "runs", "", 1)
    # LightKG reads no features, so that it has no kge=none; every seed stands under every shuffle.
    rows = {"a, full": 2, "a, kg=shuffled": 4, "a, kge=none": 2, "b, full": 2, "b, kg=shuffled": 4}
    assert {row: done.count(row) for row in done} == rows
    found = pl.read_csv(tmp_path / "results" / "knowledge-shop.csv")
    assert set(found.select("model", "contrast").rows()) == {
        ("a", "facts"), ("a", "embeddings"), ("b", "facts"),
    }  # fmt: skip
    one = found.row(0, named=True)
    assert (one["model"], one["group"], one["declared"]) == ("a", "all", True)
    assert one["p_holm"] == pytest.approx(one["p"])  # a family of one
    recalls = [
        Run(tmp_path / "runs" / "shop" / "a" / "full" / f"{seed}-0").read_json("metrics.json")["test"][
            "recall@5"
        ]
        for seed in (0, 1)
    ]
    assert one["with"] == pytest.approx(sum(recalls) / 2)
