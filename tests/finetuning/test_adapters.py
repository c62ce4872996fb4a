from pathlib import Path

import pytest
import torch

from kgrec.errors import ConfigError
from kgrec.features.config import EncoderConfig
from kgrec.finetuning.adapters import LowRankWeights, trained_weights
from kgrec.finetuning.config import AdapterConfig
from kgrec.finetuning.trainable import TrainableEncoder

TEXTS = ["red shoe", "blue pan", "lid"]


@pytest.fixture
def encoder(tiny_e5: Path) -> TrainableEncoder:
    return TrainableEncoder(EncoderConfig(name=str(tiny_e5)), torch.device("cpu"))


@pytest.mark.parametrize("method", ["full", "lora", "adalora"])
def test_training_starts_at_the_encoder_itself(encoder: TrainableEncoder, method: str) -> None:
    before = encoder.vectors(TEXTS, "query").detach()
    weights = trained_weights(encoder.network, AdapterConfig(method=method), 10)
    # adalora draws e at random, and a third of its size is what its start differs from the encoder by.
    tolerance = 1e-6 if method != "adalora" else 0.1
    torch.testing.assert_close(encoder.vectors(TEXTS, "query").detach(), before, atol=tolerance, rtol=0)
    assert weights.parameters and all(weight.requires_grad for weight in weights.parameters)


@pytest.mark.parametrize("method", ["lora", "adalora"])
def test_merged_layers_give_what_the_updates_gave(
    encoder: TrainableEncoder, tiny_e5: Path, method: str
) -> None:
    from transformers import BertModel

    torch.manual_seed(0)
    original = BertModel.from_pretrained(tiny_e5)
    weights = trained_weights(encoder.network, AdapterConfig(method=method, rank=2), 10)
    with torch.no_grad():
        for weight in weights.parameters:
            weight.add_(0.3 * torch.randn_like(weight))
    adapted = encoder.vectors(TEXTS, "query").detach()
    merged = weights.merge()
    assert {name for name, _ in merged.named_parameters()} == {n for n, _ in original.named_parameters()}
    torch.testing.assert_close(encoder.vectors(TEXTS, "query").detach(), adapted, atol=1e-4, rtol=1e-3)
    changed = [n for n, w in merged.named_parameters() if not torch.equal(w, original.get_parameter(n))]
    assert len(changed) == 12 and all(name.endswith(".weight") for name in changed)


def test_lora_trains_two_small_matrices_a_layer(encoder: TrainableEncoder) -> None:
    weights = trained_weights(encoder.network, AdapterConfig(rank=3), 10)
    # Two transformer layers of query, key, value, output (32 x 32), up and down (32 x 64).
    assert sum(w.numel() for w in weights.parameters) == 2 * 3 * (4 * (32 + 32) + 2 * (32 + 64))


def test_full_leaves_pooler_and_embeddings_alone(encoder: TrainableEncoder) -> None:
    moving = trained_weights(encoder.network, AdapterConfig(method="full"), 10)
    names = {name for name, weight in encoder.network.named_parameters() if weight.requires_grad}
    assert len(names) == len(moving.parameters)
    assert not [n for n in names if "pooler" in n or n.endswith("embeddings.weight")]
    assert "embeddings.LayerNorm.weight" in names
    trained_weights(encoder.network, AdapterConfig(method="full", embeddings=True), 10)
    assert encoder.network.get_parameter("embeddings.word_embeddings.weight").requires_grad


@pytest.mark.parametrize("method", ["full", "lora"])
def test_only_the_last_layers(encoder: TrainableEncoder, method: str) -> None:
    trained_weights(encoder.network, AdapterConfig(method=method, last_layers=1), 10)
    names = {name for name, weight in encoder.network.named_parameters() if weight.requires_grad}
    assert names and all("layer.1." in name for name in names)


def test_targets_by_name(encoder: TrainableEncoder) -> None:
    trained_weights(encoder.network, AdapterConfig(targets=["query", "value"]), 10)
    names = {name for name, weight in encoder.network.named_parameters() if weight.requires_grad}
    assert len(names) == 8 and all(".query." in name or ".value." in name for name in names)


def test_a_target_that_is_no_layer_is_refused(encoder: TrainableEncoder) -> None:
    with pytest.raises(ConfigError, match=r"\['q_proj'\]; there are dense, key, query, value"):
        trained_weights(encoder.network, AdapterConfig(targets=["q_proj"]), 10)


def test_adaloras_penalty_by_hand_and_its_ranks_go_down(encoder: TrainableEncoder) -> None:
    torch.manual_seed(0)
    weights = trained_weights(encoder.network, AdapterConfig(method="adalora", rank=2), 20)
    assert isinstance(weights, LowRankWeights)
    norms = []
    for name, weight in encoder.network.named_parameters():
        if "lora_A" in name or "lora_B" in name:
            w = weight.detach() if "lora_A" in name else weight.detach().T
            norms.append(((w @ w.T - torch.eye(len(w))) ** 2).sum().sqrt())
    penalty = weights.penalty()
    assert penalty is not None
    torch.testing.assert_close(penalty.detach(), 0.5 * torch.stack(norms).mean())
    optimizer = torch.optim.SGD(weights.parameters, lr=0.1)
    for step in range(20):
        optimizer.zero_grad()
        (encoder.vectors(TEXTS, "query") ** 2).sum().backward()
        optimizer.step()
        weights.after_step(step + 1)
    ranks = [
        int((weight != 0).sum()) for name, weight in encoder.network.named_parameters() if "lora_E" in name
    ]
    assert len(ranks) == 12 and sum(ranks) == 12 * 2
