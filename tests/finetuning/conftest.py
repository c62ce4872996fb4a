"""Pairs that a tiny encoder can learn."""

import polars as pl
import pytest

COLOURS = ["red", "blue", "green", "black", "white", "pink", "brown", "grey"]
THINGS = ["shoe", "sock", "pan", "lid"]


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return {f"{colour}-{thing}": f"{colour} {thing}" for colour in COLOURS for thing in THINGS}


@pytest.fixture(scope="session")
def pairs() -> pl.DataFrame:
    """The query of a colour, a word that no item has, asks for all things of that colour."""
    rows = [(f"q{colour}", f"{colour}-{thing}", 1.0) for colour in COLOURS for thing in THINGS]
    return pl.DataFrame(rows, schema=["query", "item", "weight"], orient="row")
