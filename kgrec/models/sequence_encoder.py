"""Causal self-attention over sequences of items: the layers of SASRec."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kgrec.errors import ConfigError

FIELDS = ("query", "key", "value", "inner", "outer")
"""Square matrices of a block."""


class SequenceEncoder(nn.Module):
    """``(n, L)`` items -> ``(n, L, dim)`` states; a state hears the items up to its own and none after.

    ``E = sqrt(dim) M[items] + P``; a block is ``S = E + SA(LN(E))``, ``E' = S + FFN(LN(S))`` with
    ``SA = softmax(Q K' / sqrt(dim / heads)) V`` over earlier places and
    ``FFN(s) = relu(s W1 + b1) W2 + b2``; the last layer norm gives the states. Sequences stand to the right:
    the newest item always has the last position. Items of -1 are padding, which nobody hears.

    Cost: ``L^2 dim + 5 L dim^2`` multiplications a block and sequence.
    """

    def __init__(self, n_items: int, sizes: tuple[int, int, int], heads: int, dropout: float = 0.0) -> None:
        """``sizes``: layers, positions and dim.

        Raises:
            ConfigError: the sizes cannot be.
        """
        super().__init__()
        layers, length, dim = sizes
        for key, value in (("layers", layers), ("max_length", length), ("heads", heads)):
            if value < 1:
                raise ConfigError(f"model.{key} is {value}; use 1 or more")
        if dim % heads:
            raise ConfigError(f"model.heads is {heads}, which does not divide model.dim={dim}")
        self.heads, self.dropout = heads, dropout
        self.item = nn.Parameter(torch.empty(n_items, dim))
        self.position = nn.Parameter(torch.empty(length, dim))
        self.square = nn.Parameter(torch.empty(layers, len(FIELDS), dim, dim))
        self.bias = nn.Parameter(torch.zeros(layers, 2, dim))
        self.norm = nn.Parameter(
            torch.stack([torch.ones(2 * layers + 1, dim), torch.zeros(2 * layers + 1, dim)])
        )

    def reset_parameters(self, init_std: float) -> None:
        """Vectors normal with ``init_std``, matrices by Xavier's rule, norms the identity."""
        nn.init.normal_(self.item, std=init_std)
        nn.init.normal_(self.position, std=init_std)
        for matrix in self.square.flatten(0, 1):
            nn.init.xavier_uniform_(matrix)
        nn.init.zeros_(self.bias)
        nn.init.ones_(self.norm[0])
        nn.init.zeros_(self.norm[1])

    def forward(self, items: Tensor) -> Tensor:
        """States ``(n, L, dim)`` of ``items`` ``(n, L)``, L at most the number of positions."""
        length = items.shape[1]
        real = items >= 0
        rows = F.embedding(items.clamp(min=0), self.item) * math.sqrt(self.item.shape[1])
        x = self._dropped(rows + self.position[-length:]) * real.unsqueeze(2)
        earlier = torch.ones(length, length, dtype=torch.bool, device=items.device).tril()
        # Padding hears itself, for a softmax over nothing is not a number; nobody else hears padding.
        itself = torch.eye(length, dtype=torch.bool, device=items.device)
        heard = ((earlier & real.unsqueeze(1)) | itself).unsqueeze(1)
        for layer in range(len(self.square)):
            x = x + self._dropped(self._attention(self._norm(x, 2 * layer), heard, layer))
            x = x + self._dropped(self._feed_forward(self._norm(x, 2 * layer + 1), layer))
        return self._norm(x, -1)

    def last(self, items: Tensor) -> Tensor:
        """The newest state of one history ``(m,)`` of at least one item, oldest first: ``(dim,)``."""
        state: Tensor = self(items[-len(self.position) :].unsqueeze(0))
        return state[0, -1]

    def _attention(self, x: Tensor, heard: Tensor, layer: int) -> Tensor:
        n, length, dim = x.shape
        query, key, value = (
            (x @ matrix).view(n, length, self.heads, dim // self.heads).transpose(1, 2)
            for matrix in self.square[layer, :3]
        )
        rate = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(query, key, value, attn_mask=heard, dropout_p=rate)
        return found.transpose(1, 2).reshape(n, length, dim)

    def _feed_forward(self, x: Tensor, layer: int) -> Tensor:
        inner = self._dropped(F.relu(x @ self.square[layer, 3] + self.bias[layer, 0]))
        return inner @ self.square[layer, 4] + self.bias[layer, 1]

    def _norm(self, x: Tensor, which: int) -> Tensor:
        return F.layer_norm(x, x.shape[-1:], self.norm[0, which], self.norm[1, which])

    def _dropped(self, x: Tensor) -> Tensor:
        return F.dropout(x, self.dropout, self.training)
