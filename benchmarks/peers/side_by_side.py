"""kgrec beside RecBole and implicit on one split: `python benchmarks/peers/side_by_side.py --data NAME`.

Makes the peers' environment, writes the split for them, runs what is missing (each job in a process of its
own, the sides taking turns) and writes benchmarks/results/peers-DATA.{md,csv,png}. Nothing else should run on
the machine meanwhile.
"""

import json
import logging
import platform
import sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from costs import cost
from environment import make_environment
from files import data_hashes, write_files
from hydra import compose, initialize_config_dir
from jobs import Job, Scale, all_jobs, run_job
from omegaconf import OmegaConf
from report import Comparison, table, write_csv, write_picture

from kgrec.config import register_schemas, typed_config
from kgrec.prepare import prepare
from kgrec.progress import progress
from kgrec.run_names import register_resolvers

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
log = logging.getLogger("peers")


def main(
    data: Annotated[str, typer.Option(help="A file of conf/data, without its ending.")] = "lastfm",
    models: Annotated[str, typer.Option(help="Models of recipes.yaml, by commas; empty = its default.")] = "",
    epochs: Annotated[int, typer.Option(min=0, help="At most so many epochs; 0 = as the recipes say.")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads of every side.")] = 1,
    rounds: Annotated[int, typer.Option(min=1, help="How often each side's epochs are timed.")] = 3,
    speed_epochs: Annotated[int, typer.Option(min=1, help="Epochs timed a round, after one to warm up.")] = 5,
    runs_dir: Annotated[Path, typer.Option(help="Where results of jobs are kept.")] = Path("runs/peers"),
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Run what is missing, then write and print the report."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    recipes = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(HERE / "recipes.yaml")))
    names = [name.strip() for name in models.split(",")] if models else list(recipes["default"])
    folder = runs_dir.resolve() / data
    scale = Scale(data, threads, rounds, speed_epochs, epochs)
    files = write_split(data, folder)
    jobs = all_jobs(recipes, names, scale, files)
    peers_python = make_environment()
    for job in progress(jobs, desc=f"peers, {data}", unit="job"):
        run_job(job, folder, peers_python)
    comparison = compared(jobs, folder, recipes["metric"])
    path = output / f"peers-{data}"
    text = markdown(comparison, scale, recipes)
    output.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".md").write_text(text)
    write_csv(comparison, path.with_suffix(".csv"))
    write_picture(comparison, f"{data}, best recipe of each side", path.with_suffix(".png"))
    print(text)


def write_split(data: str, folder: Path) -> Path:
    """The folder with the data set's parts, written where it is not there yet or of another split."""
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
        prepared = prepare(typed_config(compose("config", overrides=[f"data={data}"])))
    # A name of its own, because RecBole reads what it calls ml-100k from its own package.
    files = folder / "files" / f"{data}-split"
    sizes = files / "sizes.json"
    if not sizes.is_file() or json.loads(sizes.read_text())["sha256"] != data_hashes(prepared):
        write_files(prepared, files)
    return files


def compared(jobs: list[Job], folder: Path, metric: str) -> Comparison:
    """The results of jobs that were run, summed up."""
    results: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for job in jobs:
        result = json.loads(job.path(folder).read_text())
        results.setdefault((job.model, job.side, job.purpose), []).append(result)
    comparison = Comparison(metric)
    pairs = dict.fromkeys((job.model, job.side) for job in jobs if job.purpose == "best")
    for model, side in pairs:
        same, best = results.get((model, side, "same"), []), results[model, side, "best"]
        errors = [result["error"] for result in [*same, *best] if "error" in result]
        if errors:
            comparison.errors[model, side] = errors[0]
        else:
            comparison.costs.append(cost(model, side, same, best, metric))
            comparison.best[model, side] = best
    return comparison


def markdown(comparison: Comparison, scale: Scale, recipes: dict[str, Any]) -> str:
    """The report: how it was measured, then the table."""
    release = version("torch")
    shown = ", ".join(f"{name} {value}" for name, value in asdict(scale).items() if name != "data")
    lines = [
        f"{scale.data} ({shown}), {platform.machine()}, torch {release} on all sides, CPU. Every side has "
        "the same train, valid and test pairs and the same triples; full ranking of what a person has "
        "not had. Huge pages and freed memory that is kept, which kgrec asks for by itself, are set for all.",
        "",
        "**s / epoch, same loss**: training alone, BPR with one negative, 2,048 interactions a step, 64 "
        f"dims, median over {scale.rounds} rounds of {scale.speed_epochs} epochs; *peak GiB* is of the same "
        "processes, as a whole. "
        f"**s to best**: training alone until the best epoch by valid {comparison.metric}, of the best of "
        "each side's recipes (`benchmarks/peers/recipes.yaml`); recall and ndcg are of that epoch on test. "
        "**kgrec as good after s**: when a recipe of kgrec's first reached the peer's best valid value. "
        "One seed: on lastfm a difference of .01 in recall is one standard error.",
        "",
        "RecBole's KGIN and MCCLK call `torch_scatter`, which has no wheel for this torch: a stand-in by "
        "torch's own operators takes its place (`benchmarks/peers/stand_in`). RecBole ranks 1,024 people at "
        "once here, as kgrec does; by default it would rank as many as make 4,096 scores. An iteration of "
        "implicit stands as its epoch; its BPR takes one interaction a step. ALS has no BPR loss, so its "
        "seconds an epoch are of its own; of kgrec's the curve has a point a number of sweeps, each fitted "
        "anew.",
        "",
        table(comparison, recipes["published"]),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
