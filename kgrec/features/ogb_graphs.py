"""Knowledge graphs in the Open Graph Benchmark's split format (https://ogb.stanford.edu/docs/linkprop/).

A split folder holds ``train.pt``, ``valid.pt`` and ``test.pt``; each is a dict of arrays ``head``,
``relation``, ``tail`` ``(n,)`` and, for typed graphs such as ogbl-biokg, lists ``head_type`` and
``tail_type``.
"""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from kgrec.errors import DataError

PARTS = ("train", "valid", "test")
_COLUMNS = ("head", "relation", "tail")


def read_ogb_split(folder: Path) -> pl.DataFrame:
    """Triples of a split folder: head, relation, tail (strings) and part (train, valid, test)."""
    frames = [read_ogb_triples(folder / f"{part}.pt").with_columns(part=pl.lit(part)) for part in PARTS]
    return pl.concat(frames)


def read_ogb_triples(path: Path) -> pl.DataFrame:
    """Triples of one file: head, relation, tail as external ids, ``protein:17`` in typed graphs, else ``17``.

    Only tensors, numpy arrays and plain Python values are unpickled: a file from elsewhere cannot run code.

    Raises:
        DataError: the file is missing, holds other things, or its arrays are of different lengths.
    """
    try:
        with _plain_arrays():
            record = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise DataError(
            f"{path}: there is no such file; give the folder that holds {', '.join(PARTS)}.pt"
        ) from None
    except (pickle.UnpicklingError, RuntimeError, EOFError, OSError) as error:
        raise DataError(f"{path}: not a file of plain arrays ({str(error).splitlines()[0]})") from error
    return triples_frame(record, path)


def triples_frame(record: Mapping[str, Any], source: Path | str) -> pl.DataFrame:
    """The same from the dict itself; ``source`` is named in errors."""
    if not isinstance(record, Mapping) or any(name not in record for name in _COLUMNS):
        has = ", ".join(map(str, record)) if isinstance(record, Mapping) else type(record).__name__
        raise DataError(f"{source}: expected a dict with head, relation and tail; it has {has}")
    columns = {name: np.asarray(record[name]).reshape(-1) for name in _COLUMNS}
    lengths = {name: len(values) for name, values in columns.items()}
    frame = {name: pl.Series(values).cast(pl.String) for name, values in columns.items()}
    for end in ("head", "tail"):
        if types := list(record.get(f"{end}_type", ())):
            lengths[f"{end}_type"] = len(types)
            if len(types) == lengths[end]:
                frame[end] = pl.Series(types, dtype=pl.String) + ":" + frame[end]
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} {n:,}" for name, n in lengths.items())
        raise DataError(f"{source}: the arrays differ in length: {shown}")
    return pl.DataFrame(frame)


@contextmanager
def _plain_arrays() -> Iterator[None]:
    """Let ``weights_only`` loading accept integer arrays, also those that an older numpy has pickled."""
    import _codecs

    rebuild = np.zeros(0).__reduce__()[0]
    allowed: list[Any] = [np.ndarray, np.dtype, np.dtypes.Int64DType, np.dtypes.Int32DType, _codecs.encode]
    for module in ("numpy._core.multiarray", "numpy.core.multiarray"):
        allowed.append((rebuild, f"{module}._reconstruct"))
    with torch.serialization.safe_globals(allowed):
        yield
