import logging

import polars as pl
import pytest

from kgrec.data.sources.linking import item_of_entity, linked, unlike_items


def links(*pairs: tuple[str, str]) -> pl.DataFrame:
    return pl.DataFrame(pairs, schema=["item", "entity"], orient="row")


ITEMS = pl.Series(["1", "2", "3"])


def test_a_link_to_an_unknown_item_is_left_out_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    assert item_of_entity(links(("1", "a"), ("9", "b")), ITEMS).rows() == [("1", "a")]
    assert "1 links name an item that nothing else knows" in caplog.text


def test_of_two_items_of_one_entity_the_smaller_id_wins_in_any_order(
    caplog: pytest.LogCaptureFixture,
) -> None:
    for pairs in ([("2", "a"), ("1", "a")], [("1", "a"), ("2", "a")]):
        assert item_of_entity(links(*pairs), ITEMS).rows() == [("1", "a")]
    assert "1 links give an entity a second item" in caplog.text


def test_two_entities_of_one_item_become_that_item(caplog: pytest.LogCaptureFixture) -> None:
    chosen = item_of_entity(links(("1", "a"), ("1", "b")), ITEMS)
    triples = pl.DataFrame({"head": ["a", "b"], "relation": ["r", "r"], "tail": ["x", "a"]})
    assert linked(triples, chosen, ITEMS).rows() == [("1", "r", "x"), ("1", "r", "1")]
    assert "1 entities become an item" in caplog.text


def test_repeated_links_say_nothing_new(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert item_of_entity(links(("1", "a"), ("1", "a")), ITEMS).rows() == [("1", "a")]
    assert caplog.text == ""


def test_an_unlinked_entity_never_looks_like_an_item() -> None:
    # Entity 2 is no item although an item is called 2; entity 7 is item 2.
    triples = pl.DataFrame({"head": ["7", "2"], "relation": ["r", "r"], "tail": ["2", "8"]})
    named = linked(triples, links(("2", "7")), ITEMS)
    assert named.rows() == [("2", "r", "entity:2"), ("entity:2", "r", "entity:8")]


def test_names_without_a_clash_stay() -> None:
    assert unlike_items(pl.Series(["a", "b"]), ITEMS).to_list() == ["a", "b"]
