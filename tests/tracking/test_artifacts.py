from pathlib import Path

import numpy as np
import polars as pl
import pytest
from safetensors.numpy import save_file

from kgrec.errors import RunError
from kgrec.tracking.artifacts import data_files, model_files
from kgrec.tracking.pseudonyms import Pseudonyms


def test_user_ids_are_replaced_in_copies_only(tmp_path: Path) -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    pl.DataFrame({"item": ["1"], "title": ["Ä"]}).write_parquet(tmp_path / "catalogue.parquet")
    pl.DataFrame({"head": ["1"]}).write_parquet(tmp_path / "triples.parquet")
    seen = pl.DataFrame({"user": ["u1", "u2", "u1"], "item": ["1", "2", "3"]})
    seen.write_parquet(tmp_path / "seen.parquet")
    seen.write_parquet(tmp_path / "top_k.parquet")
    paths = data_files(tmp_path, tmp_path / "copies", pseudonyms)
    assert [path.name for path in paths] == [
        "catalogue.parquet", "triples.parquet", "seen.parquet", "top_k.parquet",
    ]  # fmt: skip
    assert [path.parent.name == "copies" for path in paths] == [False, False, True, True]
    assert pl.read_parquet(paths[2])["user"].to_list() == pseudonyms.of_all(["u1", "u2", "u1"])
    assert pl.read_parquet(tmp_path / "seen.parquet").equals(seen)


def test_missing_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("seed: 0\n")
    with pytest.raises(RunError, match=r"has no model\.safetensors, metrics\.json"):
        model_files(tmp_path, log_data=False)


def test_a_model_that_holds_histories_is_uploaded_with_the_data_only(tmp_path: Path) -> None:
    for name in ("config.yaml", "metrics.json"):
        (tmp_path / name).write_text("{}")
    save_file({"weights_values": np.ones(3), "history_values": np.ones(3)}, tmp_path / "model.safetensors")
    assert [path.name for path in model_files(tmp_path, log_data=False)] == ["config.yaml", "metrics.json"]
    assert len(model_files(tmp_path, log_data=True)) == 3
    save_file({"user_vectors": np.ones(3)}, tmp_path / "model.safetensors")
    assert len(model_files(tmp_path, log_data=False)) == 3
