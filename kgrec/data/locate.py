"""Where the files of a data set lie: under ``$KGREC_DATA``, in the cache, or in the cache once downloaded."""

import os
from pathlib import Path

from kgrec.data.checksums import verify
from kgrec.data.config import DataConfig
from kgrec.data.download import download_all
from kgrec.errors import DataError


def cache_folder() -> Path:
    """``$KGREC_CACHE``, else ``$XDG_CACHE_HOME/kgrec``, else ``~/.cache/kgrec``; an empty one is unset."""
    if chosen := os.environ.get("KGREC_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kgrec"


def locate(config: DataConfig) -> Path:
    """The folder that holds the files of ``config``; downloads them into the cache if they are nowhere.

    A folder that starts with ``/``, ``.`` or ``~`` is taken as it is. Nothing touches the network where a
    folder has every file.

    Raises:
        DataError: the files are nowhere and cannot be fetched, or a cached file is not what was downloaded.
    """
    folders = candidate_folders(config)
    for folder in folders:
        if folder.is_dir() and not missing_files(config, folder):
            verify(folder)
            return folder
    if config.downloads:
        target = cache_folder() / "data" / _folder_name(config)
        download_all(config.downloads, target)
        absent = missing_files(config, target)
        if absent:
            raise DataError(
                f"{config.name}: the downloads came without {', '.join(absent)}; "
                "correct data.files or data.downloads"
            )
        return target
    looked = "; ".join(_why_not(config, folder) for folder in folders)
    raise DataError(
        f"{config.name}: the data set's files are not there. Looked in {looked}. "
        "Put them there, set KGREC_DATA to the folder above, or give data.folder a path"
    )


def candidate_folders(config: DataConfig) -> list[Path]:
    """Folders that may hold the files, in the order in which they are looked at."""
    name = _folder_name(config)
    if name.startswith(("/", ".", "~")):
        return [Path(name).expanduser()]
    data = os.environ.get("KGREC_DATA")
    return ([Path(data) / name] if data else []) + [cache_folder() / "data" / name]


def missing_files(config: DataConfig, folder: Path) -> list[str]:
    """Files that ``config`` names and ``folder`` lacks, plain and gzipped."""
    return [name for name in config.files.values() if name and find_file(folder, name) is None]


def find_file(folder: Path, name: str) -> Path | None:
    """The file ``name`` or ``name.gz`` of a folder, or None."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def path_of(folder: Path, config: DataConfig, role: str, default: str | None = None) -> Path | None:
    """The file that plays ``role``, by ``data.files`` or (not named, or an empty name) by its usual name.

    None where the configuration does not name it and its usual name is not there.

    Raises:
        DataError: the configuration names a file that is not there.
    """
    name = config.files.get(role)
    if not name:
        return find_file(folder, default) if default else None
    path = find_file(folder, name)
    if path is None:
        raise DataError(f"{folder / name}: there is no such file; correct data.files.{role}")
    return path


def _folder_name(config: DataConfig) -> str:
    name = config.folder or config.name
    if not name:
        raise DataError("data.folder and data.name are empty; say which folder holds the files")
    return name


def _why_not(config: DataConfig, folder: Path) -> str:
    if not folder.is_dir():
        return f"{folder} (no such folder)"
    return f"{folder} (lacks {', '.join(missing_files(config, folder))})"
