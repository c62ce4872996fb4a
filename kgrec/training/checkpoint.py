"""Checkpoints: everything an interrupted training needs to go on exactly."""

import logging
from pathlib import Path
from typing import Any

import torch

from kgrec.errors import RunError
from kgrec.files import atomic_path

log = logging.getLogger(__name__)


class CheckpointStore:
    """The newest checkpoint of one training, in one file.

    Tensors and plain numbers only: the file is loaded with ``weights_only=True``, so that it cannot run
    code. It is written beside and renamed, so that a kill at any moment leaves the previous epoch's file
    whole.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def save(self, state: dict[str, Any]) -> None:
        """Replace the checkpoint."""
        with atomic_path(self.path) as part:
            torch.save(state, part)

    def load(self, device: torch.device) -> dict[str, Any] | None:
        """The checkpoint, or None where there is none yet.

        Raises:
            RunError: the file cannot be read.
        """
        self._sweep()
        if not self.path.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self.path, map_location=device, weights_only=True)
        except Exception as error:
            raise RunError(
                f"{self.path}: the checkpoint cannot be read ({error}); delete it to train from the start"
            ) from error
        log.info("resuming from %s after epoch %d", self.path, state["epoch"])
        return state

    def remove(self) -> None:
        """Drop the checkpoint of a finished training."""
        self._sweep()
        self.path.unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Drop what writers left that were killed; a training has one writer, so nobody needs it."""
        for part in self.path.parent.glob(f".{self.path.name}.*.part"):
            part.unlink(missing_ok=True)
