import polars as pl
import pytest

from kgrec.data.sources.labels import relation_label, resource_label, resource_labels


@pytest.mark.parametrize(
    ("address", "label"),
    [
        ("http://dbpedia.org/resource/Dragonfly_in_Amber", "Dragonfly in Amber"),
        ("http://dbpedia.org/resource/Caf%C3%A9_(novel)", "Café (novel)"),
        ("http://dbpedia.org/resource/Category:2004_novels", "2004 novels"),
        ("https://example.org/a#b/", "b"),
        ("9bd7c670d99951fae042e72d1b978563", None),
        ("m.04ctbw8", None),
    ],
)
def test_the_last_part_of_an_address_is_its_label(address: str, label: str | None) -> None:
    assert resource_label(address) == label


def test_relations_become_words() -> None:
    assert relation_label("http://dbpedia.org/ontology/literaryGenre") == "literary genre"
    assert relation_label("http://www.w3.org/2000/01/rdf-schema#seeAlso") == "see also"
    assert relation_label("film.actor.film") is None


def test_null_stays_null() -> None:
    assert resource_labels(pl.Series([None, "http://a/B_c"], dtype=pl.String)).to_list() == [None, "B c"]
