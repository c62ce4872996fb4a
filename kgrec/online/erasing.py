"""Take a person out of a run directory: ids, interactions, and what the model holds of that one person."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
import torch
from torch import Tensor

from kgrec.data.vocabulary import Vocabulary
from kgrec.load_run import load_vocabularies
from kgrec.run import Run

TABLES = ("seen.parquet", "top_k.parquet", "per_user.parquet")
MODELS = ("model.safetensors", "vectors.safetensors", "scorer.safetensors")
OTHERS = ("item", "relation", "entit", "query", "weights_")
"""Tensors of these names hold rows of something else, however many."""


@dataclass(frozen=True)
class Place:
    """Which row of which tables is the person's: nodes are users, then items, then entities."""

    row: int
    n_users: int
    n_nodes: tuple[int, ...]
    """Lengths that a table of users, or of users and whatever follows them, has."""


def erase_from_run(run: Run, user: str) -> bool:
    """Rewrite a run without ``user``; False where it never knew them.

    The row stays, under a name that says nothing, so that all other rows keep their places; its vectors and
    its history are zero. What all people together taught the model (item vectors, item weights) goes with
    the next training. Cost: each table is read and written once.
    """
    users, items = load_vocabularies(run)
    if user not in users:
        return False
    row = users.row(user)
    entities = len(run.read_table("vocabulary/entities.parquet"))
    sizes = (len(users), len(users) + len(items), len(users) + len(items) + entities)
    # The tables first: a half-done erasure is found by the id, which goes last, and done again.
    for name in MODELS:
        if run.has(name):
            run.write_tensors(name, without_user(run.read_tensors(name), Place(row, len(users), sizes)))
    for name in TABLES:
        if run.has(name):
            run.write_table(name, run.read_table(name).filter(pl.col("user") != user))
    anonymous(users, row).save(run.path / "vocabulary" / "users.parquet")
    return True


def anonymous(users: Vocabulary, row: int) -> Vocabulary:
    """The same vocabulary with a random name at ``row``."""
    ids = list(users.ids)
    ids[row] = f"erased-{secrets.token_hex(8)}"
    return Vocabulary(ids, users.kind)


def without_user(tensors: Mapping[str, Tensor], place: Place) -> dict[str, Tensor]:
    """A model's tensors with zeros, or an empty history, at the person's row."""
    kept = dict(tensors)
    for name, tensor in tensors.items():
        last = name.rsplit("/", 1)[-1]
        if last == "history_indptr" and len(tensor) == place.n_users + 1:
            kept |= _without_history(tensors, name.removesuffix("indptr"), place.row)
        elif last.startswith("history_") or any(part in name for part in OTHERS):
            continue
        elif tensor.ndim >= 1 and len(tensor) in place.n_nodes:
            kept[name] = tensor.clone()
            kept[name][place.row] = 0
    return kept


def _without_history(tensors: Mapping[str, Tensor], prefix: str, row: int) -> dict[str, Tensor]:
    """A CSR matrix with nothing in ``row``."""
    indptr, indices, data = (tensors[f"{prefix}{part}"] for part in ("indptr", "indices", "data"))
    start, end = int(indptr[row]), int(indptr[row + 1])
    shorter = indptr.clone()
    shorter[row + 1 :] -= end - start
    kept = torch.from_numpy(np.r_[0:start, end : len(indices)])
    return {f"{prefix}indptr": shorter, f"{prefix}indices": indices[kept], f"{prefix}data": data[kept]}
