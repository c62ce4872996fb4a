"""Facts from one column of a catalogue: values that differ in case or spacing only are one entity."""

import polars as pl

PLACEHOLDERS = (
    "unknown",
    "n/a",
    "na",
    "none",
    "null",
    "not available",
    "other",
    "无",
    "未知",
    "其他",
    "暂无",
)
"""Values, in lower case, that say that nothing is known."""
FACTS = {"head": pl.String, "relation": pl.String, "tail": pl.String, "label": pl.String}


def attribute_facts(
    catalogue: pl.DataFrame, column: str, relation: str | None = None, separator: str | None = None
) -> pl.DataFrame:
    """head, relation, tail, label of every item that has a value in ``column``; repetitions stay out.

    ``relation`` is the column's name unless given; with ``separator`` a value is a list of values. The tail
    is ``<relation>:<value in one spelling>``, so that Apple the brand and apple the scent are two entities;
    the label is the spelling that most items use (of equals the first in the order of characters).
    """
    name = relation or column
    frame = catalogue.select(head=pl.col("item"), value=pl.col(column).cast(pl.String)).drop_nulls()
    if separator:
        frame = frame.with_columns(pl.col("value").str.split(separator)).explode("value")
    frame = frame.with_columns(_tidy(pl.col("value")).alias("value"))
    frame = frame.with_columns(pl.col("value").str.to_lowercase().alias("key"))
    known = pl.col("value").str.contains(r"[\p{L}\p{N}]") & ~pl.col("key").is_in(PLACEHOLDERS)
    frame = frame.filter(known)
    spellings = frame.group_by("key", "value").len().sort(["len", "value"], descending=[True, False])
    labels = spellings.unique("key", keep="first", maintain_order=True).select("key", label="value")
    named = frame.join(labels, on="key", maintain_order="left")
    facts = named.select(
        "head",
        pl.lit(name).alias("relation"),
        pl.concat_str(pl.lit(f"{name}:"), "key").alias("tail"),
        "label",
    )
    return facts.unique(["head", "tail"], keep="first", maintain_order=True)


def _tidy(text: pl.Expr) -> pl.Expr:
    return text.str.normalize("NFKC").str.replace_all(r"\s+", " ").str.strip_chars()
