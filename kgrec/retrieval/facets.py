"""How the answers to a query spread over brands, categories and other attributes."""

import numpy as np

from kgrec.retrieval.attributes import ItemAttributes


def facets(
    attributes: ItemAttributes, items: np.ndarray, n_values: int = 10, n_attributes: int = 10
) -> dict[str, list[tuple[str, int]]]:
    """Attribute -> its most frequent values among ``items`` (rows) with their counts, best first.

    An item without any value of an attribute is in none of its counts; one with two values is in both.
    Attributes come in order of how many of the items they describe; ties by name. One pass over the values
    of ``items``.
    """
    if len(items) == 0:
        return {}
    rows = attributes.matrix[items]
    counts = np.bincount(rows.indices, minlength=len(attributes.values))
    described = {
        name: int((rows[:, columns].getnnz(1) > 0).sum()) for name, columns in attributes.columns.items()
    }
    found: dict[str, list[tuple[str, int]]] = {}
    for column in np.flatnonzero(counts):
        found.setdefault(attributes.name_of[column], []).append(
            (attributes.values[column], int(counts[column]))
        )
    names = sorted(found, key=lambda name: (-described[name], name))
    return {
        name: sorted(found[name], key=lambda pair: (-pair[1], pair[0]))[:n_values]
        for name in names[:n_attributes]
    }
