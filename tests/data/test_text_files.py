import gzip
from pathlib import Path

import pytest

from kgrec.data.text_files import read_bytes, read_text
from kgrec.errors import DataError


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_bytes_are_unpacked_by_ending(tmp_path: Path) -> None:
    assert read_bytes(write(tmp_path / "a.gz", gzip.compress(b"x"))) == b"x"
    assert read_bytes(write(tmp_path / "a", b"x")) == b"x"


def test_text_loses_byte_order_mark_and_carriage_returns(tmp_path: Path) -> None:
    assert read_text(write(tmp_path / "a", b"\xef\xbb\xbfx\r\ny\r\n")) == b"x\ny\n"


def test_bytes_that_are_no_utf8_are_named_by_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a, line 2: byte 0xe9 is no UTF-8"):
        read_text(write(tmp_path / "a", b"x\ncaf\xe9\n"))


def test_a_fallback_reads_what_is_no_utf8_and_only_that(tmp_path: Path) -> None:
    assert read_text(write(tmp_path / "a", b"caf\xe9\r\n"), "latin-1") == "café\n".encode()
    assert read_text(write(tmp_path / "b", "café\n".encode()), "latin-1") == "café\n".encode()


def test_what_the_disk_refuses_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read \\(Is a directory\\)"):
        read_bytes(tmp_path)
