"""Find what connects a history with an item: facts, shared nodes, and other people where no facts do."""

import numpy as np

from kgrec.data.user_items import UserItems
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.trails import DIRECT, OTHER_PERSON, SHARED, Trail
from kgrec.retrieval.fact_table import FactTable

RAREST = 1e-3
"""Least weight of a trail: what nearly everything shares still connects a little."""


class TrailFinder:
    """Trails of at most two facts between past items and one item.

    The search never walks out of a shared node: it meets the facts of the past in the facts of the item, so
    that it costs what these facts are, however many items a hub has.
    """

    def __init__(self, facts: FactTable, seen: UserItems, config: ExplanationConfig) -> None:
        """``seen``: who had what, for trails over other people."""
        self.facts, self.config = facts, config
        self.seen = seen
        self.people_of = _transposed(seen)

    def by_facts(self, past: np.ndarray, item: int, bounded: bool = True) -> list[Trail]:
        """Every trail of facts from ``past`` ``(m,)`` to ``item``; ``bounded`` leaves out hubs, and nodes
        without a name where others connect, and keeps the rarest ``ways_per_item`` of each past item."""
        past = past[past != item]
        place, relations, others = self.facts.of(past)
        _, own_relations, own_others = self.facts.of(np.array([item]))
        direct = others == item
        trails = [
            Trail(DIRECT, int(past[p]), item, -1, (int(r),), 1.0)
            for p, r in zip(place[direct], relations[direct], strict=True)
        ]
        if bounded:
            hubs = self.facts.item_counts > max(2, self.config.hub_share * self.facts.n_items)
            own_relations, own_others = own_relations[~hubs[own_others]], own_others[~hubs[own_others]]
        own: dict[int, list[int]] = {}
        for relation, other in zip(own_relations.tolist(), own_others.tolist(), strict=True):
            own.setdefault(other, []).append(relation)
        for fact in np.flatnonzero(np.isin(others, own_others)):
            start, via = int(past[place[fact]]), int(others[fact])
            if via in (start, item):
                continue
            weight = max(RAREST, float(self.facts.idf[via]))
            first = int(relations[fact])
            # The same relation on both sides reads best; another pair only where there is none.
            last = [relation for relation in own[via] if relation == first] or own[via]
            trails += [Trail(SHARED, start, item, via, (first, relation), weight) for relation in last]
        trails = list(dict.fromkeys(trails))
        return self._rarest(self._named(trails)) if bounded else trails

    def by_people(self, past: np.ndarray, item: int, user: int | None, bounded: bool = True) -> list[Trail]:
        """Trails over other people who had a past item and ``item``; ``bounded`` keeps for each past item the
        one with the shortest history, in which the two stand out most."""
        theirs = self.people_of.of(item)
        theirs = theirs[theirs != (-1 if user is None else user)]
        counts = self.seen.counts()
        trails = []
        for start in past[past != item].tolist():
            both = np.intersect1d(self.people_of.of(start), theirs, assume_unique=True)
            if bounded and len(both):
                both = both[[np.argmin(counts[both])]]
            trails += [
                Trail(OTHER_PERSON, start, item, int(o), (), 1.0 / float(counts[o])) for o in both.tolist()
            ]
        return trails

    def _named(self, trails: list[Trail]) -> list[Trail]:
        """Those over what has a name; a bare code is told only where nothing else connects."""
        return [trail for trail in trails if trail.kind == DIRECT or self.facts.label(trail.via)] or trails

    def _rarest(self, trails: list[Trail]) -> list[Trail]:
        kept: dict[int, int] = {}
        chosen = []
        for trail in sorted(
            trails, key=lambda trail: (-trail.weight, trail.past, trail.via, trail.relations)
        ):
            kept[trail.past] = kept.get(trail.past, 0) + 1
            if kept[trail.past] <= self.config.ways_per_item:
                chosen.append(trail)
        return chosen


def _transposed(seen: UserItems) -> UserItems:
    """People by item."""
    shape = (seen.n_items, seen.n_users)
    return UserItems.from_pairs(seen.items, seen.user_of_pair(), shape)
