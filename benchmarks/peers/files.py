"""A data set and its split as RecBole's pre-split atomic files, so that all sides have the same parts.

Ids are kgrec's rows behind a letter: ``u3`` a user, ``i7`` an item, ``e5`` an entity. An item is linked to
the entity of its own name, and only where a triple has it: with pre-split files RecBole drops no links by
itself, and an idle one would shift its item ids against its entity ids.
https://recbole.io/docs/user_guide/data/atomic_files.html
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kgrec.data.splits import Part
from kgrec.prepare import Prepared

PARTS = ("train", "valid", "test")


def write_files(prepared: Prepared, folder: Path) -> None:
    """Write NAME.{train,valid,test}.inter, NAME.kg, NAME.link and sizes.json, NAME being the folder's name.

    Raises:
        ValueError: an item has no interaction in any part: RecBole would not rank it, and kgrec would.
    """
    dataset, split = prepared.dataset, prepared.split
    folder.mkdir(parents=True, exist_ok=True)
    used = np.unique(np.concatenate([getattr(split, part).items for part in PARTS]))
    if len(used) < len(dataset.items):
        raise ValueError(
            f"{dataset.name}: {len(dataset.items) - len(used):,} items have no interaction; "
            "the two sides would rank different items (data.catalogue_items=false leaves them out)"
        )
    for part in PARTS:
        _write_part(getattr(split, part), folder / f"{folder.name}.{part}.inter")
    rows = dataset.knowledge_rows()
    n_items = len(dataset.items)
    facts = [(_end(head, n_items), f"r{relation}", _end(tail, n_items)) for head, relation, tail in rows]
    header = ("head_id:token", "relation_id:token", "tail_id:token")
    _write_table(folder / f"{folder.name}.kg", header, facts)
    ends = np.unique(rows[:, [0, 2]])
    links = [(f"i{item}", f"i{item}") for item in ends[ends < n_items]]
    _write_table(folder / f"{folder.name}.link", ("item_id:token", "entity_id:token"), links)
    sizes = {"users": len(dataset.users), "items": n_items, "entities": len(dataset.entities)}
    # Last, so that its presence means that the folder is whole.
    (folder / "sizes.json").write_text(json.dumps(sizes | {"sha256": data_hashes(prepared)}, indent=2) + "\n")


def data_hashes(prepared: Prepared) -> dict[str, str]:
    """Hashes of the parts and of the whole data set, facts included."""
    return prepared.split.hashes | {"data": prepared.dataset.fingerprint}


def _write_part(part: Part, path: Path) -> None:
    pairs = [(f"u{user}", f"i{item}") for user, item in zip(part.users, part.items, strict=True)]
    _write_table(path, ("user_id:token", "item_id:token"), pairs)


def _end(row: int, n_items: int) -> str:
    return f"i{row}" if row < n_items else f"e{row - n_items}"


def _write_table(path: Path, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    path.write_text("".join("\t".join(row) + "\n" for row in [header, *rows]))
