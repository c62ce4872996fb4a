"""Names of run directories, and the Hydra resolvers that make them."""

import secrets
import time
from pathlib import Path

from omegaconf import OmegaConf

from kgrec.run import find_run


def run_name(data: str, model: str) -> str:
    """``<data>/<model>/<time>-<id>``; the random id keeps jobs apart that start in the same second."""
    return f"{data}/{model}/{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def run_dir(runs_dir: str, data: str, model: str, resume: str | None) -> str:
    """Where a single job writes: a new directory, or the one that it resumes."""
    if resume:
        return str(find_run(resume, Path(runs_dir), complete=False))
    return str(Path(runs_dir) / run_name(data, model))


def register_resolvers() -> None:
    """Teach Hydra ``${kgrec_run_dir:...}`` and ``${kgrec_run_name:...}``."""
    OmegaConf.register_new_resolver("kgrec_run_dir", run_dir, replace=True)
    OmegaConf.register_new_resolver("kgrec_run_name", run_name, replace=True)
