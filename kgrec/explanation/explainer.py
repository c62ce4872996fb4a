"""Why an item may suit a person: the paths without which its score would be lowest."""

import numpy as np
import torch

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.path_maker import PathMaker
from kgrec.explanation.paths import Path
from kgrec.explanation.removal import HistoryRemoval, Removal
from kgrec.explanation.rewriter import Rewriter
from kgrec.explanation.trail_finder import TrailFinder
from kgrec.explanation.trails import Trail
from kgrec.explanation.words import LANGUAGES
from kgrec.models.base import Scorer
from kgrec.models.likeness import item_likeness
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.people import Person


class Explainer:
    """Finds trails over facts (over other people where no fact connects), removes them, tells the best.

    The trails that are really removed are the ``candidates`` of the largest likeness times rarity; which of
    them is best is the model's word alone, by how far the score falls.
    """

    def __init__(
        self,
        facts: FactTable,
        seen: UserItems,
        scorer: Scorer,
        config: ExplanationConfig | None = None,
        removal: Removal | None = None,
        rewriter: Rewriter | None = None,
    ) -> None:
        """``removal``: how edges go; None takes past items out of the history, which every model can.
        ``rewriter``: who words the paths after the templates.
        Cost: one pass over facts and interactions; explanations afterwards touch the person's own."""
        self.config = config or ExplanationConfig()
        self.scorer, self.removal = scorer, removal or HistoryRemoval(scorer)
        self.rewriter = rewriter
        self.finder = TrailFinder(facts, seen, self.config)
        self.maker = PathMaker(facts)

    def explain(
        self, person: Person, item: int, k: int = 3, language: str = "en", user: str = ""
    ) -> list[Path]:
        """At most ``k`` paths for an item row, best first; none for a stranger or where nothing connects.

        Of paths that read the same (over several nodes without a name, say) only the best is told.

        ``user``: the name on the first node. Raises ConfigError for a language that is not spoken here.
        """
        if language not in LANGUAGES:
            raise ConfigError(f"language is {language!r}; use one of {', '.join(LANGUAGES)}")
        told: dict[str, Path] = {}
        for trail, drop in self.scored(person, item):
            if len(told) == k:
                break
            path = self.maker.path(trail, user, drop, language)
            told.setdefault(path.words, path)
        paths = list(told.values())
        return paths if self.rewriter is None else [self.rewriter.reword(p, language) for p in paths]

    def scored(self, person: Person, item: int) -> list[tuple[Trail, float]]:
        """All candidates and how far the score falls without each, furthest first."""
        trails = self.candidates(person, item)
        if not trails:
            return []
        drops = self.removal.drops(person, item, trails)
        order = np.argsort(-drops, kind="stable")
        return [(trails[place], float(drops[place])) for place in order.tolist()]

    def candidates(self, person: Person, item: int) -> list[Trail]:
        """The trails that are worth removing, most promising first."""
        past = person.past[(person.weights > 0) & (person.past != item)]
        if len(past) == 0:
            return []
        like = item_likeness(self.scorer, torch.tensor([item])).cpu().numpy()
        near = past[np.argsort(-like[past], kind="stable")[: self.config.max_past]]
        trails = self.finder.by_facts(near, item) or self.finder.by_people(near, item, person.user)
        # Likeness can be below zero; what counts is its order, and a hub stays behind what is rare.
        least = float(like[past].min())
        promise = {trail: (like[trail.past] - least + 1e-6) * trail.weight for trail in trails}
        best = sorted(trails, key=lambda trail: -promise[trail])
        return best[: self.config.candidates]
