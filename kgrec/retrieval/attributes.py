"""What is known of each item, as a table of names and values that filters and facets count in."""

from collections.abc import Sequence

import numpy as np
import polars as pl
from scipy.sparse import csr_matrix

from kgrec.data.dataset import Dataset
from kgrec.errors import DataError
from kgrec.query.hidden import visible_catalogue
from kgrec.query.normalise import normalise
from kgrec.retrieval.documents import item_facts

# Columns that say what an item is called or costs, not of which kind it is.
_NO_ATTRIBUTE = ("item", "title", "description", "price")
_NUMBER = r"(\d+(?:\.\d+)?)"


class ItemAttributes:
    """Relations of the graph and columns of the catalogue as attributes: name -> value -> items.

    Values are shown as they are spelt in the data and compared normalised: nike is NIKE.
    """

    def __init__(self, facts: pl.DataFrame, n_items: int, prices: np.ndarray | None = None) -> None:
        """``facts``: row (item row), name, value. ``prices`` ``(n_items,)``, NaN where unknown."""
        self.n_items, self.prices = n_items, prices
        distinct = facts.select("name", "value").unique().sort("name", "value")
        self.names: list[str] = distinct["name"].unique().sort().to_list()
        self.values: list[str] = distinct["value"].to_list()
        """One column of ``matrix`` each, those of one attribute side by side."""
        self.name_of = distinct["name"].to_list()
        numbered = distinct.with_row_index("column")
        cells = facts.unique().join(numbered, on=["name", "value"], how="inner")
        ones = np.ones(cells.height, np.int8)
        places = (cells["row"].to_numpy(), cells["column"].to_numpy())
        self.matrix = csr_matrix((ones, places), (n_items, len(self.values)))
        """``(n_items, values)``, 1 where an item has a value."""
        self.columns = {
            name: slice(self.name_of.index(name), self.name_of.index(name) + self.name_of.count(name))
            for name in self.names
        }
        """Which columns are of which attribute."""
        self._by_value = self.matrix.tocsc()
        self._columns: dict[tuple[str, str], list[int]] = {}
        for column, (name, value) in enumerate(zip(self.name_of, self.values, strict=True)):
            self._columns.setdefault((name, normalise(value, None)), []).append(column)

    @classmethod
    def from_dataset(cls, dataset: Dataset, hidden_relations: Sequence[str] = ()) -> "ItemAttributes":
        """Attributes of a data set; where a relation and a column have one name the relation counts.

        Raises:
            ConfigError: a hidden relation is neither a relation nor a column.
        """
        catalogue = visible_catalogue(dataset, hidden_relations)
        facts = item_facts(dataset, hidden_relations).select("item", name="relation", value="label")
        taken = {*_NO_ATTRIBUTE, *facts["name"].unique()}
        columns = [name for name in catalogue.columns if name not in taken]
        tables = [facts, *(_column(catalogue, name) for name in columns)]
        rows = pl.DataFrame({"item": dataset.items.ids}, schema={"item": pl.String}).with_row_index("row")
        table = pl.concat(tables).join(rows, on="item", how="inner").select("row", "name", "value")
        return cls(table, len(dataset.items), _prices(catalogue))

    def mask(self, name: str, values: Sequence[str]) -> np.ndarray:
        """``(n_items,)`` bool: items that have one of the values; a value that no item has matches none.

        Raises:
            DataError: there is no such attribute.
        """
        if name not in self.names:
            raise DataError(
                f"there is no attribute {name!r} to filter by; use one of {', '.join(self.names)}"
            )
        found = np.zeros(self.n_items, bool)
        for value in values:
            for column in self._columns.get((name, normalise(value, None)), ()):
                start, end = self._by_value.indptr[column : column + 2]
                found[self._by_value.indices[start:end]] = True
        return found


def _column(catalogue: pl.DataFrame, name: str) -> pl.DataFrame:
    value = pl.col(name)
    if isinstance(catalogue.schema[name], pl.List):
        catalogue = catalogue.explode(name)
    frame = catalogue.select("item", pl.lit(name).alias("name"), value.cast(pl.String).alias("value"))
    return frame.filter(pl.col("value").str.strip_chars() != "")


def _prices(catalogue: pl.DataFrame) -> np.ndarray | None:
    """The column price as numbers, whatever currency stands beside them; None without such a column."""
    if "price" not in catalogue.columns:
        return None
    text = catalogue["price"].cast(pl.String).str.replace_all(",", "", literal=True)
    return text.str.extract(_NUMBER, 1).cast(pl.Float64).fill_null(np.nan).to_numpy()
