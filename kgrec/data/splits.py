"""Train, valid and test: disjoint, made once, described by hashes."""

import logging
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from kgrec.data import split_methods as methods
from kgrec.data.config import SplitConfig, WeightConfig
from kgrec.data.dataset import Dataset
from kgrec.data.fingerprint import table_hash
from kgrec.data.tables import PARTS
from kgrec.data.weights import interaction_weights
from kgrec.errors import ConfigError, DataError

log = logging.getLogger(__name__)

METHODS = {
    "random": methods.random,
    "temporal": methods.temporal,
    "temporal_user": methods.temporal_user,
    "leave_one_out": methods.leave_one_out,
    "cold_items": methods.cold_items,
}


@dataclass(frozen=True)
class Part:
    """Interactions of one part, by row; a pair occurs more than once where repeated events were kept."""

    users: np.ndarray
    """``(n,)`` int64 user rows."""
    items: np.ndarray
    """``(n,)`` int64 item rows."""
    weights: np.ndarray | None = None
    """``(n,)`` float32; None = all one."""
    queries: np.ndarray | None = None
    """``(n,)`` int64 query rows, -1 where nothing was typed; None = the data has no queries."""

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class Split:
    """Three disjoint parts: no (user, item) pair stands in two of them."""

    train: Part
    valid: Part
    test: Part
    protocol: dict[str, Any]
    """method, seed, ratios and whatever else decided it."""
    hashes: dict[str, str] = field(default_factory=dict)
    """SHA-256 of each part's external (user, item) pairs, independent of their order."""

    def with_valid(self) -> Part:
        """Train and valid together: what a refit learns from, and what is known at test."""
        weights = None
        if self.train.weights is not None and self.valid.weights is not None:
            weights = np.concatenate([self.train.weights, self.valid.weights])
        queries = None
        if self.train.queries is not None and self.valid.queries is not None:
            queries = np.concatenate([self.train.queries, self.valid.queries])
        users = np.concatenate([self.train.users, self.valid.users])
        return Part(users, np.concatenate([self.train.items, self.valid.items]), weights, queries)

    def describe(self) -> dict[str, Any]:
        """What ``split.json`` holds: protocol, and of each part the number of interactions and its hash."""
        parts = {name: {"interactions": len(getattr(self, name))} for name in PARTS}
        described = {name: parts[name] | {"sha256": self.hashes.get(name)} for name in PARTS}
        return {"protocol": self.protocol} | described


def make_split(dataset: Dataset, config: SplitConfig, weights: WeightConfig | None = None) -> Split:
    """Assign every interaction to a part; the same for the same interactions and seed in any row order.

    Raises:
        DataError: a part is empty that should not be, two parts share a pair, or the data lacks a column that
            the method or the weights need.
        ConfigError: the method, a ratio or a weight does not exist.
    """
    assigned = _assign(dataset, config)
    rows = [np.flatnonzero(assigned == code) for code in range(len(PARTS))]
    _refuse_empty(rows, config)
    values = interaction_weights(dataset.interactions, assigned == methods.TRAIN, weights or WeightConfig())
    users, items = dataset.interaction_rows()
    queries = dataset.query_rows()
    parts = [
        Part(users[r], items[r], *(None if column is None else column[r] for column in (values, queries)))
        for r in rows
    ]
    _refuse_overlap(parts, dataset)
    hashes = {
        name: table_hash(dataset.interactions[r].select("user", "item"))
        for name, r in zip(PARTS, rows, strict=True)
    }
    left_out = int((assigned == methods.LEFT_OUT).sum())
    if left_out:
        log.info("split: %d repeated events after their pair's part had ended are left out", left_out)
    train, valid, test = parts
    return Split(train, valid, test, _protocol(dataset, config, left_out), hashes)


def _assign(dataset: Dataset, config: SplitConfig) -> np.ndarray:
    """``(n_interactions,)`` int8 codes of kgrec.data.split_methods."""
    pairs = methods.Pairs.of(dataset)
    has_parts = "part" in dataset.interactions.columns
    if config.method == "given":
        if not has_parts:
            raise DataError(
                "interactions: data.split.method=given needs the column 'part' (train, valid, test)"
            )
        return methods.given(pairs, config, dataset.interactions["part"].to_numpy())
    if config.method not in METHODS:
        raise ConfigError(f"data.split.method is {config.method!r}; use one of given, {', '.join(METHODS)}")
    if has_parts:
        log.warning("the data's own parts are ignored: data.split.method is %s, not given", config.method)
    return METHODS[config.method](pairs, config)


def _protocol(dataset: Dataset, config: SplitConfig, left_out: int) -> dict[str, Any]:
    protocol: dict[str, Any] = {"method": config.method, "seed": config.seed}
    if config.method == "given":
        own = bool((dataset.interactions["part"] == "valid").any())
        protocol["valid"] = "given" if own else f"a random share of {config.valid_share} of each user's train"
    elif config.method == "leave_one_out":
        timed = "timestamp" in dataset.interactions.columns
        protocol["last"] = "by timestamp" if timed else "random, for there are no timestamps"
    else:
        protocol["ratios"] = methods.normalised(list(config.ratios))
    return protocol | {"repeats_left_out": left_out}


def _refuse_empty(rows: list[np.ndarray], config: SplitConfig) -> None:
    wanted = [True, True, True]
    if config.method == "given":
        wanted[1] = config.valid_share > 0
    elif config.method != "leave_one_out":
        wanted = [share > 0 for share in methods.normalised(list(config.ratios))]
    for name, part, want in zip(PARTS, rows, wanted, strict=True):
        if want and len(part) == 0:
            counts = ", ".join(f"{other} {len(r)}" for other, r in zip(PARTS, rows, strict=True))
            raise DataError(
                f"split: {name} is empty ({counts}); data.split.method={config.method} finds too few "
                "interactions a user: choose other ratios, another method or more data"
            )


def _refuse_overlap(parts: list[Part], dataset: Dataset) -> None:
    frames = [
        pl.DataFrame({"user": part.users, "item": part.items}).unique().with_columns(part=pl.lit(name))
        for name, part in zip(PARTS, parts, strict=True)
    ]
    everything = pl.concat(frames)
    twice = everything.filter(everything.select("user", "item").is_duplicated())
    if not twice.is_empty():
        user, item, name = twice.row(0)
        pair = f"user {dataset.users.ids[user]!r}, item {dataset.items.ids[item]!r}"
        raise DataError(f"split: {pair} of {name} stands in another part as well ({len(twice)} such rows)")
