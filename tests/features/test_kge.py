import random

import numpy as np
import pytest
import torch

from kgrec.data.dataset import Dataset
from kgrec.errors import FeatureError
from kgrec.features.config import KGEConfig
from kgrec.features.kge import entity_vectors, train_kge, triples_factory
from kgrec.features.knowledge_graph import LabelledGraph

CPU = torch.device("cpu")


def vectors(dataset: Dataset, seed: int = 0, **settings: object) -> torch.Tensor:
    settings = {"dim": 8, "epochs": 2, "batch_size": 64} | settings
    config = KGEConfig(**settings)  # type: ignore[arg-type]
    model = train_kge(triples_factory(LabelledGraph.from_dataset(dataset)), config, seed, CPU)
    return entity_vectors(model, config.model)


@pytest.mark.parametrize(
    ("model", "width"), [("TransE", 8), ("DistMult", 8), ("ComplEx", 16), ("RotatE", 16)]
)
def test_models_give_real_vectors(random_graph: Dataset, model: str, width: int) -> None:
    found = vectors(random_graph, model=model)
    assert found.shape == (60, width) and found.dtype == torch.float32
    assert found.std() > 0


def test_real_view_of_complex_numbers_keeps_both_parts(random_graph: Dataset) -> None:
    factory = triples_factory(LabelledGraph.from_dataset(random_graph))
    model = train_kge(factory, KGEConfig(model="RotatE", dim=3, epochs=1), 0, CPU)
    complex_vectors = model.entity_representations[0](indices=None).detach()
    found = entity_vectors(model, "RotatE")
    assert torch.equal(found[:, 0::2], complex_vectors.real) and torch.equal(
        found[:, 1::2], complex_vectors.imag
    )


def test_a_seed_decides_and_the_callers_random_state_stays(random_graph: Dataset) -> None:
    states = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()  # type: ignore[index]
    first = vectors(random_graph, seed=3)
    assert random.getstate() == states[0]
    assert np.random.get_state()[1].tolist() == states[1]  # type: ignore[index]
    assert torch.equal(torch.get_rng_state(), states[2])
    torch.rand(5)
    assert torch.equal(vectors(random_graph, seed=3), first)
    assert not torch.equal(vectors(random_graph, seed=4), first)


def test_training_learns_the_graph(random_graph: Dataset) -> None:
    factory = triples_factory(LabelledGraph.from_dataset(random_graph))
    config = KGEConfig(dim=16, epochs=60, batch_size=64, lr=0.02)
    model = train_kge(factory, config, 0, CPU)
    known = factory.mapped_triples
    corrupt = known.clone()
    corrupt[:, 2] = (corrupt[:, 2] + 7) % 60
    with torch.no_grad():
        better = model.score_hrt(known) > model.score_hrt(corrupt)
    assert better.float().mean() > 0.85


def test_a_model_without_plain_embeddings_is_named(random_graph: Dataset) -> None:
    with pytest.raises(FeatureError, match="NodePiece"):
        vectors(random_graph, model="NodePiece")


def test_a_model_that_needs_more_is_named(random_graph: Dataset) -> None:
    with pytest.raises(FeatureError, match="TransE, DistMult"):
        vectors(random_graph, model="CompGCN")


@pytest.mark.parametrize("wrong", [{"model": "TransEE"}, {"loss": "no-such-loss"}])
def test_unknown_names_list_those_that_exist(random_graph: Dataset, wrong: dict) -> None:
    with pytest.raises(FeatureError, match=f"{next(iter(wrong.values()))}.*PyKEEN knows"):
        vectors(random_graph, **wrong)


def test_divergence_is_an_error(random_graph: Dataset) -> None:
    with pytest.raises(FeatureError, match=r"diverged.*features\.kge\.lr"):
        vectors(random_graph, model="DistMult", lr=1e30, epochs=5)


def test_transe_has_a_better_loss_than_its_own(random_graph: Dataset) -> None:
    assert torch.equal(vectors(random_graph), vectors(random_graph, loss="nssa"))
    assert not torch.equal(vectors(random_graph), vectors(random_graph, loss="marginranking"))
