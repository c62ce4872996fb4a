import json
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

BLOCK, HEADER = 32768, 7


def raw_records(path: Path) -> Iterator[bytes]:
    """The records of a .wandb file: LevelDB's log format behind a header of seven bytes."""
    data = path.read_bytes()
    assert data[:4] == b":W&B"
    place, parts = HEADER, b""
    while place + HEADER <= len(data):
        if BLOCK - place % BLOCK < HEADER:
            place += BLOCK - place % BLOCK
            continue
        _, length, kind = struct.unpack("<IHB", data[place : place + HEADER])
        place += HEADER
        parts += data[place : place + length]
        place += length
        if kind in (1, 4):  # a whole record, or the last part of one
            yield parts
            parts = b""


@dataclass
class Recorded:
    """What one W&B run on disk holds."""

    project: str = ""
    run_id: str = ""
    group: str = ""
    tags: list[str] = field(default_factory=list)
    host: str = ""
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    artifacts: dict[str, set[str]] = field(default_factory=dict)
    exit_code: int | None = None


def read_finished_run(folder: Path) -> Recorded:
    """Wait for W&B's service, which writes the end of the file shortly after ``finish`` has returned."""
    deadline = time.monotonic() + 20
    while (found := read_run(folder)).exit_code is None and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def read_run(folder: Path) -> Recorded:
    from wandb.proto.wandb_internal_pb2 import Record

    (path,) = folder.glob("*.wandb")
    found = Recorded()
    for raw in raw_records(path):
        record = Record.FromString(raw)
        kind = record.WhichOneof("record_type")
        if kind == "run":
            found.project, found.run_id, found.group = (
                record.run.project,
                record.run.run_id,
                record.run.run_group,
            )
            found.tags, found.host = list(record.run.tags), record.run.host
            found.config |= {
                i.key or ".".join(i.nested_key): json.loads(i.value_json) for i in record.run.config.update
            }
        elif kind == "history":
            items = {i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in record.history.item}
            found.history.append(items)
        elif kind == "summary":
            found.summary |= {
                i.key or "/".join(i.nested_key): json.loads(i.value_json) for i in record.summary.update
            }
        elif kind == "artifact":
            found.artifacts[record.artifact.type] = {e.path for e in record.artifact.manifest.contents}
        elif kind == "exit":
            found.exit_code = record.exit.exit_code
    return found


@pytest.fixture
def recorded() -> Callable[[Path], list[Recorded]]:
    """The W&B runs below a run directory, oldest first, read from their .wandb files."""

    def read(run_dir: Path) -> list[Recorded]:
        return [read_finished_run(folder) for folder in sorted((run_dir / "wandb").glob("offline-run-*"))]

    return read


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and settings of this machine stay out of the tests."""
    monkeypatch.setenv("KGREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "wandb-config"))
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    for name in ("KGREC_PSEUDONYM_KEY", "WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
