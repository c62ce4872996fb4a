"""An encoder whose weights can move: the same vectors as at search time, with a gradient."""

from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.nn import Module

from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder

# Texts of like length that go through the network together: less padding, at the price of more calls.
_TOGETHER = 32


class TrainableEncoder(TransformerEncoder):
    """A ``TransformerEncoder`` that also gives vectors with a gradient.

    Its ``fingerprint`` is that of the files it came from: its vectors never go into a cache.
    """

    def __init__(self, config: EncoderConfig, device: torch.device, precision: str = "float32") -> None:
        """``precision`` bfloat16: the products of passes with a gradient are made in half precision."""
        super().__init__(config, device)
        self._precision = precision
        # Loaded at once, for an adapter has to go in before the first text.
        self._loaded  # noqa: B018

    @property
    def network(self) -> Module:
        """The network; adapters replace layers inside it."""
        network: Module = self._loaded.network
        return network

    @property
    def tokenizer(self) -> object:
        """The tokeniser that belongs to it."""
        return self._loaded.tokenizer

    @property
    def pooling(self) -> str:
        """mean, cls or last, as found out when it was loaded."""
        return self._loaded.pooling

    @property
    def max_tokens(self) -> int:
        """Tokens it reads of a text."""
        return self._loaded.max_tokens

    def tokens(self, texts: list[str], kind: str = "passage") -> list[list[int]]:
        """Token ids of each text behind the prefix of ``kind``, cut to ``max_tokens``."""
        prefix = self.prefix(kind)
        return self._tokenise([prefix + text for text in texts])

    def vectors(self, texts: list[str], kind: str) -> Tensor:
        """``(len(texts), dim)`` float32 with a gradient, not scaled to unit length."""
        tokens = self.tokens(texts, kind)
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        with self.mixed():
            parts = [
                self._forward([tokens[row] for row in order[start : start + _TOGETHER]])
                for start in range(0, len(order), _TOGETHER)
            ]
        back = torch.tensor(order, device=self.device).argsort()
        return torch.cat(parts)[back]

    def mixed(self) -> AbstractContextManager[object]:
        """The precision of a pass with a gradient."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self._precision == "bfloat16")
