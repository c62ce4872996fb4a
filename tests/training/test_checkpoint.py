from pathlib import Path

import pytest
import torch

from kgrec.errors import RunError
from kgrec.training.checkpoint import CheckpointStore

CPU = torch.device("cpu")
STATE = {"epoch": 3, "network": {"weight": torch.arange(4.0)}, "history": [{"epoch": 1, "loss": 0.5}]}


def test_save_load_compare(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "new" / "checkpoint.pt")
    assert store.load(CPU) is None
    store.save(STATE)
    loaded = store.load(CPU)
    assert loaded is not None
    assert torch.equal(loaded["network"].pop("weight"), torch.arange(4.0))
    assert loaded == {"epoch": 3, "network": {}, "history": [{"epoch": 1, "loss": 0.5}]}


def test_the_newest_wins_and_nothing_else_stays(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoint.pt")
    store.save(STATE)
    store.save(STATE | {"epoch": 4})
    loaded = store.load(CPU)
    assert loaded is not None and loaded["epoch"] == 4
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    store.remove()
    assert list(tmp_path.iterdir()) == []
    store.remove()


def test_a_failed_write_leaves_the_previous_one(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoint.pt")
    store.save(STATE)
    with pytest.raises(Exception, match="pickle"):
        store.save(STATE | {"epoch": 4, "bad": lambda: None})
    loaded = store.load(CPU)
    assert loaded is not None and loaded["epoch"] == 3
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_what_a_killed_writer_left_is_swept_but_no_other_file(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "checkpoint.pt")
    store.save(STATE)
    (tmp_path / ".checkpoint.pt.0a1b2c3d.part").write_bytes(b"half")
    (tmp_path / ".checkpoint-refit.pt.0a1b2c3d.part").write_bytes(b"another writer's")
    loaded = store.load(CPU)
    assert loaded is not None and loaded["epoch"] == 3
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [".checkpoint-refit.pt.0a1b2c3d.part", "checkpoint.pt"]


def test_a_truncated_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    CheckpointStore(path).save(STATE)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(RunError, match=r"checkpoint\.pt: the checkpoint cannot be read .* delete it"):
        CheckpointStore(path).load(CPU)


class Code:
    """Unpickling this would create a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


def test_a_file_cannot_run_code(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pt"
    torch.save({"epoch": 1, "code": Code(tmp_path / "ran")}, path)
    with pytest.raises(RunError, match="cannot be read"):
        CheckpointStore(path).load(CPU)
    assert not (tmp_path / "ran").exists()
