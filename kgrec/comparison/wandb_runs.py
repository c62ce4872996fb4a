"""Read the runs of a W&B project, through wandb's public API."""

from collections.abc import Mapping
from typing import Any

from kgrec.comparison.collect import Collected
from kgrec.comparison.record import RunRecord
from kgrec.errors import RunError
from kgrec.tracking.flat_metrics import flatten


def collect_wandb(project: str) -> Collected:
    """Every run of ``entity/project``, oldest first; those that did not finish are named as such.

    W&B holds no values per user and no split hashes, so its rows can be compared but not paired.

    Raises:
        RunError: ``project`` is no ``entity/project``, W&B cannot be reached or refuses, or nothing finished.
    """
    entity, _, name = project.partition("/")
    if not entity or not name or "/" in name:
        raise RunError(f"--wandb {project} is no entity/project; it stands in the address of its W&B page")
    found = Collected()
    try:
        # Imported here: wandb is slow to import and is needed by no other form of comparison.
        import wandb

        for run in wandb.Api().runs(project, order="+created_at", lazy=False):
            place = f"{project}/{run.id}"
            if run.state == "finished" and run.config.get("model"):
                found.records.append(record(run, place))
            else:
                found.unfinished.append(place)
    except Exception as error:
        # wandb raises errors of its own, of requests and of the standard library: for the reader all are one.
        reason = str(error) or type(error).__name__
        raise RunError(f"W&B project {project} cannot be read: {reason}; try `wandb login`") from error
    if not found.records:
        raise RunError(f"W&B project {project} has no finished run; `wandb sync` uploads offline ones")
    return found


def record(run: Any, place: str) -> RunRecord:
    """One run of the public API as a record; training seconds are those of its last epoch."""
    summary = dict(run.summary)
    metrics = {part: numbers(summary, f"{part}/") for part in ("valid", "test")}
    history = [numbers(line) for line in run.scan_history() if line.get("epoch") is not None]
    last = history[-1].get("seconds") if history else None
    return RunRecord(
        name=place,
        config=flatten(run.config, separator="."),
        metrics=metrics,
        timing={} if last is None else {"train_seconds": last},
        history=history,
        written=(0, f"{run.created_at} {run.id}"),
    )


def numbers(values: Mapping[str, Any], start: str = "") -> dict[str, float]:
    """The numbers whose names begin with ``start``, which is taken off."""
    return {
        name.removeprefix(start): float(value)
        for name, value in values.items()
        if name.startswith(start) and isinstance(value, int | float) and not isinstance(value, bool)
    }
