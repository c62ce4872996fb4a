"""Nested metrics as the flat names and the table rows that a tracker shows."""

from collections.abc import Mapping
from typing import Any


def flatten(nested: Mapping[str, Any], prefix: str = "", separator: str = "/") -> dict[str, Any]:
    """``{"test": {"recall@10": .2}}`` as ``{"test/recall@10": .2}``, at any depth.

    A list stays one value, an empty mapping is left out.
    """
    flat: dict[str, Any] = {}
    for name, value in nested.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{name}{separator}", separator)
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def metric_rows(flat: Mapping[str, Any]) -> list[tuple[str, str, float]]:
    """Rows (part, metric, value) of the numbers; part is what stands before the first ``/``."""
    rows = []
    for name, value in flat.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            part, _, metric = name.partition("/") if "/" in name else ("", "", name)
            rows.append((part, metric, float(value)))
    return rows
