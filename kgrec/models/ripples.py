"""RippleNet's answer: facts around a person's history, weighed by the item that is asked about."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.graph.facts_of import FactsOf


class Memory(NamedTuple):
    """One ripple set of each person."""

    keys: Tensor
    """``(batch, M, dim)``: ``R_r h``, what a question is compared with."""
    answers: Tensor
    """``(batch, M, dim)``: t."""


class Weights(NamedTuple):
    """RippleNet's parameters."""

    nodes: Tensor
    """``(n_nodes, dim)``, items first."""
    relations: Tensor
    """``(n_relations, dim, dim)``: R_r."""
    update: Tensor | None
    """``(dim, dim)``: W of ``item_update=transform`` and ``transform_all``; None for ``replace``."""
    scored: bool = False
    """Whether the score, too, reads the item that the last hop left: ``transform_all``."""


def ripple_sets(facts: FactsOf, history: tuple[Tensor, Tensor], size: tuple[int, int]) -> Tensor:
    """Fact numbers ``(people, hops, memories)``; -1 throughout for a person without items.

    ``history``: (items ``(m,)``, bounds ``(people + 1,)``), person p having ``bounds[p]`` to ``bounds[p +
    1]``; ``size`` is (hops, memories). The first hop's facts start at the history, the next one's at the
    tails of those before.
    """
    return ripples_from(facts, facts.sample(*history, size[1]), size[0])


def ripples_from(facts: FactsOf, first: Tensor, hops: int) -> Tensor:
    """The ripple sets that spread from those of the first hop, ``(people, memories)``."""
    people, memories = first.shape
    found = [first]
    bounds = torch.arange(people + 1, device=first.device) * memories
    for _ in range(hops - 1):
        # Number 0 stands in for the missing facts of people without items, and is taken out again.
        tails = facts.tails[found[-1].clamp(min=0)].flatten()
        found.append(torch.where(first < 0, -1, facts.sample(tails, bounds, memories)))
    return torch.stack(found, 1)


def memories(weights: Weights, facts: FactsOf, ripples: Tensor) -> list[Memory]:
    """The vectors of ripple sets ``(batch, hops, M)``, for each hop.

    A matrix a fact would be ``(batch, M, dim, dim)``; instead each distinct (relation, head) is multiplied
    once, grouped by relation. Memory: ``8 batch hops M dim`` bytes.
    """
    chosen = ripples.clamp(min=0)
    n_nodes = len(weights.nodes)
    pairs, place = (facts.relations[chosen] * n_nodes + facts.heads[chosen]).unique(return_inverse=True)
    counts = torch.bincount(pairs // n_nodes, minlength=len(weights.relations)).tolist()
    heads = F.embedding(pairs % n_nodes, weights.nodes).split(counts)
    keys = torch.cat([head @ matrix.T for head, matrix in zip(heads, weights.relations, strict=True)])
    return [
        Memory(F.embedding(place[:, hop], keys), F.embedding(facts.tails[chosen[:, hop]], weights.nodes))
        for hop in range(ripples.shape[1])
    ]


def responses(items: Tensor, hops: list[Memory], weights: Weights) -> tuple[Tensor, Tensor]:
    """The person ``u = o^1 + ... + o^H`` as the item sees it, and what that is to be multiplied by.

    ``o^k = sum_i softmax_i(q^k . R_i h_i) t_i``; ``q^1`` is the item, ``q^(k+1)`` is ``o^k``, or ``W (q^k +
    o^k)`` with ``weights.update``. The second is the item, or with ``weights.scored`` ``q^(H+1)``. ``items``
    ``(batch, n, dim)``, or ``(n, dim)`` alike for everybody -> ``(batch, n, dim)``, and that or ``items``.
    """
    question, given = items, []
    for keys, answers in hops:
        answer = (question @ keys.mT).softmax(-1) @ answers
        given.append(answer)
        question = answer if weights.update is None else (question + answer) @ weights.update.T
    return torch.stack(given).sum(0), question if weights.scored else items


def ripple_scores(people: Tensor, items: Tensor, known: Tensor, scoring: str) -> Tensor:
    """``u . v``, or the cosine; 0 where a person has no ripple sets.

    ``people`` ``(batch, n, dim)``, ``items`` ``(batch, n, dim)`` or ``(n, dim)``, ``known`` ``(batch,)``
    bool -> ``(batch, n)``.
    """
    if scoring == "cosine":
        people, items = F.normalize(people, dim=-1), F.normalize(items, dim=-1)
    return (people * items).sum(-1) * known.unsqueeze(1)
