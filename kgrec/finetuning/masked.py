"""Continued pre-training: the encoder guesses hidden tokens of the shop's own texts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError, DataError
from kgrec.features.config import EncoderConfig
from kgrec.finetuning.adapters import Weights, trained_weights
from kgrec.finetuning.config import MaskedConfig, check_steps
from kgrec.finetuning.loop import History, optimise
from kgrec.finetuning.saving import save_encoder
from kgrec.finetuning.trainable import TrainableEncoder

_NO_LABEL = -100


class MaskedHead(nn.Module):
    """``LN(gelu(W h)) E^T + b``: scores of all tokens, E the network's own embeddings.

    Devlin et al. 2019, https://arxiv.org/abs/1810.04805. W starts as the identity, since the head is no part
    of what a sentence encoder's folder holds and is thrown away afterwards.
    """

    def __init__(self, embeddings: nn.Embedding, dim: int) -> None:
        super().__init__()
        self.dense, self.norm = nn.Linear(dim, dim), nn.LayerNorm(dim)
        self.bias = nn.Parameter(torch.zeros(embeddings.num_embeddings))
        nn.init.eye_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)
        # In a list, so that the embeddings are not saved or trained as a part of the head.
        self._embeddings = [embeddings]

    def forward(self, states: Tensor) -> Tensor:
        """``(n, dim)`` -> ``(n, vocabulary)``."""
        return F.linear(self.norm(F.gelu(self.dense(states))), self._embeddings[0].weight, self.bias)


@dataclass
class _WithHead:
    """The weights of an encoder and of the head that goes with it."""

    weights: Weights
    head: MaskedHead

    def __post_init__(self) -> None:
        self.parameters = [*self.weights.parameters, *self.head.parameters()]

    def penalty(self) -> Tensor | None:
        return self.weights.penalty()

    def after_step(self, step: int) -> None:
        self.weights.after_step(step)

    def merge(self) -> nn.Module:
        return self.weights.merge()


@dataclass(frozen=True)
class Pretrained:
    """An encoder in its own folder."""

    encoder: EncoderConfig
    history: History


def pretrain(
    texts: Sequence[str], config: MaskedConfig, folder: Path, device: torch.device | None = None
) -> Pretrained:
    """Train on ``texts`` (distinct ones that are not empty) and save the encoder in ``folder``.

    Of the chosen tokens 80 % become the mask, 10 % another token, 10 % stay
    (``DataCollatorForLanguageModeling``). The loss is the cross-entropy of the chosen tokens alone, so that
    the vocabulary's scores are made of those only. Global random state is as before afterwards.

    Raises:
        ConfigError: the encoder has no mask token (a decoder), or a key means nothing.
        DataError: there is no text.
        TrainingError: the loss is no finite number.
    """
    check_steps(config.steps, config.adapter)
    distinct = sorted({text for text in texts if text.strip()})
    if not distinct:
        raise DataError("there is no text to learn from")
    place = device or torch.device("cpu")
    with torch.random.fork_rng():
        torch.manual_seed(config.steps.seed)
        encoder = TrainableEncoder(config.encoder, place, config.steps.precision)
        network: Any = encoder.network
        collator = _collator(encoder, config)
        steps = config.steps.epochs * -(-len(distinct) // config.steps.batch_size)
        head = MaskedHead(network.get_input_embeddings(), int(network.config.hidden_size)).to(place)
        weights = _WithHead(trained_weights(network, config.adapter, steps), head)
        network.train()

        def loss_of(some: list[str]) -> Tensor:
            with encoder.mixed():
                return masked_loss(network, head, collator, encoder.tokens(some), place)

        history = optimise(weights, config.steps, steps, _batches(distinct, config), loss_of)
        merged = weights.merge().eval()
    return Pretrained(save_encoder(encoder, merged, folder, config, history), history)


def masked_loss(
    network: Any, head: MaskedHead, collator: Any, tokens: list[list[int]], device: torch.device
) -> Tensor:
    """Mean cross-entropy over the tokens of a batch that ``collator`` chose; 0 where it chose none."""
    made = collator([{"input_ids": row, "attention_mask": [1] * len(row)} for row in tokens])
    ids, mask, labels = (made[name].to(device) for name in ("input_ids", "attention_mask", "labels"))
    states = network(input_ids=ids, attention_mask=mask).last_hidden_state
    chosen = labels != _NO_LABEL
    if not chosen.any():
        return states.sum() * 0.0
    return F.cross_entropy(head(states[chosen]), labels[chosen])


def _collator(encoder: TrainableEncoder, config: MaskedConfig) -> Any:
    from transformers import DataCollatorForLanguageModeling

    tokenizer: Any = encoder.tokenizer
    if tokenizer.mask_token_id is None:
        raise ConfigError(
            f"{config.encoder.name}: the tokeniser has no mask token; only encoders can do this"
        )
    if tokenizer.pad_token_id is None:
        raise ConfigError(f"{config.encoder.name}: the tokeniser has no padding token")
    return DataCollatorForLanguageModeling(tokenizer, mlm=True, mlm_probability=config.share)


def _batches(texts: list[str], config: MaskedConfig) -> Iterator[list[str]]:
    rng = np.random.default_rng(config.steps.seed)
    for _ in range(config.steps.epochs):
        order = rng.permutation(len(texts))
        for start in range(0, len(order), config.steps.batch_size):
            yield [texts[row] for row in order[start : start + config.steps.batch_size]]
