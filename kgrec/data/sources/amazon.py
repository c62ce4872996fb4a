"""Amazon's reviews and product metadata of 2018: who rated what, and what is known about the products.

https://nijianmo.github.io/amazon/; Ni, Li and McAuley, EMNLP 2019. ``files``: ``reviews`` and maybe
``metadata``, JSON lines, plain or gzipped. Of a review only user, product, stars and time are read,
never its text: what a person wrote about a product would give the answer away.
"""

import html
import logging
from pathlib import Path

import polars as pl

from kgrec.data.config import DataConfig
from kgrec.data.json_lines import read_json_lines
from kgrec.data.locate import path_of
from kgrec.data.tables import Tables
from kgrec.errors import DataError

log = logging.getLogger(__name__)

_REVIEW = {
    "reviewerID": pl.String(),
    "asin": pl.String(),
    "overall": pl.Float64(),
    "unixReviewTime": pl.Int64(),
}
_TEXTS = pl.List(pl.String)
_PRODUCT = {
    "asin": pl.String(),
    "title": pl.String(),
    "brand": pl.String(),
    "category": _TEXTS,
    "description": _TEXTS,
    "also_buy": _TEXTS,
    "also_view": _TEXTS,
}
_TAG = r"</?[A-Za-z!][^>]*(?:>|$)"


def read_amazon(config: DataConfig, folder: Path) -> Tables:
    """Read reviews and metadata.

    Triples are brand, category, also_buy and also_view of the products that are items: those with a review,
    with ``catalogue_items`` all. Brands and categories are the entities ``brand:<name>`` and
    ``category:<name>``; a product that is no item is an entity under its own id.
    """
    unknown = [role for role in config.files if role not in ("reviews", "metadata")]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows reviews, metadata")
    reviews = path_of(folder, config, "reviews")
    if reviews is None:
        raise DataError(f"{config.name}: data.files.reviews is missing; name the file of the reviews")
    interactions = _interactions(reviews)
    metadata = path_of(folder, config, "metadata")
    if metadata is None:
        return Tables(interactions)
    products = _products(metadata)
    items = products["asin"] if config.catalogue_items else interactions["item"].unique()
    triples = _triples(products.filter(pl.col("asin").is_in(items.implode())))
    return Tables(interactions, triples, _catalogue(products), _entity_labels(triples, products, items))


def clean(text: pl.Expr) -> pl.Expr:
    """Text without HTML tags, with its entities written out and single spaces; null where nothing is left."""
    bare = text.str.replace_all(_TAG, " ")
    plain = (
        pl.when(bare.str.contains("&", literal=True))
        .then(bare.map_elements(html.unescape, pl.String))
        .otherwise(bare)
    )
    tidy = plain.str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(tidy != "").then(tidy)


def _interactions(path: Path) -> pl.DataFrame:
    table = read_json_lines(path, _REVIEW)
    return pl.DataFrame(
        {
            "user": table.ids("reviewerID"),
            "item": table.ids("asin"),
            "rating": table.numbers("overall"),
            "timestamp": table.numbers("unixReviewTime"),
        }
    )


def _products(path: Path) -> pl.DataFrame:
    """One cleaned row a product; of repeated ones the last row stays."""
    table = read_json_lines(path, _PRODUCT)
    frame = table.frame.with_columns(table.ids("asin"))
    distinct = frame.unique("asin", keep="last", maintain_order=True)
    remnant = pl.col("title").str.contains(_TAG)
    remnants = int(distinct.select(remnant.sum()).item() or 0)
    log.info(
        "%s: %d products; %d repeated rows left out; %d titles are remnants of HTML and become empty",
        path,
        distinct.height,
        frame.height - distinct.height,
        remnants,
    )
    return distinct.with_columns(
        pl.when(~remnant).then(clean(pl.col("title"))).alias("title"),
        clean(pl.col("brand")).alias("brand"),
        clean(pl.col("description").list.join(" ")).alias("description"),
    )


def _catalogue(products: pl.DataFrame) -> pl.DataFrame:
    path = pl.col("category").list.eval(clean(pl.element())).list.drop_nulls().list.join(" / ")
    category = pl.when(path != "").then(path).alias("category")
    return products.select(pl.col("asin").alias("item"), "title", "description", "brand", category)


def _triples(products: pl.DataFrame) -> pl.DataFrame:
    def facts(relation: str, prefix: str) -> pl.DataFrame:
        column = products.select(head="asin", tail=relation)
        if column["tail"].dtype == _TEXTS:
            column = column.explode("tail").with_columns(clean(pl.col("tail")))
        known = column.drop_nulls("tail").with_columns(pl.concat_str(pl.lit(prefix), "tail").alias("tail"))
        return known.select("head", pl.lit(relation).alias("relation"), "tail")

    prefixes = {"brand": "brand:", "category": "category:", "also_buy": "", "also_view": ""}
    return pl.concat([facts(relation, prefix) for relation, prefix in prefixes.items()])


def _entity_labels(triples: pl.DataFrame, products: pl.DataFrame, items: pl.Series) -> pl.DataFrame:
    """Names of brands and categories, and titles of products that are no items."""
    tails = triples.select(entity=pl.col("tail")).unique(maintain_order=True)
    titles = products.select(entity=pl.col("asin"), title=pl.col("title"))
    name = pl.col("entity").str.extract(r"^(?:brand|category):(.*)$")
    named = tails.join(titles, on="entity", how="left", maintain_order="left").select(
        "entity", label=name.fill_null(pl.col("title"))
    )
    return named.filter(pl.col("label").is_not_null() & ~pl.col("entity").is_in(items.implode()))
