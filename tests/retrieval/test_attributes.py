from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from kgrec.data.dataset import Dataset
from kgrec.errors import ConfigError, DataError
from kgrec.retrieval.attributes import ItemAttributes
from kgrec.retrieval.facets import facets
from kgrec.retrieval.filters import Filters


@pytest.fixture(scope="module")
def attributes(bilingual: Dataset) -> ItemAttributes:
    return ItemAttributes.from_dataset(bilingual)


def kept(dataset: Dataset, attributes: ItemAttributes, filters: Filters) -> set[str]:
    mask = filters.mask(attributes)
    assert mask.dtype == bool and mask.shape == (7,)
    return {dataset.items.ids[row] for row in np.flatnonzero(mask)}


@pytest.mark.parametrize(
    ("filters", "items"),
    [
        (Filters({"brand": ["NIKE"]}), {"i0", "i1"}),
        (Filters({"brand": ["ｎｉｋｅ"]}), {"i0", "i1"}),
        (Filters({"brand": "nike"}), {"i0", "i1"}),
        (Filters({"brand": ["nike", "Sony"]}), {"i0", "i1", "i2"}),
        (Filters({"brand": ["nike"], "state": ["new"]}), {"i1"}),
        (Filters({"brand": ["adidas"]}), set()),
        (Filters({"brand": []}), set()),
        (Filters({"colour": ["紅"]}), {"i3", "i6"}),
        (Filters(price=(2, 20)), {"i4", "i5", "i6"}),
        (Filters(price=(1000, None)), {"i1", "i2"}),
        (Filters(price=(None, 9.5)), {"i4", "i5"}),
        (Filters({"state": ["sale"]}, (None, 10)), {"i5"}),
        (Filters(), {f"i{n}" for n in range(7)}),
        (Filters(price=(None, None)), {f"i{n}" for n in range(7)}),
    ],
)
def test_what_filters_leave(
    bilingual: Dataset, attributes: ItemAttributes, filters: Filters, items: set[str]
) -> None:
    assert kept(bilingual, attributes, filters) == items
    assert bool(filters) == (len(items) < 7)


def test_filters_that_make_no_sense_are_refused(bilingual: Dataset, attributes: ItemAttributes) -> None:
    with pytest.raises(DataError, match="no attribute 'barnd' to filter by; use one of brand, category"):
        Filters({"barnd": ["x"]}).mask(attributes)
    with pytest.raises(DataError, match="10 to 2 is empty"):
        Filters(price=(10, 2)).mask(attributes)
    with pytest.raises(DataError, match="10 to nan is empty"):
        Filters(price=(10, float("nan"))).mask(attributes)
    bare = ItemAttributes(pl.DataFrame(schema={"row": pl.UInt32, "name": pl.String, "value": pl.String}), 7)
    with pytest.raises(DataError, match="no column 'price'"):
        Filters(price=(1, 2)).mask(bare)
    assert facets(bare, np.arange(7)) == {}


def test_facets_by_hand(bilingual: Dataset, attributes: ItemAttributes) -> None:
    rows = bilingual.items.rows(["i0", "i1", "i2", "i5"])
    found = facets(attributes, rows)
    assert list(found) == ["state", "brand", "category", "fruit", "maker"]
    assert found["state"] == [("new", 2), ("sale", 2)]
    assert found["brand"] == [("NIKE", 2), ("Sony", 1)]
    assert list(facets(attributes, rows, n_values=1, n_attributes=2).values()) == [
        [("new", 2)],
        [("NIKE", 2)],
    ]
    assert facets(attributes, rows[:0]) == {}


def test_an_attribute_of_more_items_comes_before_one_of_more_values() -> None:
    rows = [(0, "tag", f"t{number}") for number in range(9)] + [(row, "brand", "b") for row in range(6)]
    facts = pl.DataFrame(rows, {"row": pl.UInt32, "name": pl.String, "value": pl.String}, orient="row")
    found = facets(ItemAttributes(facts, 6), np.arange(6))
    assert list(found) == ["brand", "tag"]
    assert found["brand"] == [("b", 6)] and len(found["tag"]) == 9


def test_hidden_relations_and_columns_are_neither_filters_nor_facets(bilingual: Dataset) -> None:
    attributes = ItemAttributes.from_dataset(bilingual, ["brand", "state"])
    assert not {"brand", "state"} & set(attributes.names)
    assert not {"brand", "state"} & set(facets(attributes, np.arange(7)))
    with pytest.raises(DataError, match="no attribute 'brand'"):
        Filters({"brand": ["NIKE"]}).mask(attributes)
    with pytest.raises(ConfigError, match="cannot be hidden"):
        ItemAttributes.from_dataset(bilingual, ["stat"])


def test_facets_agree_with_filters_on_a_real_shop(
    real_catalogue: Callable[[str], tuple[Dataset, str]],
) -> None:
    dataset, _ = real_catalogue("zh-shop")
    attributes = ItemAttributes.from_dataset(dataset)
    for name, counts in facets(attributes, np.arange(len(dataset.items)), 10_000, 10_000).items():
        for value, count in counts:
            mask = Filters({name: [value]}).mask(attributes)
            assert mask.sum() >= count > 0, (name, value)
    # 277 items: one category each.
    categories = facets(attributes, np.arange(len(dataset.items)), 1000)["category"]
    assert sum(count for _, count in categories) == 277
