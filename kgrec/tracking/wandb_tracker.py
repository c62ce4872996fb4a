"""Mirrors one job in Weights & Biases (https://docs.wandb.ai), with all files in ``<run>/wandb``."""

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgrec.tracking.artifacts import data_files, model_files
from kgrec.tracking.config import TrackingConfig
from kgrec.tracking.flat_metrics import flatten, metric_rows
from kgrec.tracking.pseudonyms import Pseudonyms, load_pseudonyms
from kgrec.tracking.tracker import Rows, Tracker
from kgrec.tracking.wandb_settings import previous_run_id, private_environment, wandb_settings

if TYPE_CHECKING:
    import wandb

log = logging.getLogger(__name__)


class WandbTracker(Tracker):
    """One W&B run for one job. ``wandb`` is imported at ``start``, so that nobody else pays for it."""

    def __init__(self, config: TrackingConfig) -> None:
        self.config = config
        self._run: wandb.Run | None = None
        self._folder = Path()
        self._pseudonyms: Pseudonyms | None = None
        self._environment = ExitStack()

    def start(self, config: Mapping[str, Any], run_dir: Path, group: str | None = None) -> None:
        """See Tracker; a job resumed in an earlier one's directory goes on with its W&B run."""
        run_dir = run_dir.resolve()
        self._folder = run_dir / "wandb"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._environment.enter_context(private_environment(self._folder))
        import wandb

        earlier = previous_run_id(self._folder)
        self._run = wandb.init(
            project=self.config.project,
            entity=self.config.entity,
            group=self.config.group or group,
            tags=list(self.config.tags),
            name=run_dir.name,
            id=earlier,
            resume="allow" if earlier else None,
            config=dict(config),
            dir=str(run_dir),
            settings=wandb.Settings(**wandb_settings(self.config, set(wandb.Settings.model_fields))),
        )
        self._run.define_metric("*", step_metric="epoch")
        if self.config.mode == "offline":
            log.info("tracking offline; `wandb sync %s` would upload it", Path(self._run.dir).parent)
        else:
            log.info("tracking online at %s", self._run.url)

    def log_epoch(self, record: Mapping[str, float]) -> None:
        """See Tracker."""
        if self._run is not None:
            self._run.log(dict(record))

    def log_metrics(self, metrics: Mapping[str, Any]) -> None:
        """See Tracker: the run's summary, and a table ``metrics`` of part, metric, value."""
        if self._run is not None:
            flat = flatten(metrics)
            self._run.summary.update(flat)
            self.log_table("metrics", ("part", "metric", "value"), metric_rows(flat))

    def log_table(self, name: str, columns: Sequence[str], rows: Rows) -> None:
        """See Tracker."""
        if self._run is None:
            return
        import wandb

        data = [list(row) for row in rows]
        for place in (i for i, column in enumerate(columns) if column == "user"):
            for row in data:
                row[place] = self._known_pseudonyms().of(row[place])
        self._run.log({name: wandb.Table(columns=list(columns), data=data, allow_mixed_types=True)})

    def log_recommendations(self, users: Sequence[str], columns: Sequence[str], rows: Rows) -> None:
        """See Tracker."""
        named = [(user, *row) for user, row in zip(users, rows, strict=True)]
        self.log_table("recommendations", ("user", *columns), named)

    def log_artifact(self, run_dir: Path) -> None:
        """See Tracker; data tables only with ``tracking.log_data=true``, users as pseudonyms."""
        run_dir = run_dir.resolve()
        self._upload("model", model_files(run_dir, self.config.log_data))
        if self.config.log_data:
            self._upload("data", data_files(run_dir, self._folder / "data", self._known_pseudonyms()))

    def finish(self, exit_code: int = 0) -> None:
        """See Tracker."""
        run, self._run = self._run, None
        with self._environment:
            if run is not None:
                run.finish(exit_code=exit_code)

    def abandon(self) -> None:
        """See Tracker: close the run as failed; a dead service is cleared for the next job."""
        import wandb

        usable = self._run is not None
        try:
            self.finish(exit_code=1)
        except Exception:
            usable = False
        # Our runs are never the global one: where there is one, the service is in somebody else's use.
        if not usable and wandb.run is None:
            wandb.teardown()

    def _upload(self, kind: str, paths: Sequence[Path]) -> None:
        if self._run is None:
            return
        import wandb

        artifact = wandb.Artifact(f"{kind}-{self._run.id}", type=kind)
        for path in paths:
            # immutable and uncached: the run directory is the only copy, not one of three.
            artifact.add_file(str(path), policy="immutable", skip_cache=True)
        self._run.log_artifact(artifact)

    def _known_pseudonyms(self) -> Pseudonyms:
        if self._pseudonyms is None:
            self._pseudonyms = load_pseudonyms()
        return self._pseudonyms
