from typing import Any

import pytest
import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.features.config import KGEConfig
from kgrec.features.kge import train_kge, triples_factory
from kgrec.features.knowledge_graph import LabelledGraph
from kgrec.features.link_prediction import (
    filtered_scores,
    held_out_link_prediction,
    link_prediction,
    sample_triples,
)

CPU = torch.device("cpu")


@pytest.fixture
def factory(random_graph: Dataset) -> Any:
    return triples_factory(LabelledGraph.from_dataset(random_graph))


def trained(factory: Any, name: str) -> Any:
    return train_kge(factory, KGEConfig(model=name, dim=8, epochs=20, batch_size=64), 0, CPU)


def ranks_by_loop(model: Any, held_out: Tensor, known: Tensor) -> list[float]:
    """Realistic filtered ranks of both sides, one candidate at a time."""
    true, ranks = set(map(tuple, known.tolist())), []
    for triple in held_out.tolist():
        for end in (0, 2):
            others = [(*triple[:end], x, *triple[end + 1 :]) for x in range(model.num_entities)]
            others = [other for other in others if other not in true]
            with torch.no_grad():
                scores = model.score_hrt(torch.tensor([triple, *others])).flatten()
            above, equal = (scores[1:] > scores[0]).sum(), (scores[1:] == scores[0]).sum()
            ranks.append(1 + above.item() + equal.item() / 2)
    return ranks


@pytest.mark.parametrize("name", ["TransE", "DistMult", "RotatE"])
def test_ogb_and_pykeen_agree(factory: Any, name: str) -> None:
    model = trained(factory, name)
    held_out = sample_triples(factory.mapped_triples, 150, 0)
    metrics = link_prediction(model, held_out, factory.mapped_triples)
    for metric in ("mrr", "hits@1", "hits@3", "hits@10"):
        assert metrics[f"ogb/{metric}"] == pytest.approx(metrics[f"pykeen/realistic/{metric}"], abs=1e-5)
    assert 0.05 < metrics["ogb/mrr"] < 1.0


def test_both_equal_a_loop_over_candidates(factory: Any) -> None:
    model = trained(factory, "DistMult")
    held_out = factory.mapped_triples[:20]
    ranks = ranks_by_loop(model, held_out, factory.mapped_triples)
    metrics = link_prediction(model, held_out, factory.mapped_triples)
    assert metrics["ogb/mrr"] == pytest.approx(sum(1 / rank for rank in ranks) / len(ranks), abs=5e-3)
    assert metrics["ogb/hits@10"] == pytest.approx(sum(rank <= 10 for rank in ranks) / len(ranks), abs=0.03)


def test_ties_decide_what_a_model_without_opinion_is_worth(factory: Any) -> None:
    model = trained(factory, "DistMult")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    held_out, known = factory.mapped_triples[:30], factory.mapped_triples
    metrics = link_prediction(model, held_out, known)
    # All scores are equal: a rank is 1, c or the mean of both, with c candidates after filtering.
    _, tails = filtered_scores(model, held_out, known, "tail")
    _, heads = filtered_scores(model, held_out, known, "head")
    candidates = torch.cat([torch.isfinite(x).sum(dim=1) + 1.0 for x in (heads, tails)])
    assert metrics["pykeen/optimistic/mrr"] == 1.0
    assert metrics["pykeen/pessimistic/mrr"] == pytest.approx((1 / candidates).mean().item(), rel=1e-4)
    realistic = (2 / (1 + candidates)).mean().item()
    assert metrics["pykeen/realistic/mrr"] == pytest.approx(realistic, rel=1e-4)
    assert metrics["ogb/mrr"] == pytest.approx(realistic, rel=1e-4)
    assert metrics["ogb/hits@10"] == 0.0


@pytest.mark.parametrize("side", ["head", "tail"])
def test_known_triples_are_no_negatives(factory: Any, side: str) -> None:
    model, known = trained(factory, "TransE"), factory.mapped_triples
    batch = known[:40]
    _, negative = filtered_scores(model, batch, known, side)
    true, end = set(map(tuple, known.tolist())), 0 if side == "head" else 2
    for triple, scores in zip(batch.tolist(), negative, strict=True):
        made = [(*triple[:end], x, *triple[end + 1 :]) for x in range(len(scores))]
        assert torch.isneginf(scores).tolist() == [other in true for other in made]


def test_sample_is_seeded_and_distinct(factory: Any) -> None:
    triples = factory.mapped_triples
    some = sample_triples(triples, 50, 1)
    assert torch.equal(some, sample_triples(triples, 50, 1)) and len(some.unique(dim=0)) == 50
    assert not torch.equal(some, sample_triples(triples, 50, 2))
    assert sample_triples(triples, 0, 1) is triples and sample_triples(triples, 10**6, 1) is triples


def test_held_out_triples_are_not_learned_by_heart(factory: Any) -> None:
    config = KGEConfig(model="RotatE", dim=32, epochs=60, batch_size=64, lr=0.05, evaluate_sample=0)
    honest = held_out_link_prediction(factory, config, 0, CPU)["ogb/mrr"]
    model = train_kge(factory, config, 0, CPU)
    by_heart = link_prediction(model, factory.mapped_triples, factory.mapped_triples)["ogb/mrr"]
    # The graph is random: seen triples can be remembered, unseen ones cannot be guessed.
    assert by_heart > 0.5 > 0.3 > honest
