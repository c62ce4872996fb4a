"""Click models: how attractive an item is for a query once the place where it stood is taken out.

Tables of impressions (session, query, item, rank, clicked) come in; query, item, attractiveness come out.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from kgrec.data.impressions import checked_impressions
from kgrec.errors import ConfigError

MODELS = ("position", "cascade", "dynamic", "rate")
_PAGE = ["session", "query"]
_PAIR = ["query", "item"]


@dataclass(frozen=True)
class Smoothing:
    """A Beta prior: ``clicks`` of ``views`` imagined on top of what was logged, so that 1 of 1 is not 1."""

    clicks: float = 1.0
    views: float = 10.0


@dataclass(frozen=True)
class PositionModel:
    """P(click) = examination[rank] * attractiveness[query, item], the position-based model."""

    examination: np.ndarray
    """``(ranks,)``, 1 at the first place: the two factors are known up to a scale only."""
    attractiveness: pl.DataFrame
    """query, item, attractiveness, views."""
    log_likelihood: list[float]
    """Mean over impressions, before each round of EM; it never falls where the prior is off."""


def attractiveness(
    impressions: pl.DataFrame, model: str = "position", smoothing: Smoothing | None = None
) -> pl.DataFrame:
    """query, item, attractiveness, views by one of ``MODELS``; ``rate`` is clicks / views, without a model.

    Raises:
        DataError: the table lacks a column.
        ConfigError: there is no such model.
    """
    prior = smoothing or Smoothing()
    table = checked_impressions(impressions)
    if model == "position":
        return fit_position_model(table, smoothing=prior).attractiveness
    if model == "cascade":
        return _share_of_clicks(until_first_click(table), prior)
    if model == "dynamic":
        return _share_of_clicks(until_last_click(table), prior)
    if model == "rate":
        return _share_of_clicks(table, prior)
    raise ConfigError(f"the click model is {model!r}; use one of {', '.join(MODELS)}")


def fit_position_model(
    impressions: pl.DataFrame, rounds: int = 500, smoothing: Smoothing | None = None, tolerance: float = 1e-7
) -> PositionModel:
    """Expectation maximisation of the position-based model; stops where the likelihood stands still.

    Richardson, Dominowska and Ragno 2007, https://doi.org/10.1145/1242572.1242643; EM as in Chuklin, Markov
    and de Rijke 2015, https://doi.org/10.2200/S00654ED1V01Y201507ICR043, chapter 4. With e = examination,
    a = attractiveness and no click: P(attractive | no click) = a (1 - e) / (1 - e a), P(examined | no
    click) = e (1 - a) / (1 - e a). Identified only where items change places between pages. Cost: a round
    is a pass over the distinct (query, item, rank), not over the impressions.
    """
    prior = smoothing or Smoothing()
    cells = impressions.group_by([*_PAIR, "rank"]).agg(
        clicks=pl.col("clicked").sum(), views=pl.len().cast(pl.Float64)
    )
    pairs = cells.select(_PAIR).unique().sort(_PAIR).with_row_index("pair")
    cells = cells.join(pairs, on=_PAIR).sort("pair", "rank")
    pair, rank = cells["pair"].to_numpy().astype(np.int64), cells["rank"].to_numpy()
    clicks, views = cells["clicks"].to_numpy().astype(float), cells["views"].to_numpy()
    passed = views - clicks
    seen, shown = np.bincount(pair, views), np.bincount(rank, views)
    examined = np.full(len(shown), 0.5)
    attractive = np.full(len(seen), 0.5)
    likelihood: list[float] = []
    for _ in range(rounds):
        e, a = examined[rank], attractive[pair]
        likelihood.append(float((clicks * _log(e * a) + passed * _log(1 - e * a)).sum() / views.sum()))
        if len(likelihood) > 1 and abs(likelihood[-1] - likelihood[-2]) < tolerance:
            break
        missed = np.maximum(1 - e * a, 1e-12)
        attractions = np.bincount(pair, clicks + passed * a * (1 - e) / missed)
        looks = np.bincount(rank, clicks + passed * e * (1 - a) / missed, len(shown))
        attractive = (attractions + prior.clicks) / (seen + prior.views)
        examined = looks / np.maximum(shown, 1.0)
    top = examined[np.flatnonzero(shown)[0]] or 1.0
    # The scale that the data leave open: the first place is always looked at.
    scaled = np.minimum(attractive * top, 1.0)
    table = pairs.select(
        *_PAIR, pl.Series("attractiveness", scaled), pl.Series("views", seen.astype(np.int64))
    )
    return PositionModel(np.minimum(examined / top, 1.0), table, likelihood)


def until_first_click(impressions: pl.DataFrame) -> pl.DataFrame:
    """What the cascade model says was looked at: down to the first click, or the whole page without one.

    Craswell, Zoeter, Taylor and Ramsey 2008, https://doi.org/10.1145/1341531.1341545.
    """
    first = pl.col("rank").filter("clicked").min().over(_PAGE)
    return impressions.filter(first.is_null() | (pl.col("rank") <= first))


def until_last_click(impressions: pl.DataFrame) -> pl.DataFrame:
    """What the simplified dynamic Bayesian network says was looked at: down to the last click.

    Chapelle and Zhang 2009, https://doi.org/10.1145/1526709.1526711, with the wish to go on always 1: a page
    without a click was looked at in whole.
    """
    last = pl.col("rank").filter("clicked").max().over(_PAGE)
    return impressions.filter(last.is_null() | (pl.col("rank") <= last))


def satisfaction(impressions: pl.DataFrame) -> pl.DataFrame:
    """query, item, satisfaction: share of an item's clicks after which nothing else was clicked (ibid.)."""
    clicks = checked_impressions(impressions).filter("clicked")
    last = clicks.with_columns(last=pl.col("rank") == pl.col("rank").max().over(_PAGE))
    return last.group_by(_PAIR).agg(satisfaction=pl.col("last").mean()).sort(_PAIR)


def _share_of_clicks(looked_at: pl.DataFrame, prior: Smoothing) -> pl.DataFrame:
    counts = looked_at.group_by(_PAIR).agg(clicks=pl.col("clicked").sum(), views=pl.len().cast(pl.Int64))
    share = (pl.col("clicks") + prior.clicks) / (pl.col("views") + prior.views)
    return counts.select(*_PAIR, share.alias("attractiveness"), "views").sort(_PAIR)


def _log(values: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(values, 1e-12))
