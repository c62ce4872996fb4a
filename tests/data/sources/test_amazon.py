import json
import logging
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.sources.amazon import clean, read_amazon
from kgrec.errors import DataError

FILES = {"reviews": "reviews.json", "metadata": "meta.json"}


def review(user: str, item: str, **more: Any) -> dict[str, Any]:
    written = {"reviewText": "the SECRET text", "summary": "SECRET", "style": {"Format:": "Print"}}
    return {"reviewerID": user, "asin": item, "overall": 4.0, "unixReviewTime": 100} | written | more


def product(item: str, **more: Any) -> dict[str, Any]:
    empty = {"title": "", "brand": "", "category": [], "description": [], "also_buy": [], "also_view": []}
    return {"asin": item, "rank": []} | empty | more


def folder_with(tmp_path: Path, reviews: list[dict[str, Any]], products: list[dict[str, Any]]) -> Path:
    for name, rows in (("reviews", reviews), ("meta", products)):
        (tmp_path / f"{name}.json").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


REVIEWS = [review("u1", "A"), review("u2", "B", overall=1.0, unixReviewTime=200)]
PRODUCTS = [
    product("A", title="Old title"),
    product("B", title='<span class="a-size-medium a-color-secondary"', rank="12 in Magazines"),
    product(
        "A",
        title="Cats &amp; <b>Dogs",
        brand="Fo&#39;o",
        category=["Pets", "Cats &amp; Dogs", "</span></span></span>"],
        description=["<i>All</i> about\n pets &amp; more", "", "a < b"],
        also_buy=["B", "C"],
        also_view=["D"],
    ),
    product("C", title="Sea", brand="Other"),
]


def test_reviews_give_ratings_and_times_but_no_text(tmp_path: Path) -> None:
    tables = read_amazon(DataConfig(name="a", files=FILES), folder_with(tmp_path, REVIEWS, PRODUCTS))
    assert tables.interactions.rows() == [("u1", "A", 4.0, 100.0), ("u2", "B", 1.0, 200.0)]
    for frame in (tables.interactions, tables.triples, tables.catalogue, tables.entity_labels):
        assert frame is not None and "SECRET" not in frame.write_csv()


def test_the_catalogue_is_clean_text_of_the_last_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    products = [*PRODUCTS[:2], PRODUCTS[2] | {"title": "Cats &amp; Dogs"}, PRODUCTS[3]]
    with caplog.at_level(logging.INFO):
        tables = read_amazon(DataConfig(name="a", files=FILES), folder_with(tmp_path, REVIEWS, products))
    assert tables.catalogue is not None
    assert tables.catalogue.sort("item").to_dicts() == [
        {
            "item": "A",
            "title": "Cats & Dogs",
            "description": "All about pets & more a < b",
            "brand": "Fo'o",
            "category": "Pets / Cats & Dogs",
        },
        {"item": "B", "title": None, "description": None, "brand": None, "category": None},
        {"item": "C", "title": "Sea", "description": None, "brand": "Other", "category": None},
    ]
    assert "3 products; 1 repeated rows left out; 1 titles are remnants of HTML" in caplog.text


def test_triples_are_facts_of_items(tmp_path: Path) -> None:
    tables = read_amazon(DataConfig(name="a", files=FILES), folder_with(tmp_path, REVIEWS, PRODUCTS))
    assert tables.triples is not None
    assert sorted(tables.triples.rows()) == [
        ("A", "also_buy", "B"),
        ("A", "also_buy", "C"),
        ("A", "also_view", "D"),
        ("A", "brand", "brand:Fo'o"),
        ("A", "category", "category:Cats & Dogs"),
        ("A", "category", "category:Pets"),
    ]
    assert tables.entity_labels is not None
    assert dict(tables.entity_labels.iter_rows()) == {
        "C": "Sea",
        "brand:Fo'o": "Fo'o",
        "category:Cats & Dogs": "Cats & Dogs",
        "category:Pets": "Pets",
    }


def test_with_catalogue_items_every_product_has_its_facts(tmp_path: Path) -> None:
    config = DataConfig(name="a", files=FILES, catalogue_items=True)
    tables = read_amazon(config, folder_with(tmp_path, REVIEWS, PRODUCTS))
    assert tables.triples is not None and ("C", "brand", "brand:Other") in tables.triples.rows()
    assert tables.entity_labels is not None and "C" not in tables.entity_labels["entity"].to_list()


def test_metadata_may_be_missing(tmp_path: Path) -> None:
    config = DataConfig(name="a", files={"reviews": "reviews.json"})
    tables = read_amazon(config, folder_with(tmp_path, REVIEWS, PRODUCTS))
    assert tables.triples is None and tables.catalogue is None


@pytest.mark.parametrize(
    ("reviews", "words"),
    [
        (
            [review("u", "A"), review("u", "B", overall=None)],
            ["line 2", "column 'overall'", "no finite number"],
        ),
        ([review("u", "A"), review("u", "")], ["line 2", "column 'asin'", "no id"]),
        ([product("A")], ["line 1", "column 'reviewerID'", "no id"]),
        ([{"user": "u"}], ["reviews.json", "no line has one of reviewerID, asin"]),
        (
            [review("u", "A"), review("u", "B", overall="good")],
            ["reviews.json, line 2", "column 'overall'", "'good' is no number"],
        ),
    ],
)
def test_broken_reviews_are_named(tmp_path: Path, reviews: list[dict[str, Any]], words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read_amazon(DataConfig(name="a", files=FILES), folder_with(tmp_path, reviews, PRODUCTS))
    for word in words:
        assert word in str(caught.value)


def test_the_reviews_have_to_be_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.files\.reviews is missing"):
        read_amazon(DataConfig(name="a", files={"metadata": "meta.json"}), tmp_path)
    with pytest.raises(DataError, match=r"data\.files has 'train'"):
        read_amazon(DataConfig(name="a", files={"train": "meta.json"}), tmp_path)


def test_html_goes_before_its_entities_are_written_out() -> None:
    frame = pl.DataFrame({"t": ["&lt;b&gt;", "<br/>x  y", "<span class=", "1 < 2 & 3 > 2", None]})
    assert frame.select(clean(pl.col("t")))["t"].to_list() == ["<b>", "x y", None, "1 < 2 & 3 > 2", None]
