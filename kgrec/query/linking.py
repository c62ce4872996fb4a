"""Words of a query to the entities and items of the graph that bear them as a name."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import Stemmer

from kgrec.data.dataset import Dataset
from kgrec.query.named import Named, named_nodes
from kgrec.query.normalise import HAN, has_han, normalise
from kgrec.query.stop_words import STOP_WORDS

_UNIT = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
# Units of the longest label that is looked for: a longer one is a sentence that nobody types in full.
_MAX_UNITS = 24

Units = tuple[str, ...]


@dataclass(frozen=True)
class Link:
    """One thing that a query names."""

    id: str
    """External id of an entity or item."""
    label: str
    relations: tuple[str, ...]
    """Visible relations in which it is a tail, most frequent first; () of an item that is none."""
    span: tuple[int, int]
    """Where it is named in the text that was linked."""
    score: float
    """Share of the facts of all things of this name that are its own, in (0, 1]; 1 = the name is its own."""
    is_item: bool = False


class EntityLinker:
    """Longest match of labels over a text, from left to right.

    Both are compared as units: single Han characters and stemmed Latin words, so that neither punctuation
    nor a plural stands between them and a Latin label never matches inside a word. A label of one Han
    character matches only where no Han stands beside it (红 is not in 红酒). Costs a few dictionary look-ups
    a unit, whatever the number of labels.
    """

    def __init__(self, things: Iterable[Named]) -> None:
        self._stemmer = Stemmer.Stemmer("english")
        self._things: dict[Units, list[Named]] = defaultdict(list)
        lengths: dict[str, set[int]] = defaultdict(set)
        labels: dict[str, None] = {}
        for thing in things:
            if not thing.is_item:
                labels[thing.label] = None
            for name in thing.names:
                units = tuple(unit for unit, _, _ in self._units(normalise(name, None)))
                if _is_name(units):
                    self._things[units].append(thing)
                    lengths[units[0]].add(len(units))
        self._lengths: Mapping[str, list[int]] = {
            unit: sorted(sizes, reverse=True) for unit, sizes in lengths.items()
        }
        self.entity_labels: tuple[str, ...] = tuple(labels)
        """Labels of the entities that can be linked."""

    @classmethod
    def from_dataset(cls, dataset: Dataset, hidden_relations: Sequence[str] = ()) -> "EntityLinker":
        """Entities that visible facts join to an item, and items by their title.

        An entity that only hidden relations reach does not exist here.

        Raises:
            ConfigError: a hidden relation is neither a relation nor a column.
        """
        return cls(named_nodes(dataset, hidden_relations))

    def link(self, text: str) -> list[Link]:
        """Everything that a normalised text names, in its order; several links share a span where a name is
        ambiguous, best first."""
        units = self._units(text)
        links: list[Link] = []
        place = 0
        while place < len(units):
            size = self._longest(units, place)
            if size:
                span = (units[place][1], units[place + size - 1][2])
                links.extend(self._links(_texts(units[place : place + size]), span))
            place += size or 1
        return links

    def _longest(self, units: list[tuple[str, int, int]], place: int) -> int:
        """Number of units of the longest label that starts at ``place``; 0 where there is none."""
        for size in self._lengths.get(units[place][0], ()):
            found = _texts(units[place : place + size])
            if len(found) == size and found in self._things and not _inside(units, place, found):
                return size
        return 0

    def _links(self, units: Units, span: tuple[int, int]) -> list[Link]:
        things = sorted(self._things[units], key=lambda thing: (-thing.facts, thing.id))
        total = sum(thing.facts for thing in things)
        return [
            Link(thing.id, thing.label, thing.relations, span, thing.facts / total, thing.is_item)
            for thing in things
        ]

    def _units(self, text: str) -> list[tuple[str, int, int]]:
        stem = self._stemmer.stemWord
        return [(stem(match[0]), match.start(), match.end()) for match in _UNIT.finditer(text)]


def _texts(units: Sequence[tuple[str, int, int]]) -> Units:
    return tuple(unit for unit, _, _ in units)


def _is_name(units: Units) -> bool:
    if not 1 <= len(units) <= _MAX_UNITS:
        return False
    # A lone letter, digit or stop word is part of every second query and names nothing.
    alone = units[0] if len(units) == 1 else ""
    return alone not in STOP_WORDS and not (len(alone) == 1 and not has_han(alone))


def _inside(units: list[tuple[str, int, int]], place: int, found: Units) -> bool:
    """Whether a label of one Han character stands within a longer run of Han."""
    if len(found) > 1 or not has_han(found[0]):
        return False
    _, start, end = units[place]
    before = place > 0 and units[place - 1][2] == start and has_han(units[place - 1][0])
    after = place + 1 < len(units) and units[place + 1][1] == end and has_han(units[place + 1][0])
    return before or after
