"""Train one model of `implicit` and write what it cost: `python run_implicit.py SETTINGS.json RESULT.json`.

Run by the peers' own Python (see environment.py), so it imports nothing of kgrec: the ranking is judged
here, as kgrec and RecBole judge theirs (every item but the known ones, means over people with a truth).
"""

import json
import resource
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

USERS_AT_ONCE = 1024


class Enough(Exception):  # noqa: N818 - it is no error
    """Valid has not improved for as long as the settings allow: the only way out of implicit's loop."""


class Judge:
    """Called by implicit after each iteration; keeps the clock, the curve and the best factors."""

    def __init__(self, model: Any, parts: dict[str, sp.csr_matrix], settings: dict[str, Any]) -> None:
        self.model, self.parts, self.settings = model, parts, settings
        self.points: list[dict[str, Any]] = []
        self.best, self.best_epoch = -1.0, 0
        self.factors: tuple[np.ndarray, np.ndarray] = (np.empty(0), np.empty(0))
        self.seconds = self.validation = 0.0
        self.started = time.perf_counter()

    def __call__(self, iteration: int, *_: Any) -> None:
        """One iteration is done."""
        stopped = time.perf_counter()
        self.seconds += stopped - self.started
        epoch = iteration + 1
        point: dict[str, Any] = {"epoch": epoch}
        if self.settings["validate"] and epoch % self.settings["evaluate_every"] == 0:
            factors = (np.array(self.model.user_factors), np.array(self.model.item_factors))
            point["valid"] = ranking_metrics(*factors, self.parts["valid"], self.parts["train"])
            self.validation += time.perf_counter() - stopped
        now = point.get("valid", {}).get(self.settings["metric"], -1.0)
        if now > self.best or not self.settings["validate"]:
            self.best, self.best_epoch = now, epoch
            self.factors = (np.array(self.model.user_factors), np.array(self.model.item_factors))
        both = {"seconds": self.seconds, "seconds_with_validation": self.seconds + self.validation}
        self.points.append(point | both)
        if epoch - self.best_epoch >= self.settings["patience"]:
            raise Enough
        self.started = time.perf_counter()


def main(settings_path: str, result_path: str) -> None:
    """Do the job of a settings file."""
    settings = json.loads(Path(settings_path).read_text())
    result = train(settings)
    result |= {"settings": settings, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    part = Path(result_path).with_suffix(".part")
    part.write_text(json.dumps(result, indent=2) + "\n")
    part.replace(result_path)


def train(settings: dict[str, Any]) -> dict[str, Any]:
    """Fit until the iterations or the patience run out, judge the best iteration on test."""
    from implicit.cpu.als import (  # type: ignore[import-not-found, unused-ignore]
        AlternatingLeastSquares,
    )
    from implicit.cpu.bpr import (  # type: ignore[import-not-found, unused-ignore]
        BayesianPersonalizedRanking,
    )

    started = time.perf_counter()
    parts = read_parts(Path(settings["files"]))
    kinds = {"ALS": AlternatingLeastSquares, "BPR": BayesianPersonalizedRanking}
    model = kinds[settings["model"]](
        iterations=settings["epochs"],
        num_threads=settings["threads"],
        random_state=settings["seed"],
        **settings["config"],
    )
    prepare_seconds = time.perf_counter() - started
    judge = Judge(model, parts, settings)
    try:
        model.fit(parts["train"], show_progress=False, callback=judge)
    except Enough:
        print(f"{settings['model']}: no better valid after {judge.best_epoch} iterations", file=sys.stderr)
    test = ranking_metrics(*judge.factors, parts["test"], parts["train"] + parts["valid"])
    best = judge.best_epoch
    return {"points": judge.points, "best_epoch": best, "test": test, "prepare_seconds": prepare_seconds}


def read_parts(folder: Path) -> dict[str, sp.csr_matrix]:
    """The three parts that files.py wrote, as matrices of ones, people by items."""
    sizes = json.loads((folder / "sizes.json").read_text())
    parts = {}
    for name in ("train", "valid", "test"):
        lines = (folder / f"{folder.name}.{name}.inter").read_text().splitlines()[1:]
        rows = np.array([[int(end[1:]) for end in line.split("\t")] for line in lines])
        ones = np.ones(len(rows), np.float32)
        matrix = sp.csr_matrix((ones, (rows[:, 0], rows[:, 1])), (sizes["users"], sizes["items"]))
        # A pair that occurs more than once counts once, as on the other sides.
        matrix.data[:] = 1
        parts[name] = matrix
    return parts


def ranking_metrics(
    users: np.ndarray, items: np.ndarray, truth: sp.csr_matrix, known: sp.csr_matrix, k: int = 10
) -> dict[str, float]:
    """Recall, NDCG (ideal ranking over ``min(|truth|, k)``) and MRR at ``k``; ``users @ items.T`` scores."""
    judged = np.flatnonzero(np.diff(truth.indptr))
    discount = 1 / np.log2(np.arange(2, k + 2))
    values = []
    for rows in np.split(judged, np.arange(USERS_AT_ONCE, len(judged), USERS_AT_ONCE)):
        scores = users[rows] @ items.T
        scores[known[rows].nonzero()] = -np.inf
        top = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        hits = np.take_along_axis(truth[rows].toarray() > 0, top, axis=1)
        counts = np.diff(truth.indptr)[rows]
        ideal = np.cumsum(discount)[np.minimum(counts, k) - 1]
        first = np.where(hits.any(1), 1 / (hits.argmax(1) + 1), 0.0)
        values.append(np.stack([hits.sum(1) / counts, hits @ discount / ideal, first], axis=1))
    means = np.concatenate(values).mean(0)
    return {f"{name}@{k}": float(mean) for name, mean in zip(("recall", "ndcg", "mrr"), means, strict=True)}


if __name__ == "__main__":
    main(*sys.argv[1:])
