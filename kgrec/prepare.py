"""From a configuration to what every model is fitted on: data set, split, and the index of train pairs."""

import logging
import time
from dataclasses import dataclass

import numpy as np

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.load import load_dataset
from kgrec.data.splits import Part, Split, make_split
from kgrec.data.user_items import UserItems

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prepared:
    """The data of one job: what a model may see, and what it is judged by."""

    dataset: Dataset
    split: Split
    seconds: float
    """Time that loading, filtering and splitting took."""

    def index(self, part: Part) -> UserItems:
        """A part of the split by user."""
        shape = (len(self.dataset.users), len(self.dataset.items))
        return UserItems.from_pairs(part.users, part.items, shape, part.weights)

    def known_before(self, part: str) -> UserItems:
        """What may not be recommended when ``part`` is judged: train; at test also valid."""
        if part == "valid":
            return self.index(self.split.train)
        return self.index(self.split.with_valid())

    def truth(self, part: str) -> UserItems:
        """What a good ranking of ``part`` (valid or test) holds."""
        return self.index(getattr(self.split, part))


def prepare(config: Config) -> Prepared:
    """Load the data set, choose its knowledge, split it; logs statistics and the fingerprint."""
    started = time.perf_counter()
    dataset = with_knowledge(load_dataset(config.data), config.kg, config.kg_seed)
    split = make_split(dataset, config.data.split, config.data.weights)
    seconds = time.perf_counter() - started
    facts = ", ".join(f"{name} {value:,}" for name, value in dataset.statistics().items() if value)
    log.info("%s, kg=%s: %s; fingerprint %s", dataset.name, config.kg, facts, dataset.fingerprint[:16])
    counts = {name: len(getattr(split, name)) for name in ("train", "valid", "test")}
    log.info("split: %s (%.1f s)", ", ".join(f"{name} {n:,}" for name, n in counts.items()), seconds)
    return Prepared(dataset, split, seconds)


def external_pairs(dataset: Dataset, part: Part) -> tuple[list[str], list[str]]:
    """User and item ids of a part's pairs."""
    users = np.array(dataset.users.ids, dtype=object)[part.users]
    items = np.array(dataset.items.ids, dtype=object)[part.items]
    return users.tolist(), items.tolist()
