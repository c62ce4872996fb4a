"""People whom no model has seen: a fifth of them is held out wholly and known by a few interactions."""

import logging
from collections.abc import Callable

import numpy as np
from cold_jobs import SIDES, fitted, job
from cold_scorers import HistoryUsers
from cold_table import Row

from kgrec.data.sequences import Sequences
from kgrec.data.splits import Part, Split
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import stable_hash
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.evaluator import Evaluator
from kgrec.models.base import Scorer
from kgrec.prepare import Prepared, prepare

log = logging.getLogger(__name__)
KNOWN = (0, 1, 3, 5)
"""Interactions that are known of a person."""
LEAST = 10
"""Interactions of a person who is held out: five to know at most, and five to find."""
PENALTIES = (30.0, 100.0, 300.0, 1000.0)


def cold_users(data: str) -> list[Row]:
    """recall@20 of what follows a person's fifth interaction, for models that know fewer or none."""
    config = job(data, "model=popularity")
    prepared, people = without_people(prepare(config))
    popular = fitted(config, prepared).final
    rows = [_row(people, "popularity", "none", popular)]
    scorer, chosen = _best_ease(data, prepared)
    rows.append(_row(people, "EASE", "none", scorer, chosen, popular))
    for side, overrides in SIDES.items():
        flagship = job(data, "model=kgrec", "training.monitor=recall@20", *overrides)
        seen, _ = without_people(prepare(flagship))
        rows.append(_row(people, "kgrec", side, fitted(flagship, seen).final))
    return rows


def without_people(prepared: Prepared) -> tuple[Prepared, Sequences]:
    """The data without the interactions of the people held out, and these, oldest first.

    A fifth of those with LEAST interactions or more, by a hash of their ids. Of everybody else a tenth of the
    pairs, by a hash, is valid. Where the data has no times, a person's order is by a hash as well.
    """
    dataset = prepared.dataset
    users, items = dataset.interaction_rows()
    of_user = stable_hash(dataset.users.ids)
    of_item = stable_hash(dataset.items.ids)
    held = (of_user % np.uint64(5) == 0) & (np.bincount(users, minlength=len(of_user)) >= LEAST)
    mixed = (of_user[users] * np.uint64(0x9E3779B97F4A7C15) + of_item[items]) >> np.uint64(32)
    times = mixed.astype(np.float64)
    if "timestamp" in dataset.interactions.columns:
        order = np.lexsort((mixed, dataset.interactions["timestamp"].to_numpy()))
        times[order] = np.arange(len(order))
    valid, cold = mixed % np.uint64(10) == 0, held[users]
    people = Sequences.ordered(users[cold], items[cold], times[cold], len(of_user))
    parts = [Part(users[chosen], items[chosen]) for chosen in (~cold & ~valid, ~cold & valid, cold)]
    split = Split(parts[0], parts[1], parts[2], {"method": "held-out people"})
    return Prepared(dataset, split, prepared.seconds), people


def _best_ease(data: str, prepared: Prepared) -> tuple[Scorer, str]:
    """EASE with the penalty that is best on valid."""
    best: tuple[float, str, Scorer | None] = (-1.0, "", None)
    judge = _judge(prepared.truth("valid"), prepared.index(prepared.split.train))
    for penalty in PENALTIES:
        scorer = fitted(job(data, "model=ease", f"model.l2={penalty}"), prepared).final
        value = judge(scorer)
        if value > best[0]:
            best = (value, f"l2 {penalty:g}", scorer)
    assert best[2] is not None
    return best[2], best[1]


def _row(
    people: Sequences, model: str, side: str, scorer: Scorer, chosen: str = "", fallback: Scorer | None = None
) -> Row:
    values = {}
    for known in KNOWN:
        histories, truth, first = histories_of(people, known, scorer.n_items)
        strangers = HistoryUsers(scorer, histories, fallback)
        values[f"{known} known"] = _judge(truth, first)(strangers)
    log.info("%s, %s: %s", model, side, values)
    return Row(model, side, chosen, values)


def histories_of(
    people: Sequences, known: int, n_items: int
) -> tuple[list[np.ndarray], UserItems, UserItems]:
    """The first ``known`` items of everybody, what is to be found, and what is not ranked.

    To be found is what comes after the last item that any model knows, and what came before is not ranked:
    the same for every ``known``.
    """
    sequences = [people.of_user(user) for user in range(people.n_users)]
    first = [sequence[: max(KNOWN)] for sequence in sequences]
    later = [np.setdiff1d(sequence, own) for sequence, own in zip(sequences, first, strict=True)]
    told = [sequence[:known] for sequence in sequences]
    return told, _index(later, n_items), _index(first, n_items)


def _index(rows: list[np.ndarray], n_items: int) -> UserItems:
    users = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    items = np.concatenate([np.empty(0, np.int64), *rows])
    return UserItems.from_pairs(users, items, (len(rows), n_items))


def _judge(truth: UserItems, known: UserItems) -> Callable[[Scorer], float]:
    config = EvaluationConfig(metrics=["recall"], ks=[20])
    evaluator = Evaluator(truth, known, known, config)
    return lambda scorer: evaluator.metrics(scorer)["recall@20"]
