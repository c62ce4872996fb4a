"""Which files of a run directory may be uploaded, and in what form."""

import logging
from pathlib import Path

import polars as pl
from safetensors import safe_open

from kgrec.errors import RunError
from kgrec.files import atomic_path
from kgrec.tracking.pseudonyms import Pseudonyms

log = logging.getLogger(__name__)

MODEL_FILES = ("model.safetensors", "config.yaml", "metrics.json")
DATA_FILES = ("catalogue.parquet", "triples.parquet", "seen.parquet", "top_k.parquet")


def model_files(run_dir: Path, log_data: bool) -> list[Path]:
    """The files of the model artifact.

    A closed form keeps the histories that it adds up among its tensors. They are the data set, so without
    ``log_data`` such a model stays here.

    Raises:
        RunError: one of them is missing.
    """
    paths = _present(run_dir, MODEL_FILES)
    if log_data or not _holds_histories(paths[0]):
        return paths
    log.info("tracking: %s holds interactions and is not uploaded (tracking.log_data=false)", paths[0].name)
    return paths[1:]


def _holds_histories(path: Path) -> bool:
    with safe_open(path, framework="np") as file:
        return any(name.startswith("history") for name in file.keys())  # noqa: SIM118 (no mapping)


def data_files(run_dir: Path, copies: Path, pseudonyms: Pseudonyms) -> list[Path]:
    """The files of the data artifact; users as pseudonyms, in a copy in ``copies``.

    Raises:
        RunError: one of them is missing.
    """
    return [_without_ids(path, copies, pseudonyms) for path in _present(run_dir, DATA_FILES)]


def _present(run_dir: Path, names: tuple[str, ...]) -> list[Path]:
    paths = [run_dir / name for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise RunError(f"{run_dir} has no {', '.join(missing)}; write the run before its artifact is logged")
    return paths


def _without_ids(path: Path, copies: Path, pseudonyms: Pseudonyms) -> Path:
    if "user" not in pl.read_parquet_schema(path):
        return path
    copy = copies / path.name
    with atomic_path(copy) as part:
        pseudonyms.in_frame(pl.read_parquet(path)).write_parquet(part)
    return copy
