"""Do the paths explain? `python benchmarks/explanation/fidelity.py --run RUN --name dbbook2014`.

For people and what is recommended to them: the edges of the top path are taken away, and those of another
path of the same pair, drawn at random; whose loss lowers the score more? Edges are really taken away, by
code that shares nothing with what ranked the paths: the whole graph is built anew without the facts and the
interaction, the trained network propagates over it once more, and the score is read from its vectors. Where a
model has no graph (EASE) the past item leaves the history.

A ranking by the graph asks the same network for the same fall by a faster way, so it can hardly lose: its row
says that the fast way is right. `--judge RUN` lets another training of the same data (another seed) judge
instead: then the row says whether the reasons are those of the data or of one network's chance.
"""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from refitted import WholeGraph, WithoutHistory

from kgrec.errors import ConfigError
from kgrec.explanation.explainer import Explainer
from kgrec.progress import progress
from kgrec.recommender import Recommender
from kgrec.retrieval.people import People

RESULTS = Path(__file__).resolve().parent.parent / "results"
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """One pair of a person and an item."""

    top: float
    """How far the score falls without the first path."""
    other: float
    """Without a random other one."""
    below: float
    """Without a random one of the lower half."""


def main(
    run: Annotated[Path, typer.Option(help="A run directory.")],
    name: Annotated[str, typer.Option(help="Name of the result: explanation-NAME.md.")],
    pairs: Annotated[int, typer.Option(help="Pairs of a person and a recommended item.")] = 300,
    seed: Annotated[int, typer.Option(help="Of the sample and of the random paths.")] = 0,
    judge: Annotated[Path | None, typer.Option(help="Another run of the same data, to judge.")] = None,
) -> None:
    """Measure and write the table."""
    torch.set_num_threads(1)
    recommender = Recommender.load(run)
    sample = sample_pairs(recommender, pairs, seed)
    own = recommender.explainer
    graph = WholeGraph.of(recommender if judge is None else other_training(judge, recommender))
    # What the live model ranks by once items came that the trained graph has not.
    by_history = Explainer(own.maker.facts, recommender.seen, recommender.scorer)
    rankings = {"its history": by_history} if graph is None else {"the graph": own, "the history": by_history}
    by = graph or WithoutHistory(recommender.scorer)
    found = {name_of: judged(recommender, one, by, sample, seed) for name_of, one in rankings.items()}
    out = RESULTS / f"explanation-{name}.md"
    out.write_text(report(recommender, found, len(sample), how(graph, judge)))
    print(out.read_text())


def other_training(run: Path, first: Recommender) -> Recommender:
    """The judge. Raises ConfigError where its rows or split are others, or it has no graph."""
    other = Recommender.load(run)
    same = all(getattr(first, rows).ids == getattr(other, rows).ids for rows in ("users", "items"))
    past = same and np.array_equal(first.seen.items, other.seen.items)
    if not past or WholeGraph.of(other) is None:
        raise ConfigError(
            f"--judge {run}: no flagship of the same data and split; train one with another seed"
        )
    return other


def how(graph: WholeGraph | None, judge: Path | None) -> str:
    """How edges go, in words."""
    if graph is None:
        return "the past item leaves the history"
    network = "the trained network" if judge is None else "a network that was trained from another seed"
    return f"the graph is built anew without the edges and {network} propagates over it once more"


def sample_pairs(recommender: Recommender, n: int, seed: int) -> list[tuple[str, str]]:
    """People drawn at random, and for each one of their ten best items."""
    rng = np.random.default_rng(seed)
    with_past = np.flatnonzero(recommender.seen.counts() >= 3)
    users = [
        recommender.users.ids[row] for row in rng.choice(with_past, min(n, len(with_past)), replace=False)
    ]
    best = recommender.recommend(users, 10)
    return [(user, hits[rng.integers(len(hits))].item) for user, hits in zip(users, best, strict=True)]


def judged(
    recommender: Recommender,
    explainer: Explainer,
    judge: WholeGraph | WithoutHistory,
    sample: list[tuple[str, str]],
    seed: int,
) -> list[Judged]:
    """Each pair that has at least two paths."""
    rng = np.random.default_rng(seed + 1)
    people = People(recommender.users, recommender.items, recommender.seen)
    found = []
    for user, item in progress(sample, desc="removing paths", unit="pair"):
        person, row = people.person(user, None), recommender.items.row(item)
        trails = [trail for trail, _ in explainer.scored(person, row)]
        if len(trails) < 2:
            continue
        other = trails[int(rng.integers(1, len(trails)))]
        half = trails[max(1, len(trails) // 2) :]
        last = half[int(rng.integers(len(half)))]
        found.append(Judged(*(judge.drop(person, row, trail) for trail in (trails[0], other, last))))
    return found


def table_rows(ranking: str, pairs: list[Judged]) -> list[str]:
    """Two lines: against any other path, and against those of the lower half."""
    top, other, below = (
        np.array([getattr(one, name) for one in pairs]) for name in ("top", "other", "below")
    )
    lines = []
    for label, second in (("a random other path", other), ("a random one of the lower half", below)):
        wins = (top > second).astype(float)
        low, high = interval(wins)
        share = f"{wins.mean():.1%} | {low:.1%} to {high:.1%}"
        means = f"{top.mean():.4f} | {second.mean():.4f}"
        lines.append(f"| {ranking} | {label} | {len(wins)} | {share} | {means} |")
    return lines


def report(recommender: Recommender, found: dict[str, list[Judged]], n: int, removal: str) -> str:
    """The table and what stands around it."""
    config = recommender.config
    lines = [
        f"{config.data.name}, {config.model.name}: {n} people drawn at random, one of each person's ten best "
        f"items; pairs with fewer than two paths are left out. Edges really go: {removal}. Equal falls count "
        "against the top path. Interval: 95%, people resampled.",
        "",
        "| ranked by | top path against | pairs | lowers the score more | 95% | fall, top | fall, other |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *(row for ranking, pairs in found.items() for row in table_rows(ranking, pairs)),
    ]
    for ranking, pairs in found.items():
        equal = np.array([(one.top == one.other, one.top == one.below) for one in pairs]).mean(0)
        if equal.any():
            lines += [
                "",
                f"By {ranking}: {equal[0]:.1%} (any other) and {equal[1]:.1%} (lower half) are equal.",
            ]
    return "\n".join(lines) + "\n"


def interval(values: np.ndarray) -> tuple[float, float]:
    """95% of the means of 2,000 resamples."""
    rng = np.random.default_rng(5)
    means = values[rng.integers(len(values), size=(2000, len(values)))].mean(1)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


if __name__ == "__main__":
    typer.run(main)
