"""A run directory: the source of truth about one trained model, readable without the raw data."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kgrec.errors import RunError
from kgrec.files import atomic_path

LATEST = "latest"


class Run:
    """The files of one run, by name. Every file is written beside and renamed: it is whole or absent.

    ``metrics.json`` is written last, so its presence means that the run is complete.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    @property
    def complete(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / "metrics.json").is_file()

    def write_text(self, name: str, text: str) -> None:
        """Write one text file."""
        with atomic_path(self.path / name) as part:
            part.write_text(text, encoding="utf-8")

    def read_text(self, name: str) -> str:
        """One text file."""
        return self._existing(name).read_text(encoding="utf-8")

    def write_json(self, name: str, value: Mapping[str, Any]) -> None:
        """Write one JSON object."""
        self.write_text(name, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def read_json(self, name: str) -> dict[str, Any]:
        """One JSON object."""
        try:
            value: dict[str, Any] = json.loads(self.read_text(name))
        except json.JSONDecodeError as error:
            raise RunError(f"{self.path / name}, line {error.lineno}: not JSON ({error.msg})") from error
        return value

    def write_lines(self, name: str, records: list[dict[str, Any]]) -> None:
        """Write one JSON object a line."""
        self.write_text(name, "".join(json.dumps(record) + "\n" for record in records))

    def write_table(self, name: str, frame: pl.DataFrame) -> None:
        """Write one Parquet table."""
        with atomic_path(self.path / name) as part:
            frame.write_parquet(part)

    def read_table(self, name: str) -> pl.DataFrame:
        """One Parquet table."""
        try:
            return pl.read_parquet(self._existing(name))
        except pl.exceptions.PolarsError as error:
            raise RunError(f"{self.path / name}: not a Parquet table ({error})") from error

    def write_tensors(self, name: str, tensors: Mapping[str, Tensor]) -> None:
        """Write named tensors as safetensors: no pickles, nothing that could run."""
        with atomic_path(self.path / name) as part:
            # Clones, because safetensors refuses tensors that share memory (views of one table).
            save_file(
                {key: value.detach().cpu().contiguous().clone() for key, value in tensors.items()}, part
            )

    def read_tensors(self, name: str, device: torch.device | str = "cpu") -> dict[str, Tensor]:
        """Named tensors."""
        try:
            return load_file(self._existing(name), device=str(device))
        except Exception as error:
            if isinstance(error, RunError):
                raise
            raise RunError(f"{self.path / name}: not a safetensors file ({error})") from error

    def has(self, name: str) -> bool:
        """Whether the run holds this file."""
        return (self.path / name).exists()

    def _existing(self, name: str) -> Path:
        path = self.path / name
        if not path.exists():
            raise RunError(f"{path} is missing; the run is incomplete or no run directory: train it again")
        return path


def find_run(name: str | Path, runs_dir: Path, complete: bool = True) -> Path:
    """The run directory that ``name`` means: a path, or ``latest`` for the newest under ``runs_dir``.

    ``complete=False`` also finds runs that were interrupted (to resume them).

    Raises:
        RunError: there is no such run.
    """
    if str(name) != LATEST:
        path = Path(name)
        if not (path / "config.yaml").is_file():
            raise RunError(f"{path} is no run directory (it has no config.yaml); give a path or {LATEST!r}")
        return path
    marker = "metrics.json" if complete else "config.yaml"
    found = [path.parent for path in runs_dir.glob(f"*/*/*/{marker}")]
    if not found:
        raise RunError(
            f"no {'complete ' if complete else ''}run under {runs_dir}; train one: scripts/train.py"
        )
    return max(found, key=lambda path: ((path / marker).stat().st_mtime_ns, path.name))
