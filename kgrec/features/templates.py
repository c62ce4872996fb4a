"""The text of items, entities and relations."""

import re
from collections.abc import Sequence
from string import Formatter

import polars as pl

from kgrec.errors import ConfigError

# Stands for a missing value until the glue around it is gone; no text holds this character.
_GAP = "\0"
_EMPTY = r"[\0\s]*"
_PAIRS = [r"\(", r"\)", r"\[", r"\]", r"\{", r"\}", "（", "）", "【", "】", "「", "」", "《", "》"]
_BRACKETS = re.compile(
    r"\s*(?:" + "|".join(a + _EMPTY + b for a, b in zip(_PAIRS[::2], _PAIRS[1::2], strict=True)) + ")"
)
_GLUE = r"[\s,;:|/·–—、，；：-]*"
_LEADING_GAP = re.compile(rf"^(?:\s*\0{_GLUE})+")
_INNER_GAP = re.compile(rf"{_GLUE}\0")
_SPACE = re.compile(r"\s+")
_ID = re.compile(r"/?[mg][./][0-9a-z_]+|[QP]\d+|[\W_]*")
_CODE = re.compile(r"[!-~]*\d[!-~]*")


def item_texts(catalogue: pl.DataFrame, template: str) -> list[str]:
    """One text an item, in row order, from the ``{column}`` places of ``template``; ``""`` where all lack.

    A missing value vanishes together with the brackets around it and the comma, colon or dash before it:
    ``{title} ({release_year})`` gives ``Heat`` where the year is unknown. A row without any of the values has
    no text at all, whatever words the template holds.

    Raises:
        ConfigError: the template names a column that is not there, or is no template.
    """
    literals, columns = _parse(template, catalogue.columns)
    values = [[_text(value) for value in catalogue[column].to_list()] for column in columns]
    if not columns:
        return [""] * catalogue.height
    return [_fill(literals, row) for row in zip(*values, strict=True)]


def entity_texts(ids: Sequence[str], labels: dict[str, str]) -> list[str]:
    """One text an entity: its label where that is readable, else its id where that is, else ``""``."""
    return [_readable(name, labels) for name in ids]


def relation_texts(ids: Sequence[str], labels: dict[str, str]) -> list[str]:
    """One text a relation: ``film.film.genre`` is read as ``genre`` where it has no label."""
    return [labels.get(name) or _words(re.split(r"[./#]", name.rstrip("./#"))[-1]) for name in ids]


def _parse(template: str, columns: Sequence[str]) -> tuple[list[str], list[str]]:
    """Literals and columns in turn; one literal more than columns."""
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"data.template {template!r} is no template: {error}") from error
    literals, names = [""], []
    for literal, name, spec, conversion in pieces:
        literals[-1] += literal
        if name is None:
            continue
        if name not in columns or spec or conversion:
            shown = ", ".join(columns)
            raise ConfigError(
                f"data.template {template!r} asks for {{{name}}}; the catalogue has the columns {shown}. "
                "Write {column} with one of these names"
            )
        names.append(name)
        literals.append("")
    return literals, names


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        value = ", ".join(filter(None, map(_text, value)))
    return _SPACE.sub(" ", str(value).replace(_GAP, " ")).strip()


def _fill(literals: Sequence[str], values: Sequence[str]) -> str:
    if not any(values):
        return ""
    filled = "".join(
        part for pair in zip(literals, [value or _GAP for value in values], strict=False) for part in pair
    )
    filled += literals[-1]
    if _GAP in filled:
        filled = _BRACKETS.sub(lambda match: "" if _GAP in match[0] else match[0], filled)
        filled = _INNER_GAP.sub("", _LEADING_GAP.sub("", filled))
    return _SPACE.sub(" ", filled).strip()


def _readable(name: str, labels: dict[str, str]) -> str:
    label = labels.get(name)
    if label is not None:
        return "" if _ID.fullmatch(label) else _words(label)
    tail = re.split(r"[/#]", name)[-1] if "://" in name else name
    # An id without a label is read only where it looks like words: m.0bln8, B000JGX and 4711 do not.
    return "" if _ID.fullmatch(tail) or _CODE.fullmatch(tail) else _words(tail)


def _words(name: str) -> str:
    return _SPACE.sub(" ", name.replace("_", " ")).strip()
