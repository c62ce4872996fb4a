"""A data set in plain numbers, for logs and for the run."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from kgrec.data.dataset import Dataset


def statistics(dataset: "Dataset") -> dict[str, float | int | str]:
    """Counts, density, gaps and what cleaning removed.

    ``density`` is distinct (user, item) pairs / (users * items). ``items_without_facts`` occur in no triple,
    ``items_without_interactions`` come from the catalogue alone, ``items_without_title`` have no title there.
    """
    users, items = dataset.interaction_rows()
    n_users, n_items = len(dataset.users), len(dataset.items)
    pairs = len(np.unique(users * n_items + items))
    facts = dataset.knowledge_rows()
    ends = np.unique(facts[:, [0, 2]])
    numbers: dict[str, float | int | str] = {
        "users": n_users,
        "items": n_items,
        "entities": len(dataset.entities),
        "relations": len(dataset.relations),
        "interactions": dataset.interactions.height,
        "pairs": pairs,
        "triples": dataset.triples.height,
        "density": pairs / (n_users * n_items),
        "items_without_interactions": n_items - len(np.unique(items)),
        "items_without_facts": n_items - int((ends < n_items).sum()),
        "items_without_title": dataset.catalogue["title"].null_count(),
    }
    return numbers | dataset.dropped
