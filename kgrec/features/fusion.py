"""The first layer: text, knowledge-graph embeddings and free vectors made one vector a node."""

import torch
from torch import Tensor, nn

from kgrec.errors import ConfigError, FeatureError
from kgrec.features.config import FusionConfig
from kgrec.features.node_features import NodeFeatures
from kgrec.features.projection import principal_map

MODES = ("init", "frozen")


class FeatureFusion(nn.Module):
    """``(N, dim)`` vectors of all nodes: users, then items, then entities.

    ``frozen``: ``x_v = e_v + W_t text_v + W_k kge_v``. The features are constants, the maps start by Glorot's
    rule (https://proceedings.mlr.press/v9/glorot10a.html), e_v is the free vector. A node without text gets a
    learned vector in place of ``W_t text_v``, an item or entity outside the knowledge graph one in place of
    ``W_k kge_v``; users, of whom none has one, get nothing there.

    ``init``: ``x_v = e_v``, and e_v starts at the sum of the node's projected features: their principal
    components, scaled to ``init_std``. From there the vectors are free. Where a node has no features, or a
    column none that varies, the start is random. With ``free`` off there is nothing to start: the maps,
    beginning at the same principal components, are used as in ``frozen``.

    Features are buffers, to move between devices with the module, but not persistent: they follow from the
    data by the cache, and hundreds of megabytes do not belong into every checkpoint. What loads a checkpoint
    builds the module from the same NodeFeatures first.
    """

    def __init__(
        self,
        sizes: tuple[int, int, int],
        features: NodeFeatures,
        config: FusionConfig,
        dim: int,
        mode: str = "init",
    ) -> None:
        """``sizes`` is (n_users, n_items, n_entities).

        Raises:
            ConfigError: the mode is unknown, or every source is switched off.
            FeatureError: features are not of the shape that the sizes ask for, or not finite.
        """
        super().__init__()
        if mode not in MODES:
            raise ConfigError(f"features.mode is {mode!r}; use {' or '.join(MODES)}")
        self.n_users, self.n_nodes, self.dim = sizes[0], sum(sizes), dim
        self.config, self.mode = config, mode
        text = (features.text, features.text_mask) if config.text else (None, None)
        kge = (features.kge, features.kge_mask) if config.kge else (None, None)
        self._register("text", *text, rows=self.n_nodes)
        self._register("kge", *kge, rows=self.n_nodes - self.n_users)
        if not config.free and self.text is None and self.kge is None:
            raise ConfigError(
                "the first layer has no source; switch on features.text, features.kge or fusion.free"
            )
        self.text_map = None if self.text is None else nn.Linear(self.text.shape[1], dim)
        self.kge_map = None if self.kge is None else nn.Linear(self.kge.shape[1], dim)
        # In init mode only the start of the free vectors reads features, and a missing one has no start.
        self.adds_features = mode == "frozen" or not config.free
        self.free = nn.Parameter(torch.empty(self.n_nodes, dim)) if config.free else None
        self.missing_text = self._missing(self.text)
        self.missing_kge = self._missing(self.kge)
        self.reset_parameters()

    text: Tensor | None
    text_mask: Tensor
    kge: Tensor | None
    kge_mask: Tensor

    def extra_repr(self) -> str:
        """Sources and size."""
        sources = {"free": self.free, "text": self.text, "kge": self.kge}
        named = "+".join(name for name, value in sources.items() if value is not None)
        return f"{self.n_nodes}, {self.dim}, {named}, mode={self.mode}"

    def reset_parameters(self) -> None:
        """Draw everything random anew from torch's global generator; principal components do not change."""
        with torch.no_grad():
            self._reset_map(self.text_map, self.text, self.text_mask, self.n_users)
            self._reset_map(self.kge_map, self.kge, self.kge_mask, 0)
            for missing in (self.missing_text, self.missing_kge):
                if missing is not None:
                    missing.normal_(std=self.config.init_std)
            if self.free is not None:
                self.free.normal_(std=self.config.init_std)
                if self.mode == "init":
                    self._start_at_features(self.free)

    def forward(self) -> Tensor:
        """First-layer vectors ``(n_users + n_items + n_entities, dim)``."""
        if not self.adds_features:
            assert self.free is not None
            return self.free
        x = torch.zeros(self.n_nodes, self.dim, device=self._device()) if self.free is None else self.free
        if self.text is not None:
            x = x + self._mapped(self.text_map, self.text, self.text_mask, self.missing_text)
        if self.kge is not None:
            mapped = self._mapped(self.kge_map, self.kge, self.kge_mask, self.missing_kge)
            x = x + torch.cat([mapped.new_zeros(self.n_users, self.dim), mapped])
        return x

    def project_text(self, text: Tensor) -> Tensor | None:
        """Text ``(b, d_text)`` by ``W_t`` in the model's space ``(b, dim)``; None where no text is fused.

        Raises:
            FeatureError: ``text`` is of another width, so of another encoder.
        """
        if self.text_map is None:
            return None
        if text.ndim != 2 or text.shape[1] != self.text_map.in_features:
            raise FeatureError(
                f"text has the shape {tuple(text.shape)}; the model was built from text of width "
                f"{self.text_map.in_features}: use the encoder of its configuration"
            )
        projected: Tensor = self.text_map(text)
        return projected

    def _register(self, name: str, values: Tensor | None, mask: Tensor | None, rows: int) -> None:
        if values is None:
            self.register_buffer(name, None)
            self.register_buffer(f"{name}_mask", torch.zeros(rows, dtype=torch.bool), persistent=False)
            return
        if values.ndim != 2 or len(values) != rows:
            raise FeatureError(
                f"features.{name} has the shape {tuple(values.shape)}; the graph asks for {rows:,} rows"
            )
        if mask is None or mask.shape != (rows,) or mask.dtype != torch.bool:
            shown = None if mask is None else (tuple(mask.shape), mask.dtype)
            raise FeatureError(f"features.{name}_mask is {shown}; the graph asks for {rows:,} booleans")
        if not torch.isfinite(values).all():
            raise FeatureError(f"features.{name} holds numbers that are not finite")
        self.register_buffer(name, values.float(), persistent=False)
        self.register_buffer(f"{name}_mask", mask, persistent=False)

    def _missing(self, values: Tensor | None) -> nn.Parameter | None:
        needed = self.adds_features and values is not None
        return nn.Parameter(torch.empty(self.dim)) if needed else None

    def _reset_map(self, linear: nn.Linear | None, values: Tensor | None, mask: Tensor, first: int) -> None:
        if linear is None or values is None:
            return
        if self.mode == "frozen":
            nn.init.xavier_uniform_(linear.weight)
            linear.bias.zero_()
            return
        # Of items and entities alone: a user's text is a mean of items' texts, which would count twice.
        weight, bias = principal_map(values[first:][mask[first:]], self.dim, self.config.init_std)
        linear.weight.copy_(weight)
        linear.bias.copy_(bias)

    def _start_at_features(self, free: Tensor) -> None:
        """Replace the random start of every node that has features, in every column where they vary."""
        start, sources = torch.zeros_like(free), free.new_zeros(len(free), 1)
        for linear, values, mask in self._sources():
            first = len(free) - len(mask)
            start[first:] += linear(values) * mask.unsqueeze(1)
            sources[first:] += mask.unsqueeze(1)
        varies = start.abs().amax(dim=0) > 1e-3 * self.config.init_std
        free.copy_(torch.where((sources > 0) & varies, start / sources.clamp(min=1.0).sqrt(), free))

    def _sources(self) -> list[tuple[nn.Linear, Tensor, Tensor]]:
        sources = []
        if self.text_map is not None and self.text is not None:
            sources.append((self.text_map, self.text, self.text_mask))
        if self.kge_map is not None and self.kge is not None:
            sources.append((self.kge_map, self.kge, self.kge_mask))
        return sources

    @staticmethod
    def _mapped(linear: nn.Linear | None, values: Tensor, mask: Tensor, missing: Tensor | None) -> Tensor:
        assert linear is not None and missing is not None
        return torch.where(mask.unsqueeze(1), linear(values), missing)

    def _device(self) -> torch.device:
        return next(self.parameters()).device
