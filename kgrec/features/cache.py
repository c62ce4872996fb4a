"""Rows by content: one SQLite file that keeps a vector for every key that was ever computed."""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np

from kgrec.errors import FeatureError

_AT_ONCE = 1000
_SCHEMA = "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, vector BLOB NOT NULL) WITHOUT ROWID"


def row_key(fingerprint: str, prefix: str, text: str) -> bytes:
    """SHA-256 of everything that decides a row; lengths keep ``("a", "bc")`` apart from ``("ab", "c")``."""
    parts = [part.encode() for part in (fingerprint, prefix, text)]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


class RowCache:
    """float32 vectors by key, shared by all data sets and safe between processes.

    Every ``put`` is one transaction: a killed process leaves whole rows or none. A row is never rewritten,
    since its key is the hash of what made it. Reading 48,000 rows of 384 numbers takes well under a second.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    def get(self, keys: Sequence[bytes]) -> dict[bytes, np.ndarray]:
        """Vectors ``(dim,)`` of those keys that are here."""
        found: dict[bytes, np.ndarray] = {}
        if not self.path.exists():
            return found
        with self._connection() as connection:
            for start in range(0, len(keys), _AT_ONCE):
                some = keys[start : start + _AT_ONCE]
                marks = ",".join("?" * len(some))
                rows = connection.execute(f"SELECT key, vector FROM rows WHERE key IN ({marks})", some)
                found.update((key, np.frombuffer(blob, np.float32)) for key, blob in rows)
        return found

    def put(self, keys: Sequence[bytes], vectors: np.ndarray) -> None:
        """Add ``vectors`` ``(len(keys), dim)`` in one transaction."""
        if vectors.ndim != 2 or len(vectors) != len(keys):
            raise FeatureError(
                f"{len(keys)} keys came with vectors of shape {vectors.shape}; expected one row each"
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        blobs = [row.tobytes() for row in np.ascontiguousarray(vectors, np.float32)]
        with self._connection() as connection, connection:
            connection.execute(_SCHEMA)
            connection.executemany("INSERT OR IGNORE INTO rows VALUES (?, ?)", zip(keys, blobs, strict=True))

    def __len__(self) -> int:
        """Number of rows."""
        if not self.path.exists():
            return 0
        with self._connection() as connection:
            return int(connection.execute("SELECT count(*) FROM rows").fetchone()[0])

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        # One connection a call: nothing to close at exit, nothing shared by forked workers.
        try:
            with closing(sqlite3.connect(self.path, timeout=60.0)) as connection:
                yield connection
        except sqlite3.Error as error:
            raise FeatureError(
                f"{self.path}: the cache of text vectors cannot be used ({error}); "
                "free some disk space or remove the file, its rows will be computed anew"
            ) from error
