import pytest

from kgrec.data.dataset import Dataset
from kgrec.query.linking import EntityLinker, Link
from kgrec.query.named import Named, joined_to_items, named_nodes
from kgrec.query.normalise import normalise


@pytest.fixture(scope="module")
def linker(bilingual: Dataset) -> EntityLinker:
    return EntityLinker.from_dataset(bilingual)


def ids(linker: EntityLinker, text: str) -> list[str]:
    return [link.id for link in linker.link(normalise(text))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nike", ["b:nike"]),
        ("ＮＩＫＥ运动鞋", ["b:nike"]),
        ("cheap running-shoe from Sony!", ["c:shoes", "b:sony"]),
        ("running", []),
        ("nikes", ["b:nike"]),  # a plural
        ("snikers", []),  # inside a word
        ("床品件套", ["c:bedding"]),
        ("MUJI", ["b:muji"]),
        ("muji制造商", ["b:muji"]),
        ("红", ["l:red"]),
        ("红 nike", ["l:red", "b:nike"]),
        ("红色", []),
        ("iphone6", ["iphone6"]),
        ("4711", []),  # an id without a label is no name
        ("apple iphone 6 case", ["i4"]),  # an item by its title, longer than the brand in it
        ("红酒", ["i6"]),
        ("居家", ["c:home"]),
        ("", []),
    ],
)
def test_longest_match_of_names(linker: EntityLinker, text: str, expected: list[str]) -> None:
    assert ids(linker, text) == expected


def test_a_link_says_all_about_it(linker: EntityLinker) -> None:
    assert linker.link("buy nike") == [Link("b:nike", "NIKE", ("brand",), (4, 8), 1.0)]
    (item,) = linker.link("红酒")
    assert item.is_item and item.relations == ("sells",)


def test_an_ambiguous_name_is_shared_by_facts(bilingual: Dataset) -> None:
    things = [Named("brand", "Apple", ("brand",), 3), Named("fruit", "apple", ("fruit",), 1)]
    links = EntityLinker(things).link("apple")
    assert [(link.id, link.score) for link in links] == [("brand", 0.75), ("fruit", 0.25)]


def test_what_only_hidden_relations_reach_does_not_exist(bilingual: Dataset) -> None:
    blind = EntityLinker.from_dataset(bilingual, ["category"])
    # The hierarchy above the hidden relation goes too.
    assert ids(blind, "running shoes") == ids(blind, "clothing") == ids(blind, "居家") == []
    assert "Running Shoes" not in blind.entity_labels
    assert ids(blind, "nike") == ["b:nike"]


def test_single_letters_and_stop_words_are_no_names() -> None:
    linker = EntityLinker([Named(name, name, ("r",), 1) for name in ("a", "The", "x", "7", "x 7")])
    assert ids(linker, "the a x and 7") == []
    assert ids(linker, "x-7") == ["x 7"]


def test_joined_to_items(bilingual: Dataset) -> None:
    triples = bilingual.triples
    assert "c:home" in joined_to_items(triples, bilingual.items)
    upper = triples.filter(triples["relation"] == "part_of")
    assert joined_to_items(upper, bilingual.items) == []
    assert joined_to_items(upper.clear(), bilingual.items) == []


def test_facts_are_counted(bilingual: Dataset) -> None:
    nodes = {node.id: node for node in named_nodes(bilingual)}
    assert nodes["c:shoes"].facts == 3 and nodes["c:shoes"].relations == ("category",)
    assert nodes["i5"].is_item and nodes["i5"].label == "Fresh apple juice"
    assert "4711" not in nodes
