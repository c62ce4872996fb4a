"""What W&B may know about the machine, and where it may write: as little as a run needs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kgrec.tracking.config import TrackingConfig


def wandb_settings(config: TrackingConfig, known: set[str]) -> dict[str, Any]:
    """Keyword arguments of ``wandb.Settings``; ``known`` are the names that the installed version has.

    The mode is explicit, so that ``WANDB_MODE`` in the environment cannot take an offline job online.
    """
    settings: dict[str, Any] = {
        "mode": config.mode,
        # Standard output carries results only; what matters is logged by kgrec.
        "silent": True,
        "console": "off",
        # A run of its own, never wandb's global one: jobs of one process stay apart.
        "reinit": "create_new",
        "symlink": False,
        "init_timeout": config.init_timeout,
        # A question for credentials must not hold up a job for ever.
        "login_timeout": config.init_timeout,
        "finish_timeout": config.finish_timeout,
        "host": "",
        "disable_git": True,
        "disable_code": True,
        "save_code": False,
        "disable_job_creation": True,
        "x_disable_meta": True,
        "x_disable_stats": True,
        "x_disable_machine_info": True,
        "x_save_requirements": False,
    }
    return {name: value for name, value in settings.items() if name in known}


@contextmanager
def private_environment(folder: Path) -> Iterator[None]:
    """Keep W&B's scratch files in ``folder`` and its reports about itself on this machine, then restore.

    ``wandb.Settings`` has no key for these. Without the first, even an offline run looks up the host of
    W&B's error reports; without the others, copies of logged files gather in the home folder.
    """
    wanted = {
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_DATA_DIR": str(folder / "staging"),
        "WANDB_CACHE_DIR": str(folder / "cache"),
    }
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def previous_run_id(folder: Path) -> str | None:
    """The W&B id of the newest run in ``folder`` (``offline-run-<date>_<time>-<id>``), if there is one."""
    found = sorted(folder.glob("*run-*_*-*"), key=lambda path: path.name.removeprefix("offline-"))
    return found[-1].name.rsplit("-", 1)[1] if found else None
