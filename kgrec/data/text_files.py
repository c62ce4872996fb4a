"""The content of text files, plain or gzipped: UTF-8, a byte order mark and CRLF taken off."""

import gzip
import zlib
from pathlib import Path

from kgrec.errors import DataError

_BOM = b"\xef\xbb\xbf"


def read_bytes(path: Path) -> bytes:
    """Content of a file, unpacked where its name ends in ``.gz``; a cut or foreign archive is a DataError."""
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as stream:
                return stream.read()
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(
            f"{path}: the gzip archive is broken or cut off ({error}); copy or download it again"
        ) from error
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); check its permissions and disk"
        ) from error


def read_text(path: Path, fallback: str | None = None) -> bytes:
    """Checked UTF-8 text with ``\\n`` line ends and no byte order mark; an empty file is a DataError.

    ``fallback``: encoding of a file that is no UTF-8 (``latin-1``); without one such a file is a DataError.
    """
    data = read_bytes(path).removeprefix(_BOM).replace(b"\r\n", b"\n")
    if not data.strip():
        raise DataError(f"{path}: the file is empty; leave it out of the configuration or write its rows")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if fallback:
            return data.decode(fallback).encode("utf-8")
        line = data.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: byte 0x{data[error.start]:02x} is no UTF-8; "
            f"convert the file, for example with iconv -f LATIN1 -t UTF-8"
        ) from error
    return data
