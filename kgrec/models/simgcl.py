"""SimGCL and XSimGCL: the two views are the same graph with noise added to each layer."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.errors import ConfigError
from kgrec.models.config_contrast import SimGCLConfig
from kgrec.models.contrast import Sides, checked_temperature, two_view_term
from kgrec.models.lightgcn import LightGCN, layer_mean
from kgrec.models.network import NodeVectors, final_vectors
from kgrec.models.parts import NetworkParts, StepBatch


@dataclass(frozen=True)
class CrossLayerVectors(NodeVectors):
    """A noisy pass that also keeps the layer which its result is held against."""

    layer: Tensor
    """``(n_users + n_items, dim)``."""


class SimGCL(LightGCN):
    """``X^(l) = A X^(l-1) + noise``, the mean of layers 1 to L; InfoNCE between two noisy passes.

    Yu et al. 2022, Are Graph Augmentations Necessary? Simple Graph Contrastive Learning for Recommendation,
    https://arxiv.org/abs/2112.08679. The noise of a node is ``eps * sign(x) * u / |u|`` with u uniform in
    [0, 1): of length eps and in the vector's own orthant. What is scored and ranked is the pass without
    noise. Layer 0 is left out of the mean, as in the paper.

    With ``cross_layer`` l > 0 it is XSimGCL (Yu et al. 2023, https://arxiv.org/abs/2209.02544): one noisy
    pass a step, whose result is scored and held against its own layer l. Noise then comes from torch's
    global generator, as dropout does; evaluation adds none.

    Cost: three times LightGCN's products a step; as XSimGCL as many as LightGCN.
    """

    def __init__(self, config: SimGCLConfig, parts: NetworkParts) -> None:
        super().__init__(parts.propagation, config.dim, config.layers, config.scoring, config.init_std)
        if not 0 <= config.cross_layer <= config.layers or config.layers < 1:
            raise ConfigError(
                f"model.cross_layer is {config.cross_layer} of {config.layers} layers; "
                "use 0 for SimGCL or the number of a layer"
            )
        self.weight, self.noise, self.cross_layer = config.contrast_weight, config.noise, config.cross_layer
        self.temperature = checked_temperature(config.contrast_temperature)

    @classmethod
    # Each network is built from its own configuration, which is none of LightGCN's.
    def build(cls, config: SimGCLConfig, parts: NetworkParts) -> "SimGCL":  # type: ignore[override]
        """From ``config``; only the interactions are read.

        Raises:
            ConfigError: there is no such layer, or the temperature is out of range.
        """
        return cls(config, parts)

    def forward(self) -> NodeVectors:
        """Mean of layers 1 to L without noise; of the noisy pass where XSimGCL is trained."""
        if self.cross_layer and self.training:
            layers = self._noisy_layers(None)
            return CrossLayerVectors(*self._vectors(_mean(layers)), layers[self.cross_layer - 1])
        return NodeVectors(
            *self._vectors(layer_mean(self.adjacency, self.adjacency @ self.node, self.layers - 1))
        )

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """``contrast``: users and items of the batch in the two noisy passes, or across layers."""
        if self.weight == 0:
            return {}
        if isinstance(vectors, CrossLayerVectors):
            first, second = (vectors.users, vectors.items), self._sides(vectors.layer)
        else:
            first, second = (self._sides(_mean(self._noisy_layers(batch.generator))) for _ in range(2))
        return {"contrast": self.weight * two_view_term(first, second, batch, self.temperature)}

    def _noisy_layers(self, generator: torch.Generator | None) -> list[Tensor]:
        """Layers 1 to L; the noise of one is propagated into the next."""
        layers: list[Tensor] = []
        current: Tensor = self.node
        for _ in range(self.layers):
            current = self.adjacency @ current
            uniform = torch.rand(
                current.shape, generator=generator, device=current.device, dtype=current.dtype
            )
            current = current + self.noise * F.normalize(uniform, dim=1) * current.detach().sign()
            layers.append(current)
        return layers

    def _sides(self, x: Tensor) -> Sides:
        users, items = x.split([self.n_users, self.n_items])
        return users, items

    def _vectors(self, mean: Tensor) -> tuple[Tensor, Tensor, Tensor, None, Tensor, Tensor]:
        """The fields of NodeVectors."""
        users, items = self._sides(final_vectors(mean, self.scoring))
        first_users, first_items = self._sides(self.node)
        return users, items, first_items, None, first_users, first_items


def _mean(layers: list[Tensor]) -> Tensor:
    return torch.stack(layers).mean(0)
