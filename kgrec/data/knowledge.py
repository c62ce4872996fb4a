"""Which knowledge a model may see: all of it, none, a shuffled control, or behaviour in disguise as well."""

import numpy as np
import polars as pl

from kgrec.data.dataset import NO_TRIPLES, Dataset, with_triples
from kgrec.errors import ConfigError

MODES = ("full", "none", "shuffled", "full+behaviour")
# Rounds of repair after a shuffle; what still is a self-loop or a repetition then is dropped.
REPAIRS = 30


def with_knowledge(dataset: Dataset, mode: str, seed: int) -> Dataset:
    """The data set with the knowledge of ``mode``; entities, relations and fingerprint follow.

    ``full`` leaves out relations that are behaviour (also_buy), ``full+behaviour`` keeps them. ``none`` takes
    out triples, entities and relations. ``shuffled`` permutes the tails of ``full`` within each relation:
    every node keeps its degree under every relation, but facts are no longer true. Triples that the shuffle
    leaves as self-loops or repetitions are repaired by further swaps; what resists is dropped and counted.
    The result depends on ``seed`` and the set of triples, not on the order of a file.

    Raises:
        ConfigError: there is no such mode.
    """
    if mode not in MODES:
        raise ConfigError(f"kg is {mode!r}; use one of {', '.join(MODES)}")
    if mode == "none":
        return with_triples(dataset, NO_TRIPLES, {})
    if mode == "full+behaviour":
        return dataset
    triples = dataset.triples.filter(~pl.col("relation").is_in(list(dataset.behaviour)))
    if mode == "full" and triples.height == dataset.triples.height:
        return dataset
    counts = {"dropped_behaviour_triples": dataset.triples.height - triples.height}
    if mode == "shuffled":
        shuffled = shuffle_tails(triples, seed)
        counts["dropped_by_shuffle"] = triples.height - shuffled.height
        triples = shuffled
    return with_triples(dataset, triples, counts)


def shuffle_tails(triples: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Permute tails within each relation, without self-loops and repetitions."""
    rng = np.random.default_rng(seed)
    triples = triples.sort("relation", "head", "tail")
    relation = triples["relation"].rank("dense").cast(pl.Int64).to_numpy()
    tail = np.arange(triples.height)
    _permute_within(relation, tail, np.arange(triples.height), rng)
    for _ in range(REPAIRS):
        bad = _spoiled(triples, tail)
        if len(bad) == 0:
            break
        partners = _random_in_group(relation, bad, rng)
        _permute_within(relation, tail, np.union1d(bad, partners), rng)
    bad = _spoiled(triples, tail)
    kept = np.setdiff1d(np.arange(triples.height), bad)
    return triples.with_columns(tail=triples["tail"].gather(tail))[kept]


def _permute_within(
    relation: np.ndarray, tail: np.ndarray, chosen: np.ndarray, rng: np.random.Generator
) -> None:
    """Permute ``tail`` in place among the ``chosen`` rows (ascending, so grouped by relation)."""
    order = np.lexsort((rng.random(len(chosen)), relation[chosen]))
    tail[chosen] = tail[chosen][order]


def _random_in_group(relation: np.ndarray, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each row a random row of the same relation; ``relation`` is ascending."""
    start = np.searchsorted(relation, relation[rows], side="left")
    stop = np.searchsorted(relation, relation[rows], side="right")
    return start + (rng.random(len(rows)) * (stop - start)).astype(np.int64)


def _spoiled(triples: pl.DataFrame, tail: np.ndarray) -> np.ndarray:
    """Rows that are self-loops or repeat an earlier row."""
    now = triples.with_columns(tail=triples["tail"].gather(tail))
    repeated = ~now.select(pl.struct(pl.all()).is_first_distinct()).to_series()
    return np.flatnonzero((repeated | (now["head"] == now["tail"])).to_numpy())
