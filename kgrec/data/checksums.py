"""SHA-256 of downloaded files, kept in a ``checksums.json`` beside them."""

import hashlib
import json
from pathlib import Path

from kgrec.errors import DataError
from kgrec.files import atomic_path

CHECKSUMS = "checksums.json"


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def verify(folder: Path) -> None:
    """Compare the files of a folder with its ``checksums.json``; a folder without one passes."""
    for name, expected in recorded(folder).items():
        path = folder / name
        if path.is_file():
            compare(path, path, expected)


def compare(path: Path, name: object, expected: str) -> None:
    """Raise DataError where the file, called ``name`` in the message, has another checksum."""
    found = sha256(path)
    if found != expected.lower():
        raise DataError(
            f"{name}: SHA-256 is {found}, expected {expected}; the file has changed or is damaged: "
            "delete it to download it again, or correct the checksum if the new file is meant"
        )


def recorded(folder: Path) -> dict[str, str]:
    """The checksums of a folder by file name (and by address for archives); empty if there are none."""
    path = folder / CHECKSUMS
    if not path.is_file():
        return {}
    try:
        return dict(json.loads(path.read_text("utf-8")))
    except ValueError as error:
        raise DataError(
            f"{path}: no JSON object ({error}); delete the folder to download it again"
        ) from error


def record(folder: Path, checksums: dict[str, str]) -> None:
    """Add checksums to those of a folder."""
    merged = dict(sorted((recorded(folder) | checksums).items()))
    with atomic_path(folder / CHECKSUMS) as part:
        part.write_text(json.dumps(merged, indent=1) + "\n", "utf-8")
