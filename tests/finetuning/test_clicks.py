import numpy as np
import polars as pl
import pytest

from kgrec.errors import ConfigError, DataError
from kgrec.finetuning.clicks import (
    MODELS,
    Smoothing,
    attractiveness,
    fit_position_model,
    satisfaction,
    until_first_click,
    until_last_click,
)

NONE = Smoothing(0.0, 0.0)
TRUE = np.array([0.7, 0.5, 0.3, 0.1])
EXAMINED = np.array([1.0, 0.6, 0.4, 0.2])


def page(clicks: str, session: str = "s", items: str = "abcdef") -> pl.DataFrame:
    return pl.DataFrame(
        {
            "session": [session] * len(clicks),
            "query": ["q"] * len(clicks),
            "item": list(items[: len(clicks)]),
            "rank": range(len(clicks)),
            "clicked": [mark == "1" for mark in clicks],
        }
    )


def simulated(model: str, pages: int, seed: int = 0) -> pl.DataFrame:
    """Pages of four items in random order, biased: the best item mostly stands last."""
    rng = np.random.default_rng(seed)
    orders = np.array([rng.permutation(4) if rng.random() < 0.5 else [3, 2, 1, 0] for _ in range(pages)])
    attracted = rng.random((pages, 4)) < TRUE[orders]
    if model == "position":
        clicked = attracted & (rng.random((pages, 4)) < EXAMINED)
    else:
        before = np.cumsum(attracted, axis=1) - attracted
        clicked = attracted & (before == 0)
    return pl.DataFrame(
        {
            "session": np.repeat(np.arange(pages), 4).astype(str),
            "query": ["q"] * (4 * pages),
            "item": np.array(list("abcd"))[orders].ravel(),
            "rank": np.tile(np.arange(4), pages),
            "clicked": clicked.ravel(),
        }
    )


def test_em_finds_the_parameters_that_made_the_clicks() -> None:
    model = fit_position_model(simulated("position", 20_000), rounds=500, smoothing=NONE, tolerance=1e-9)
    np.testing.assert_allclose(model.examination, EXAMINED, atol=0.05)
    np.testing.assert_allclose(model.attractiveness["attractiveness"], TRUE, atol=0.04)
    assert model.attractiveness["views"].to_list() == [20_000] * 4


def test_the_likelihood_never_falls() -> None:
    likelihood = fit_position_model(simulated("position", 500), smoothing=NONE).log_likelihood
    assert len(likelihood) > 3
    assert (np.diff(likelihood) > -1e-12).all()


def test_the_rate_of_clicks_is_fooled_by_the_places() -> None:
    log = simulated("position", 20_000)
    rate = dict(attractiveness(log, "rate").select("item", "attractiveness").rows())
    fitted = dict(attractiveness(log, "position").select("item", "attractiveness").rows())
    assert TRUE[0] / TRUE[3] == pytest.approx(7.0)
    assert rate["a"] / rate["d"] < 4.5
    assert 6.0 < fitted["a"] / fitted["d"] < 8.5


@pytest.mark.parametrize("model", ["cascade", "dynamic"])
def test_the_cascade_finds_what_made_its_clicks(model: str) -> None:
    found = attractiveness(simulated("cascade", 20_000), model, NONE)
    np.testing.assert_allclose(found["attractiveness"], TRUE, atol=0.03)


def test_what_was_looked_at() -> None:
    assert until_first_click(page("0101"))["item"].to_list() == ["a", "b"]
    assert until_last_click(page("01010"))["item"].to_list() == ["a", "b", "c", "d"]
    for looked_at in (until_first_click, until_last_click):
        assert looked_at(page("000"))["item"].to_list() == ["a", "b", "c"]


def test_pages_are_told_apart_by_session_and_query() -> None:
    other = page("0001").with_columns(query=pl.lit("other"))
    both = pl.concat([page("1000"), other])
    assert until_first_click(both).height == 1 + 4


def test_a_prior_keeps_one_of_one_from_being_certain() -> None:
    assert attractiveness(page("1"), "rate")["attractiveness"].to_list() == [2 / 11]
    assert attractiveness(page("1"), "rate", NONE)["attractiveness"].to_list() == [1.0]


def test_satisfaction_is_the_share_of_last_clicks() -> None:
    log = pl.concat([page("110", "1"), page("100", "2"), page("000", "3")])
    assert satisfaction(log).rows() == [("q", "a", 0.5), ("q", "b", 1.0)]


def test_unknown_models_and_tables_are_refused() -> None:
    with pytest.raises(ConfigError, match="position, cascade"):
        attractiveness(page("1"), "magic")
    for model in MODELS:
        with pytest.raises(DataError, match="'rank' is missing"):
            attractiveness(page("1").drop("rank"), model)
