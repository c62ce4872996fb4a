"""What must be said to PyKEEN and OGB before they are imported, and what they need not say."""

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def quiet_imports() -> None:
    """Keep ``import ogb`` off the network and ``import pykeen`` out of the home directory.

    Both read the environment while they are imported, and offer no other way. Importing PyKEEN makes a few
    empty folders for its own downloads, which kgrec does not use. A value that the user has set stays.
    """
    os.environ.setdefault("OUTDATED_IGNORE", "1")
    os.environ.setdefault("PYSTOW_HOME", str(Path(tempfile.gettempdir()) / f"kgrec-pystow-{_user()}"))


@contextmanager
def quiet_logs() -> Iterator[None]:
    """Silence PyKEEN's notes, and its warning of probing memory on a CPU, which kgrec never asks for."""
    loggers = [logging.getLogger(name) for name in ("pykeen", "torch_max_mem")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _user() -> str:
    return str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
