"""Readable names out of linked-data addresses: http://dbpedia.org/resource/Dragonfly_in_Amber."""

import re
from urllib.parse import unquote

import polars as pl

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def resource_label(address: str) -> str | None:
    """``Dragonfly in Amber`` for an http address that ends so; None for anything else."""
    if not address.startswith(("http://", "https://")):
        return None
    last = re.split(r"[/#]", address.rstrip("/#"))[-1]
    return unquote(last).replace("_", " ").removeprefix("Category:").strip() or None


def relation_label(address: str) -> str | None:
    """``literary genre`` for http://dbpedia.org/ontology/literaryGenre; None for what is no address."""
    label = resource_label(address)
    return None if label is None else _CAMEL.sub(" ", label).lower()


def resource_labels(addresses: pl.Series) -> pl.Series:
    """`resource_label` of every value; null stays null."""
    return pl.Series([None if a is None else resource_label(a) for a in addresses], dtype=pl.String)


def relation_labels(addresses: pl.Series) -> pl.Series:
    """`relation_label` of every value."""
    return pl.Series([relation_label(address) for address in addresses], dtype=pl.String)
