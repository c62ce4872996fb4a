"""Which interactions count: overlap of parts, duplicates, rating filter, k-core, in that order.

What is dropped is counted.
"""

import numpy as np
import polars as pl

from kgrec.data.config import DataConfig, FilterConfig
from kgrec.data.tables import PARTS
from kgrec.errors import ConfigError, DataError

PAIR = ["user", "item"]
DUPLICATES = ("first", "last", "error", "keep")
OVERLAPS = ("error", "first")


def clean_interactions(frame: pl.DataFrame, config: DataConfig) -> tuple[pl.DataFrame, dict[str, int]]:
    """Interactions that stay, and how many rows, users and items went, by reason.

    Raises:
        DataError: a pair stands in two parts, or twice where duplicates are errors, or nothing is left.
        ConfigError: an unknown way with duplicates or overlap, or a rating filter without ratings.
    """
    parted = separate_parts(frame, config.overlap)
    distinct = drop_duplicates(parted, config.duplicates)
    rated = filter_ratings(distinct, config.filters.min_rating)
    dense = filter_core(rated, config.filters)
    if dense.is_empty():
        raise DataError(
            f"no interaction is left of {frame.height:,}: min_rating={config.filters.min_rating} leaves "
            f"{rated.height:,}, user_core={config.filters.user_core} with "
            f"item_core={config.filters.item_core} leaves none; loosen data.filters"
        )
    return dense, {
        "dropped_by_overlap": frame.height - parted.height,
        "dropped_duplicates": parted.height - distinct.height,
        "dropped_by_rating": distinct.height - rated.height,
        "dropped_by_core": rated.height - dense.height,
        "dropped_users": frame["user"].n_unique() - dense["user"].n_unique(),
        "dropped_items": frame["item"].n_unique() - dense["item"].n_unique(),
    }


def separate_parts(frame: pl.DataFrame, how: str) -> pl.DataFrame:
    """The interactions without pairs in two parts: such a pair is refused, or stays in the first part alone.

    Raises:
        DataError: ``how`` is error and a pair stands in two parts.
        ConfigError: ``how`` is neither error nor first.
    """
    if how not in OVERLAPS:
        raise ConfigError(f"data.overlap is {how!r}; use one of {', '.join(OVERLAPS)}")
    if "part" not in frame.columns:
        return frame
    if how == "error":
        refuse_pairs_in_two_parts(frame)
        return frame
    place = pl.col("part").replace_strict(list(PARTS), range(len(PARTS)), return_dtype=pl.Int8)
    return frame.filter(place == place.min().over(PAIR))


def refuse_pairs_in_two_parts(frame: pl.DataFrame) -> None:
    """Raise DataError where a (user, item) pair of one part stands in another: the test would be known."""
    if "part" not in frame.columns:
        return
    places = frame.select(*PAIR, "part").unique().group_by(PAIR).agg(pl.col("part").sort())
    leaks = places.filter(pl.col("part").list.len() > 1).sort(PAIR)
    if not leaks.is_empty():
        user, item, parts = leaks.row(0)
        raise DataError(
            f"interactions: user {user!r}, item {item!r} stands in {' and '.join(parts)} "
            f"({leaks.height:,} such pairs); parts must not overlap: drop the pairs from the later part, "
            "by hand or with data.overlap=first"
        )


def drop_duplicates(frame: pl.DataFrame, how: str) -> pl.DataFrame:
    """One row a (user, item) pair: the first or last by time, where there is no time by file order.

    Raises:
        DataError: ``how`` is error and a pair occurs twice.
        ConfigError: ``how`` is none of first, last, error, keep.
    """
    if how not in DUPLICATES:
        raise ConfigError(f"data.duplicates is {how!r}; use one of {', '.join(DUPLICATES)}")
    if how == "keep":
        return frame
    if how == "error":
        repeated = frame.with_row_index("row", offset=1).filter(pl.struct(PAIR).is_duplicated())
        if not repeated.is_empty():
            user, item = repeated.row(0, named=True)["user"], repeated.row(0, named=True)["item"]
            rows = repeated.filter(pl.col("user") == user, pl.col("item") == item)["row"].to_list()
            raise DataError(
                f"interactions: user {user!r}, item {item!r} occurs {len(rows)} times (rows {rows[:5]}); "
                "choose data.duplicates=first, last or keep"
            )
        return frame
    if "timestamp" in frame.columns:
        frame = frame.sort("timestamp", maintain_order=True)
    return frame.unique(PAIR, keep="first" if how == "first" else "last", maintain_order=True)


def filter_ratings(frame: pl.DataFrame, min_rating: float | None) -> pl.DataFrame:
    """Interactions rated ``min_rating`` or better; raises ConfigError where there are no ratings."""
    if min_rating is None:
        return frame
    if "rating" not in frame.columns:
        raise ConfigError(f"data.filters.min_rating is {min_rating}, but the interactions have no rating")
    return frame.filter(pl.col("rating") >= min_rating)


def filter_core(frame: pl.DataFrame, config: FilterConfig) -> pl.DataFrame:
    """The (user_core, item_core)-core: the largest set where all users and items have enough partners.

    Users and items are dropped in turn until nothing changes. Each turn costs a count over the pairs that are
    left; there are as many turns as the longest chain of drops.
    """
    if config.user_core <= 1 and config.item_core <= 1:
        return frame
    coded = frame.select(pl.col(PAIR).rank("dense").cast(pl.Int64) - 1)
    pairs = coded.unique().to_numpy()
    for _ in range(len(pairs) + 1):
        counts = [np.bincount(pairs[:, side]) for side in (0, 1)]
        enough = (counts[0][pairs[:, 0]] >= config.user_core) & (counts[1][pairs[:, 1]] >= config.item_core)
        if enough.all():
            break
        pairs = pairs[enough]
    left = pl.DataFrame({"user": pairs[:, 0], "item": pairs[:, 1]})
    rows = coded.with_row_index("row").join(left, on=PAIR, how="semi", maintain_order="left")["row"]
    return frame[rows]
