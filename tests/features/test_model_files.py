from pathlib import Path

import huggingface_hub
import pytest

from kgrec.errors import FeatureError
from kgrec.features.model_files import find_model, fingerprint, models_root


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGREC_MODELS", raising=False)
    monkeypatch.delenv("KGREC_DATA", raising=False)

    def refuse(*args: object, **kwargs: object) -> str:
        raise OSError("the network was asked")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)


def make_model(folder: Path, weights: bytes = b"weights") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_minilm_comes_with_a_package() -> None:
    assert (find_model("minilm") / "model.safetensors").is_file()


def test_a_folder_is_found_without_the_network(tmp_path: Path) -> None:
    folder = make_model(tmp_path / "encoder")
    assert find_model(str(folder)) == folder


def test_models_root_by_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = make_model(tmp_path / "models" / "encoder")
    monkeypatch.setenv("KGREC_DATA", str(tmp_path / "data"))
    assert find_model("encoder") == folder
    assert find_model("someone/encoder") == folder
    monkeypatch.setenv("KGREC_MODELS", str(tmp_path / "elsewhere"))
    assert models_root() == tmp_path / "elsewhere"
    with pytest.raises(FeatureError):
        find_model("encoder")


def test_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGREC_MODELS", "")
    assert models_root() is None


def test_a_missing_model_names_every_place_and_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KGREC_MODELS", str(tmp_path))
    with pytest.raises(FeatureError) as caught:
        find_model("someone/no-such-encoder")
    message = str(caught.value)
    for part in (str(tmp_path / "no-such-encoder"), "the network was asked", "features.text.enabled=false"):
        assert part in message


def test_the_hub_is_asked_last_and_its_cache_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, calls = make_model(tmp_path / "snapshot"), []

    def snapshot(name: str, **kwargs: object) -> str:
        calls.append((name, kwargs))
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert find_model("someone/encoder") == folder
    assert calls == [("someone/encoder", {"local_files_only": True})]


def test_a_cut_snapshot_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "snapshot"
    folder.mkdir()

    def snapshot(name: str, local_files_only: bool = False, allow_patterns: list[str] | None = None) -> str:
        if not local_files_only and "*.bin" in (allow_patterns or []):
            (folder / "config.json").write_text("{}")
            (folder / "pytorch_model.bin").write_bytes(b"weights")
        return str(folder)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert find_model("someone/encoder") == folder
    assert (folder / "pytorch_model.bin").is_file()


def test_fingerprint_follows_weights_and_configuration_not_the_place(tmp_path: Path) -> None:
    first, second = make_model(tmp_path / "a"), make_model(tmp_path / "b")
    assert fingerprint(first) == fingerprint(second)
    make_model(second, b"other weights")
    assert fingerprint(first) != fingerprint(second)
    make_model(second)
    (second / "config.json").write_text('{"hidden": 3}')
    assert fingerprint(first) != fingerprint(second)


def test_fingerprint_of_a_folder_without_weights_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FeatureError, match="no weights"):
        fingerprint(tmp_path)
