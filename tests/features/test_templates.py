import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.errors import ConfigError
from kgrec.features.templates import entity_texts, item_texts, relation_texts


def one(template: str, **values: object) -> str:
    frame = pl.DataFrame({name: [value] for name, value in values.items()}, strict=False)
    return item_texts(frame, template)[0]


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("{title} ({release_year})", {"title": "Heat", "release_year": "1995"}, "Heat (1995)"),
        ("{title} ({release_year})", {"title": "Heat", "release_year": None}, "Heat"),
        ("{title} ({release_year})", {"title": None, "release_year": "1995"}, "(1995)"),
        ("{title} ({release_year})", {"title": None, "release_year": None}, ""),
        ("{title} ({release_year})", {"title": "Heat", "release_year": 1995.0}, "Heat (1995)"),
        ("{title} ({release_year})", {"title": "Heat ()", "release_year": None}, "Heat ()"),
        ("{title}（{brand}）{description}", {"title": "锅", "brand": None, "description": "铁"}, "锅铁"),
        ("{brand}: {title}", {"brand": None, "title": "shoe"}, "shoe"),
        ("{title}: {description}", {"title": "shoe", "description": ""}, "shoe"),
        ("{a}, {b}, {c}", {"a": "x", "b": None, "c": "z"}, "x, z"),
        ("{a}, {b}, {c}", {"a": None, "b": None, "c": "z"}, "z"),
        ("Title: {title}", {"title": None}, ""),
        ("{title}", {"title": "  two \n lines "}, "two lines"),
        ("{title}", {"title": ["a", None, "b"]}, "a, b"),
        ("{title} costs {{5}}", {"title": "it"}, "it costs {5}"),
        ("no column", {"title": "it"}, ""),
    ],
)
def test_values_by_hand(template: str, values: dict, expected: str) -> None:
    assert one(template, **values) == expected


def test_not_a_number_is_missing() -> None:
    assert one("{title} ({price})", title="pan", price=float("nan")) == "pan"


texts = st.none() | st.text(st.characters(categories=["L", "N"]), max_size=8)


@given(title=texts, year=texts, brand=texts)
def test_nothing_of_a_missing_value_stays(title: str | None, year: str | None, brand: str | None) -> None:
    text = one("{brand}: {title} ({year})", title=title, year=year, brand=brand)
    assert "\0" not in text and "()" not in text and text == text.strip(" :")
    # What has a value is there, letter by letter.
    for value in filter(None, (title, year, brand)):
        assert value in text


@pytest.mark.parametrize("template", ["{titel}", "{}", "{0}", "{title.upper}", "{title:>9}", "{title!r}"])
def test_an_unknown_column_lists_those_there_are(template: str) -> None:
    with pytest.raises(ConfigError, match="columns item, title"):
        item_texts(pl.DataFrame({"item": ["1"], "title": ["x"]}), template)


def test_a_broken_template_is_named() -> None:
    with pytest.raises(ConfigError, match=r"data\.template '\{title'"):
        item_texts(pl.DataFrame({"title": ["x"]}), "{title")


def test_entities_are_read_where_readable() -> None:
    ids = ["m.0bln8", "/m/0bln8", "4711", "Q42", "B000JGX", "Tom Hanks", "床品件套", "e1", "e2", "e3"]
    ids += ["http://dbpedia.org/resource/The_Matrix"]
    labels = {"e1": "Blue_Note", "e2": "1984", "e3": "m.0f5xn", "m.0bln8": "Uma Thurman"}
    read = ["Uma Thurman", "", "", "", "", "Tom Hanks", "床品件套", "Blue Note", "1984", "", "The Matrix"]
    assert entity_texts(ids, labels) == read


def test_relations_are_read_by_label_or_last_part() -> None:
    ids = ["film.film.genre", "http://dbpedia.org/ontology/starring", "based_in", "r7"]
    assert relation_texts(ids, {"r7": "made by"}) == ["genre", "starring", "based in", "made by"]
