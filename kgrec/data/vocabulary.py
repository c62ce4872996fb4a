"""External ids and their rows, in an order that says nothing about the files they came from."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import polars as pl

from kgrec.errors import DataError, UnknownIdError
from kgrec.files import atomic_path

_HASH_KEY = b"kgrec vocabulary"


def stable_hash(ids: Iterable[str]) -> np.ndarray:
    """Keyed BLAKE2b of every id, ``(n,)`` uint64: the same on every machine and in every version."""
    template = hashlib.blake2b(digest_size=8, key=_HASH_KEY)
    digests = bytearray()
    for value in ids:
        state = template.copy()
        state.update(value.encode("utf-8"))
        digests += state.digest()
    # Big-endian, so that numbers order as their digests do.
    return np.frombuffer(bytes(digests), ">u8").astype(np.uint64)


class Vocabulary:
    """Ids of one kind (user, item, entity, relation), each at its row; ids are always strings."""

    def __init__(self, ids: Sequence[str], kind: str) -> None:
        """Keep the given order; raises DataError where an id is no string or occurs twice."""
        self.kind = kind
        self._ids = list(ids)
        self._rows = {value: row for row, value in enumerate(self._ids)}
        for row, value in enumerate(self._ids):
            if not isinstance(value, str):
                raise DataError(f"{kind} id {value!r} is a {type(value).__name__}; ids are strings")
            if self._rows[value] != row:
                raise DataError(f"{kind} id {value!r} occurs twice in a vocabulary")

    @classmethod
    def from_ids(cls, ids: Iterable[str], kind: str) -> "Vocabulary":
        """Distinct ids in the order of a stable hash of the id.

        Rows in file order would leak: where files are sorted by time, row numbers alone predict.
        """
        distinct = sorted(set(ids))
        # A stable sort of sorted ids: equal digests would fall back to the id itself.
        order = np.argsort(stable_hash(distinct), kind="stable")
        return cls([distinct[row] for row in order], kind)

    @property
    def ids(self) -> list[str]:
        """Every id at its row; not to be changed."""
        return self._ids

    def __len__(self) -> int:
        return len(self._ids)

    def __contains__(self, value: object) -> bool:
        return value in self._rows

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} of kind {self.kind!r})"

    def row(self, value: str) -> int:
        """The row of one id; raises UnknownIdError."""
        try:
            return self._rows[value]
        except (KeyError, TypeError):
            raise UnknownIdError(
                f"{self.kind} {value!r} is unknown; the vocabulary has {len(self)}"
            ) from None

    def rows(self, ids: Sequence[str]) -> np.ndarray:
        """Rows of ids, ``(n,)`` int64; raises UnknownIdError naming the first unknown one."""
        return np.fromiter((self.row(value) for value in ids), np.int64, len(ids))

    def encode(self, series: pl.Series) -> np.ndarray:
        """Rows of a column, ``(n,)`` int64; -1 for unknown ids and nulls. Vectorised."""
        known = pl.DataFrame(
            {"id": self._ids, "row": np.arange(len(self))}, schema={"id": pl.String, "row": pl.Int64}
        )
        column = pl.DataFrame({"id": series.cast(pl.String)})
        rows = column.join(known, on="id", how="left", maintain_order="left")["row"]
        return rows.fill_null(-1).to_numpy()

    def save(self, path: Path) -> None:
        """Write one Parquet file with the column ``id``, in row order."""
        with atomic_path(path) as part:
            pl.DataFrame({"id": self._ids}, schema={"id": pl.String}).write_parquet(part)

    @classmethod
    def load(cls, path: Path, kind: str) -> "Vocabulary":
        """Read what :meth:`save` wrote; raises DataError where the file is missing or something else."""
        if not path.is_file():
            raise DataError(f"{path}: the {kind} vocabulary is missing")
        try:
            frame = pl.read_parquet(path)
        except pl.exceptions.PolarsError as error:
            raise DataError(f"{path}: no readable Parquet file ({error})") from error
        if frame.schema.get("id") != pl.String:
            raise DataError(f"{path}: column 'id' of strings is missing; found {dict(frame.schema)}")
        return cls(frame["id"].to_list(), kind)
