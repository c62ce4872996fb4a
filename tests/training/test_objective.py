from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph.triples import KnowledgeTriples
from kgrec.losses.knowledge import pairwise_loss, triple_score
from kgrec.models.bpr import BPR
from kgrec.models.network import Network, NodeVectors
from kgrec.training.batches import Batch, InteractionBatches
from kgrec.training.config import (
    KnowledgeConfig,
    L2Config,
    ObjectiveConfig,
    PreferenceConfig,
    TextTermConfig,
)
from kgrec.training.objective import Objective

CPU = torch.device("cpu")
Make = Callable[[ObjectiveConfig], Objective]
EVERYTHING = ObjectiveConfig(
    PreferenceConfig(weight=0.5),
    KnowledgeConfig(triple=0.1, anchored=0.2, triple_batch=64),
    TextTermConfig(weight=0.3),
    L2Config(weight=0.01),
)
TERMS = ["preference", "triple", "anchored", "text", "l2"]
NOTHING_ELSE = ObjectiveConfig(PreferenceConfig(loss="none"), l2=L2Config(weight=0.0))


def scaled(name: str, factor: float) -> ObjectiveConfig:
    """Every term on, one of them with another weight."""
    config = deepcopy(EVERYTHING)
    if name in ("triple", "anchored"):
        setattr(config.knowledge, name, factor * getattr(config.knowledge, name))
    else:
        getattr(config, name).weight *= factor
    return config


def test_everything_is_on_with_a_gradient(make_objective: Make, network: Network, batch: Batch) -> None:
    terms = make_objective(EVERYTHING)(network, batch)
    assert list(terms) == TERMS
    torch.stack(list(terms.values())).sum().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize("off", TERMS)
def test_weight_zero_switches_a_term_off(
    off: str, make_objective: Make, network: Network, batch: Batch
) -> None:
    config = scaled(off, 0.0)
    assert off not in make_objective(config)(network, batch)
    assert len(make_objective(config)(network, batch)) == 4


@pytest.mark.parametrize("name", TERMS)
def test_a_weight_scales_its_term_alone(
    name: str, make_objective: Make, network: Network, batches: InteractionBatches
) -> None:
    doubled = scaled(name, 2.0)
    before = make_objective(EVERYTHING)(network, next(batches.epoch(1)))
    after = make_objective(doubled)(network, next(batches.epoch(1)))
    for term in before:
        torch.testing.assert_close(after[term], before[term] * (2 if term == name else 1))


@pytest.mark.parametrize("scorer", ["distmult", "transe"])
def test_triple_term_by_hand(
    scorer: str, make_objective: Make, network: Network, facts: KnowledgeTriples, batches: InteractionBatches
) -> None:
    config = replace(NOTHING_ELSE, knowledge=KnowledgeConfig(triple=0.5, scorer=scorer, triple_batch=40))
    value = make_objective(config)(network, next(batches.epoch(1)))["triple"]
    head, relation, tail, corrupted, usable = facts.sample(40, next(batches.epoch(1)).generator)
    x, r = network().knowledge, network().relations
    assert r is not None
    losses = [
        pairwise_loss(
            triple_score(x[h, None], r[k, None], x[t, None], scorer),
            triple_score(x[h, None], r[k, None], x[c, None], scorer),
        )
        for h, k, t, c, use in zip(head, relation, tail, corrupted, usable, strict=True)
        if use
    ]
    assert 0 < len(losses) < 40
    torch.testing.assert_close(value, 0.5 * torch.cat(losses).mean())


def test_anchored_term_by_hand(make_objective: Make, network: Network, batches: InteractionBatches) -> None:
    objective = make_objective(replace(NOTHING_ELSE, knowledge=KnowledgeConfig(anchored=2.0)))
    value = objective(network, next(batches.epoch(1)))["anchored"]
    batch = next(batches.epoch(1))
    assert objective.anchors is not None
    node, positive, found = objective.anchors.reachable(batch.items, batch.generator)
    negative, fit = objective.anchors.negatives(batch.users, node, objective.positives, batch.generator)
    vectors, total, weights = network(), torch.zeros(()), torch.zeros(())
    for b in (found & fit).nonzero()[:, 0]:
        x = vectors.users[batch.users[b]]
        difference = x @ vectors.items[negative[b]] - x @ vectors.items[positive[b]]
        total = total + batch.weights[b] * torch.log1p(difference.exp())
        weights = weights + batch.weights[b]
    torch.testing.assert_close(value, 2.0 * total / weights)


