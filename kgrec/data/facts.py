"""Which triples count: no repetition, no self-loop, and each fact in one direction only."""

import logging

import numpy as np
import polars as pl

from kgrec.data.config import DataConfig
from kgrec.data.vocabulary import Vocabulary
from kgrec.errors import ConfigError, DataError

log = logging.getLogger(__name__)

FACT = ["head", "relation", "tail"]
# Edge types that the graph makes itself: user -> item, and the reverse of every relation.
RESERVED_NAME = "interacts"
RESERVED_PREFIX = "rev_"


def clean_triples(
    frame: pl.DataFrame, items: Vocabulary, config: DataConfig
) -> tuple[pl.DataFrame, tuple[str, ...], dict[str, int]]:
    """Triples that stay, the relations that are behaviour, and how many triples went, by reason.

    Triples that reach no item stay: they may join others that do, and a KG embedding learns from them.

    Raises:
        DataError: a relation bears a name that the graph keeps for itself.
        ConfigError: ``inverse_relations`` is neither drop nor keep.
    """
    if config.inverse_relations not in ("drop", "keep"):
        raise ConfigError(f"data.inverse_relations is {config.inverse_relations!r}; use drop or keep")
    _refuse_reserved(frame)
    distinct = frame.unique(FACT)
    proper = distinct.filter(pl.col("head") != pl.col("tail"))
    inverses = inverse_relations(proper, items)
    behaviour = _behaviour(proper, config.behaviour_relations, inverses)
    kept = proper
    if config.inverse_relations == "drop" and inverses:
        kept = proper.filter(~pl.col("relation").is_in(list(inverses)))
        for dropped, stays in inverses.items():
            log.info("relation %r is dropped: it holds the facts of %r backwards", dropped, stays)
    counts = {
        "dropped_duplicate_triples": frame.height - distinct.height,
        "dropped_self_loops": distinct.height - proper.height,
        "dropped_inverse_triples": proper.height - kept.height,
        "inverse_relations": len(inverses),
    }
    return kept, behaviour, counts


def inverse_relations(frame: pl.DataFrame, items: Vocabulary) -> dict[str, str]:
    """Relation -> the relation whose facts it repeats backwards; exact matches of whole relations only.

    Of two such relations the one that more often starts at an item stays ("film has genre", not "genre of
    film"), else the first by name. A symmetric relation is not its own inverse. Costs a hash of every triple;
    only relations with equal sums of hashes are compared.
    """
    if frame.is_empty():
        return {}
    ends = Vocabulary.from_ids(pl.concat([frame["head"], frame["tail"]]).unique().to_list(), "end")
    head, tail = ends.encode(frame["head"]).astype(np.uint64), ends.encode(frame["tail"]).astype(np.uint64)
    coded = pl.DataFrame({"relation": frame["relation"], "head": head, "tail": tail}).with_columns(
        forward=_mix(head, tail), backward=_mix(tail, head), starts=items.encode(frame["head"]) >= 0
    )
    sums = coded.group_by("relation").agg(
        pl.col("forward", "backward").sum(), pl.col("starts").sum(), n=pl.len()
    )
    found: dict[str, str] = {}
    kept: dict[tuple[int, int], str] = {}
    for row in sums.sort(["starts", "relation"], descending=[True, False]).iter_rows(named=True):
        twin = kept.get((row["n"], row["backward"]))
        if twin is not None and _are_inverse(coded, row["relation"], twin):
            found[row["relation"]] = twin
        else:
            kept.setdefault((row["n"], row["forward"]), row["relation"])
    return found


def _mix(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """A hash of ordered pairs (SplitMix64's finaliser); wraps around on purpose."""
    mixed = first * np.uint64(0x9E3779B97F4A7C15) + second
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))


def _are_inverse(coded: pl.DataFrame, relation: str, twin: str) -> bool:
    facts = coded.filter(pl.col("relation") == relation).select("head", "tail").sort("head", "tail")
    other = coded.filter(pl.col("relation") == twin).select(head="tail", tail="head").sort("head", "tail")
    return facts.equals(other)


def _behaviour(frame: pl.DataFrame, names: list[str], inverses: dict[str, str]) -> tuple[str, ...]:
    """The configured relations, and those that say the same backwards."""
    known = set(frame["relation"].unique())
    absent = sorted(set(names) - known)
    if absent:
        log.warning("behaviour relations %s are in no triple; known: %s", absent, sorted(known)[:20])
    mirrored = [{name, stays} for name, stays in inverses.items() if {name, stays} & set(names)]
    return tuple(sorted(set(names).union(*mirrored)))


def _refuse_reserved(frame: pl.DataFrame) -> None:
    for name in frame["relation"].unique().sort():
        if name == RESERVED_NAME or name.startswith(RESERVED_PREFIX):
            raise DataError(
                f"triples: relation {name!r} is a name that the graph keeps for its own edges "
                f"({RESERVED_NAME!r} and names that begin with {RESERVED_PREFIX!r}): rename the relation"
            )
