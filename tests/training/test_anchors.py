import numpy as np
import torch

from kgrec.data.user_items import UserItems
from kgrec.graph.triples import KnowledgeTriples
from kgrec.training.anchors import Anchors
from kgrec.training.positives import Positives

CPU = torch.device("cpu")


def linked(facts: KnowledgeTriples, n_items: int) -> set[tuple[int, int]]:
    """(node, item) of every fact, in both directions."""
    ends = list(zip(facts.heads.tolist(), facts.tails.tolist(), strict=True))
    return {(b, a) for a, b in [*ends, *((t, h) for h, t in ends)] if a < n_items}


def test_paths_walk_known_facts_to_another_item_and_reach_every_one(facts: KnowledgeTriples) -> None:
    anchors, links = Anchors.from_triples(facts, 15), linked(facts, 15)
    items = torch.arange(15).repeat(400)
    node, reached, usable = anchors.reachable(items, torch.Generator().manual_seed(0))
    seen = set()
    for item, via, other, use in zip(
        items.tolist(), node.tolist(), reached.tolist(), usable.tolist(), strict=True
    ):
        if use:
            assert (via, item) in links and (via, other) in links and item != other
            seen.add((item, via, other))
    assert seen == {(i, v, j) for v, i in links for w, j in links if v == w and i != j}


def test_negatives_share_no_anchor_and_are_not_the_users(facts: KnowledgeTriples, train: UserItems) -> None:
    anchors, links, positives = Anchors.from_triples(facts, 15), linked(facts, 15), Positives(train, CPU)
    users, nodes = torch.arange(12).repeat(50), torch.tensor([15, 16, 17]).repeat(200)
    drawn, fit = anchors.negatives(users, nodes, positives, torch.Generator().manual_seed(0))
    for user, node, item, good in zip(
        users.tolist(), nodes.tolist(), drawn.tolist(), fit.tolist(), strict=True
    ):
        assert good == ((node, item) not in links and item not in train.of(user))
    assert fit.float().mean() > 0.8


def test_where_no_negative_is_left_none_is_fit() -> None:
    facts = KnowledgeTriples.from_rows(torch.arange(3), torch.zeros(3).long(), torch.full((3,), 3), (1, 4))
    nobody = Positives(UserItems.from_pairs(np.zeros(0, int), np.zeros(0, int), (1, 3)), CPU)
    users, nodes = torch.zeros(5, dtype=torch.int64), torch.full((5,), 3)
    _, fit = Anchors.from_triples(facts, 3).negatives(users, nodes, nobody, torch.Generator())
    assert not fit.any()


def test_facts_among_entities_alone_reach_nothing() -> None:
    facts = KnowledgeTriples.from_rows(torch.tensor([5]), torch.tensor([0]), torch.tensor([6]), (1, 8))
    anchors = Anchors.from_triples(facts, 4)
    _, _, usable = anchors.reachable(torch.arange(4), torch.Generator())
    assert not usable.any()


def test_two_facts_between_the_same_ends_count_once() -> None:
    ends = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 0]), torch.tensor([2, 2, 2])
    anchors = Anchors.from_triples(KnowledgeTriples.from_rows(*ends, (2, 3)), 2)
    assert anchors.item_indptr.tolist() == [0, 1, 2]
    assert anchors.node_items.tolist() == [0, 1]


def test_to_keeps_everything(facts: KnowledgeTriples) -> None:
    anchors = Anchors.from_triples(facts, 15)
    moved = anchors.to(CPU)
    assert all(torch.equal(value, getattr(moved, name)) for name, value in vars(anchors).items())
