import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch

from kgrec.errors import DataError
from kgrec.features.ogb_graphs import read_ogb_split, read_ogb_triples, triples_frame

UNTYPED = {"head": np.array([3, 1]), "relation": np.array([0, 2]), "tail": np.array([1, 4])}
TYPED = UNTYPED | {"head_type": ["drug", "protein"], "tail_type": ["protein", "disease"]}


def test_untyped_graph(tmp_path: Path) -> None:
    torch.save(UNTYPED, tmp_path / "train.pt")
    assert read_ogb_triples(tmp_path / "train.pt").rows() == [("3", "0", "1"), ("1", "2", "4")]


def test_types_tell_equal_numbers_apart(tmp_path: Path) -> None:
    torch.save(TYPED, tmp_path / "train.pt")
    expected = [("drug:3", "0", "protein:1"), ("protein:1", "2", "disease:4")]
    assert read_ogb_triples(tmp_path / "train.pt").rows() == expected


def test_tensors_and_negatives_of_a_split(tmp_path: Path) -> None:
    for part in ("train", "valid", "test"):
        record = {name: torch.from_numpy(values) for name, values in UNTYPED.items()}
        if part != "train":
            record["head_neg"] = torch.zeros(2, 500, dtype=torch.long)
        torch.save(record, tmp_path / f"{part}.pt")
    frame = read_ogb_split(tmp_path)
    assert frame.columns == ["head", "relation", "tail", "part"]
    assert frame["part"].to_list() == ["train", "train", "valid", "valid", "test", "test"]


def test_arrays_pickled_by_an_older_numpy(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    torch.save(UNTYPED, buffer)
    old = tmp_path / "train.pt"
    with zipfile.ZipFile(buffer) as source, zipfile.ZipFile(old, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("data.pkl"):
                assert b"numpy._core.multiarray" in content
                content = content.replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
            target.writestr(name, content)
    assert read_ogb_triples(old).rows() == [("3", "0", "1"), ("1", "2", "4")]


class Intruder:
    def __reduce__(self) -> tuple:
        return os.mkdir, ("intruded",)


def test_a_file_cannot_run_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(UNTYPED | {"extra": Intruder()}, "train.pt", pickle_module=pickle)
    with pytest.raises(DataError, match=r"train\.pt: not a file of plain arrays"):
        read_ogb_triples(Path("train.pt"))
    assert not Path("intruded").exists()


def test_missing_and_broken_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        read_ogb_triples(tmp_path / "train.pt")
    (tmp_path / "train.pt").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match="not a file of plain arrays"):
        read_ogb_triples(tmp_path / "train.pt")


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"head": [1], "tail": [2]}, "it has head, tail"),
        ([1, 2], "it has list"),
        (UNTYPED | {"tail": np.array([1])}, "head 2, relation 2, tail 1"),
        (UNTYPED | {"head_type": ["drug"]}, "head_type 1"),
    ],
)
def test_other_contents_are_refused(record: object, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        triples_frame(record, "here")  # type: ignore[arg-type]
