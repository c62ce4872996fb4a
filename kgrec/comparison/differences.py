"""Runs that are repetitions of one another, and the keys in which the others differ."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from kgrec.comparison.record import RunRecord

SEEDS = ("seed", "data.split.seed", "kg_seed")
"""Runs that differ in these alone are repetitions of one row."""
NO_SETTING = ("runs_dir", "training.resume", "tracking.", "reference.")
"""Keys, or starts of keys, that decide where a run lies and not what it is."""
NAMING_KEYS = 3
"""A row is named by at most so many keys of its own; beyond, by the name of its run."""
ABSENT = "-"


@dataclass(frozen=True)
class Group:
    """One row of a comparison: the repetitions of one setting."""

    label: str
    records: tuple[RunRecord, ...]

    @property
    def part(self) -> str:
        """The part that all repetitions were judged on."""
        return "test" if all(record.part == "test" for record in self.records) else "valid"


def settings(record: RunRecord) -> dict[str, str]:
    """What a run is, as text: the configuration without seeds and places."""
    kept = {key: value for key, value in record.config.items() if not key.startswith(NO_SETTING)}
    return {key: _text(value) for key, value in kept.items() if key not in SEEDS}


def group_runs(records: Iterable[RunRecord]) -> tuple[list[Group], list[RunRecord]]:
    """Repetitions together, and the runs left out because a newer one has the same settings and seeds.

    ``records`` come in the order of their age; the groups come in the order of their newest run.
    """
    groups: dict[tuple[Any, ...], dict[tuple[Any, ...], RunRecord]] = {}
    repeated = []
    for record in records:
        key = tuple(sorted(settings(record).items()))
        seeds = tuple(_text(record.config.get(name)) for name in SEEDS)
        members = groups.pop(key, {})
        if seeds in members:
            repeated.append(members.pop(seeds))
        members[seeds] = record
        groups[key] = members
    rows = [tuple(members[seeds] for seeds in sorted(members)) for members in groups.values()]
    labels = label_rows([row[0] for row in rows])
    return [Group(label, row) for label, row in zip(labels, rows, strict=True)], repeated


def newest_groups(groups: Sequence[Group], named: set[str]) -> list[Group]:
    """The newest row of each data, model and knowledge, and every row with a run of ``named``."""
    last = {group.records[0].kind: group for group in groups}
    asked = [group for group in groups if any(record.name in named for record in group.records)]
    return [group for group in groups if group in asked or last[group.records[0].kind] is group]


def relabelled(groups: Sequence[Group]) -> list[Group]:
    """The same rows with the shortest names that tell them apart."""
    labels = label_rows([group.records[0] for group in groups])
    return [Group(label, group.records) for label, group in zip(labels, groups, strict=True)]


def differing_keys(groups: Sequence[Group]) -> dict[str, list[str]]:
    """Key -> its value in each group, for the keys whose values are not all the same."""
    return _differing([settings(group.records[0]) for group in groups])


def label_rows(records: Sequence[RunRecord]) -> list[str]:
    """Short names: the model; data and kg where they differ; then the keys that tell equal names apart."""
    kinds = [record.kind for record in records]
    several_data, several_kg = len({kind[0] for kind in kinds}) > 1, len({kind[2] for kind in kinds}) > 1
    labels = [
        (f"{data} " if several_data else "") + model + (f" kg={kg}" if several_kg else "")
        for data, model, kg in kinds
    ]
    for label in [label for label, count in Counter(labels).items() if count > 1]:
        places = [place for place, other in enumerate(labels) if other == label]
        apart = _differing([settings(records[place]) for place in places])
        for number, place in enumerate(places):
            own = " ".join(
                f"{key.rpartition('.')[2]}={_short(values[number])}" for key, values in apart.items()
            )
            name = records[place].name.rstrip("/").rpartition("/")[2]
            labels[place] = f"{label} {own if len(apart) <= NAMING_KEYS else name}"
    return _unique(labels)


def _unique(labels: list[str]) -> list[str]:
    """Equal names (runs of one name in two folders) get a number."""
    counts, seen = Counter(labels), Counter[str]()
    for place, label in enumerate(labels):
        seen[label] += 1
        if counts[label] > 1:
            labels[place] = f"{label} ({seen[label]})"
    return labels


def _differing(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    keys = sorted({key for row in rows for key in row})
    columns = {key: [row.get(key, ABSENT) for row in rows] for key in keys}
    return {key: values for key, values in columns.items() if len(set(values)) > 1}


def _short(text: str) -> str:
    """Four digits of a long number: a name, not a record; the table of differences has them all."""
    try:
        return text if len(text) <= 7 else f"{float(text):.4g}"
    except ValueError:
        return text


def _text(value: Any) -> str:
    """One text a value, whether YAML or W&B's JSON gave it: 1.0 and 1 are the same number."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
