import polars as pl
import pytest

from kgrec.extraction.scores import score


def triples(*rows: tuple[str, str, str]) -> pl.DataFrame:
    schema = dict.fromkeys(("head", "relation", "tail"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_by_hand() -> None:
    truth = triples(("a", "brand", "x"), ("a", "type", "y"), ("b", "type", "y"), ("b", "type", "z"))
    found = triples(("a", "brand", "x"), ("a", "brand", "y"), ("b", "type", "y"), ("b", "type", "y"))
    rows = {row["relation"]: row for row in score(found, truth).to_dicts()}
    assert (rows["brand"]["precision"], rows["brand"]["recall"]) == (0.5, 1.0)
    assert rows["brand"]["f1"] == pytest.approx(2 / 3)
    assert (rows["type"]["precision"], rows["type"]["recall"]) == (1.0, 1 / 3)
    everything = rows["all"]
    assert (everything["right"], everything["predicted"], everything["true"]) == (2, 3, 4)
    assert everything["f1"] == pytest.approx(4 / 7)


def test_nothing_found_and_nothing_true() -> None:
    assert score(triples(), triples(("a", "brand", "x")))["f1"].to_list() == [0.0, 0.0]
    assert score(triples(), triples()).to_dicts()[0]["precision"] == 0.0
