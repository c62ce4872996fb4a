"""Which of an encoder's weights are trained: all of them, or low-rank updates that are merged in the end."""

import re
import warnings
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import Module, Parameter

from kgrec.errors import ConfigError
from kgrec.finetuning.config import AdapterConfig

_LAYER = re.compile(r"(?:^|\.)(?:layer|layers|h|block)\.(\d+)(?:\.|$)")


class Weights(Protocol):
    """What the training loop needs to know of the weights it moves."""

    parameters: list[Parameter]

    def penalty(self) -> Tensor | None:
        """A term that the method itself adds to the loss."""

    def after_step(self, step: int) -> None:
        """Called with the number of steps done, while the gradients are still there."""

    def merge(self) -> Module:
        """The network with plain layers, as it was loaded."""


def trained_weights(network: Module, config: AdapterConfig, steps: int) -> Weights:
    """Freeze what stays and give what moves; ``steps`` is how many there will be at most.

    Raises:
        ConfigError: the method's library is missing, or a target is no layer of the network.
    """
    if config.method == "full":
        return FullWeights(network, config)
    return LowRankWeights(network, config, steps)


class FullWeights:
    """Every weight of the layers that are trained and, if asked for, those of the embeddings."""

    def __init__(self, network: Module, config: AdapterConfig) -> None:
        self.network = network
        lowest = _lowest_layer(network, config.last_layers)
        embeddings = {
            id(weight)
            for module in network.modules()
            if isinstance(module, nn.Embedding)
            for weight in module.parameters()
        }
        for name, weight in network.named_parameters():
            # Nothing that is pooled from token states ever passes the pooler.
            above = _layer_of(name) >= lowest and "pooler" not in name.split(".")
            weight.requires_grad_(config.embeddings if id(weight) in embeddings else above)
        self.parameters = [weight for weight in network.parameters() if weight.requires_grad]

    def penalty(self) -> Tensor | None:
        """None."""
        return None

    def after_step(self, step: int) -> None:
        """Nothing to do."""

    def merge(self) -> Module:
        """The network itself."""
        return self.network


class LowRankWeights:
    """W + alpha / r * B A, with B and A trained, or P diag(e) Q for adalora; by ``peft``.

    LoRA: Hu et al. 2021, https://arxiv.org/abs/2106.09685. AdaLoRA: Zhang et al. 2023,
    https://arxiv.org/abs/2303.10512; it starts at one and a half times the rank and takes away the least
    important directions between a tenth and seven tenths of the steps. The layers are replaced inside the
    network, which goes on being called as before. All starts at the network's own function.
    """

    def __init__(self, network: Module, config: AdapterConfig, steps: int) -> None:
        peft = _peft()
        names = _targets(network, config)
        common = {
            "target_modules": names,
            "lora_alpha": config.alpha,
            "lora_dropout": config.dropout,
        }
        if config.method == "lora":
            settings = peft.LoraConfig(r=config.rank, **common)
        else:
            settings = peft.AdaLoraConfig(
                target_r=config.rank,
                init_r=config.rank + (config.rank + 1) // 2,
                tinit=steps // 10,
                tfinal=3 * steps // 10,
                total_step=max(1, steps),
                **common,
            )
        self._adaptive = config.method == "adalora"
        self._weight = getattr(settings, "orth_reg_weight", 0.0)
        with warnings.catch_warnings():
            # peft asks transformers for an attribute under its old name.
            warnings.filterwarnings("ignore", "`is_gradient_checkpointing`", FutureWarning)
            self.wrapped: Any = peft.get_peft_model(network, settings)
        self.parameters = [weight for weight in self.wrapped.parameters() if weight.requires_grad]

    def penalty(self) -> Tensor | None:
        """adalora: gamma times the mean of |P^T P - I|_F and |Q Q^T - I|_F over its layers (ibid., eq. 4)."""
        if not self._adaptive:
            return None
        norms = []
        for name, weight in self.wrapped.named_parameters():
            if "lora_A" in name or "lora_B" in name:
                gram = weight @ weight.T if "lora_A" in name else weight.T @ weight
                norms.append(torch.linalg.norm(gram - torch.eye(len(gram), device=gram.device)))
        return self._weight * torch.stack(norms).mean()

    def after_step(self, step: int) -> None:
        """adalora: weigh the directions by their gradients and mask those that the budget has no room for."""
        if self._adaptive:
            self.wrapped.base_model.update_and_allocate(step)

    def merge(self) -> Module:
        """The network with the updates added to its own weights."""
        merged: Module = self.wrapped.merge_and_unload()
        return merged


def _layer_of(name: str) -> int:
    """Number of the transformer layer that a part belongs to; -1 for what lies before and after them."""
    found = _LAYER.search(name)
    return int(found[1]) if found else -1


def _lowest_layer(network: Module, last: int) -> int:
    """Number of the first of the ``last`` layers; -1, which everything is above, for all."""
    count = 1 + max(_layer_of(name) for name, _ in network.named_modules())
    return count - last if 0 < last < count else -1


def _targets(network: Module, config: AdapterConfig) -> list[str]:
    """Full names of the linear layers that get an update."""
    from transformers.pytorch_utils import Conv1D

    linear = [
        name
        for name, module in network.named_modules()
        if isinstance(module, nn.Linear | Conv1D) and "pooler" not in name.split(".")
    ]
    chosen, lowest = config.targets, _lowest_layer(network, config.last_layers)
    kept = [name for name in linear if not chosen or any(_ends(name, end) for end in chosen)]
    kept = [name for name in kept if _layer_of(name) >= lowest]
    missing = [end for end in chosen if not any(_ends(name, end) for name in linear)]
    if missing or not kept:
        shown = ", ".join(sorted({name.split(".")[-1] for name in linear}))
        raise ConfigError(
            f"adapter.targets: no linear layer is called {missing or 'anything'}; there are {shown}"
        )
    return kept


def _ends(name: str, end: str) -> bool:
    return name == end or name.endswith(f".{end}")


def _peft() -> Any:
    try:
        import peft
    except ImportError as error:
        raise ConfigError(
            "adapter.method lora and adalora need the package peft; pip install peft, or use full"
        ) from error
    return peft