@pytest.mark.parametrize("rows", ["first", "final"])
def test_l2_weighs_first_or_final_rows(
    rows: str, make_objective: Make, dropout_network: Callable[[], Network], batch: Batch
) -> None:
    network = dropout_network()
    objective = make_objective(replace(EVERYTHING, l2=L2Config(weight=0.5, rows=rows)))
    torch.manual_seed(0)
    vectors = network()
    users = vectors.users if rows == "final" else vectors.first_users
    items = vectors.items if rows == "final" else vectors.first_items
    squares = users[batch.users].square().sum() + items[batch.items].square().sum()
    torch.manual_seed(0)
    torch.testing.assert_close(objective(network, batch)["l2"], 0.5 * squares / 16)


def test_interactions_of_weight_zero_count_for_nothing(
    make_objective: Make, network: Network, batches: InteractionBatches
) -> None:
    batch = next(batches.epoch(1))
    first, second = slice(0, 8), slice(8, 16)
    masked = replace(batch, weights=torch.cat([batch.weights[first], torch.zeros(8)]))
    alone = Batch(batch.users[first], batch.items[first], batch.weights[first], torch.Generator())
    objective = make_objective(ObjectiveConfig(l2=L2Config(weight=0.0)))
    torch.testing.assert_close(
        objective(network, masked)["preference"], objective(network, alone)["preference"]
    )
    assert batch.weights[second].sum() > 0


def test_the_global_generator_is_left_alone(make_objective: Make, network: Network, batch: Batch) -> None:
    config = replace(EVERYTHING, preference=PreferenceConfig(loss="bpr"))
    before = torch.get_rng_state()
    make_objective(config)(network, batch)
    assert torch.equal(before, torch.get_rng_state())


def test_without_a_knowledge_graph_its_terms_are_off(
    train: UserItems, network: Network, text: Tensor, batch: Batch
) -> None:
    objective = Objective.build(EVERYTHING, train, 15, None, text, CPU)
    assert list(objective(network, batch)) == ["preference", "text", "l2"]


def test_a_text_term_without_text_is_refused(train: UserItems, facts: KnowledgeTriples) -> None:
    with pytest.raises(ConfigError, match=r"objective\.text\.weight"):
        Objective.build(EVERYTHING, train, 15, facts, None, CPU)


def test_a_triple_term_without_relation_vectors_is_refused(make_objective: Make, batch: Batch) -> None:
    config = ObjectiveConfig(knowledge=KnowledgeConfig(triple=1.0))
    with pytest.raises(ConfigError, match=r"objective\.knowledge\.triple"):
        make_objective(config)(BPR(12, 15, 6, "dot", 0.1), batch)


def test_an_objective_without_terms_is_refused(make_objective: Make) -> None:
    with pytest.raises(ConfigError, match="no term"):
        make_objective(ObjectiveConfig(PreferenceConfig(loss="none")))


def test_a_wrong_name_is_refused_before_any_work(make_objective: Make) -> None:
    with pytest.raises(ConfigError, match=r"objective\.preference\.loss is 'hinge'"):
        make_objective(ObjectiveConfig(PreferenceConfig(loss="hinge")))


def test_the_networks_own_terms_are_added(
    make_objective: Make, network: Network, batch: Batch, monkeypatch: pytest.MonkeyPatch
) -> None:
    def own_terms(vectors: NodeVectors, batch: Batch) -> dict[str, Tensor]:
        return {"contrast": vectors.users[batch.users].square().sum()}

    monkeypatch.setattr(network, "own_terms", own_terms)
    terms = make_objective(ObjectiveConfig())(network, batch)
    assert list(terms) == ["preference", "l2", "contrast"]
    expected = network().users[batch.users].square().sum()
    torch.testing.assert_close(terms["contrast"], expected)
