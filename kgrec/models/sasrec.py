"""SASRec: self-attention over the sequence of a person's items predicts the next one."""

from copy import deepcopy
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.data.sequences import Sequences
from kgrec.errors import ConfigError
from kgrec.look_up import look_up
from kgrec.models.config_sequence import SASRecConfig
from kgrec.models.network import Network, NodeVectors, checked_choice
from kgrec.models.parts import NetworkParts, StepBatch
from kgrec.models.sasrec_scorer import SASRecScorer
from kgrec.models.sequence_encoder import SequenceEncoder

LOSSES = ("softmax", "bce")
CHUNK = 512
"""Sequences encoded at once where nothing is trained."""


@dataclass(frozen=True)
class SequenceVectors(NodeVectors):
    """One pass over the windows of some people."""

    states: Tensor = field(kw_only=True)
    """``(n, dim)``: of every place that an item follows."""
    following: Tensor = field(kw_only=True)
    """``(n,)`` the item that follows."""


class SASRec(Network):
    """``s(u, i) = F_t . M_i``: ``F_t`` the state after the t-th item, M the items' own input vectors.

    Kang and McAuley 2018, Self-Attentive Sequential Recommendation, https://arxiv.org/abs/1808.09781; its
    Table III has HR@10 .8245 and NDCG@10 .5905 on MovieLens-1M, the last item against 100 sampled ones: no
    full ranking. The layers are those of ``SequenceEncoder``. ``softmax`` is the loss
    ``-log softmax_i(F_t . M)`` of the item that follows, over all items, ``bce`` the paper's
    ``-log sigmoid(F_t . M_i) - sum_j log(1 - sigmoid(F_t . M_j))``, j any other item by chance; with
    one negative it learns far slower (Klenitskiy and Vasilev 2023, https://arxiv.org/abs/2309.07602).

    The paper trains on the newest ``max_length`` items of a person; here older ones are windows of their own
    and nothing is thrown away. A step takes whole people (``training.batch_by=user``), and the loss is the
    network's own (``objective.preference.loss=own``): that of a pair would be read from a state that has
    seen it. Memory of the softmax: ``4 batch_size n_items`` bytes.
    """

    leaves_out = True

    def __init__(self, sequences: Sequences, n_items: int, config: SASRecConfig) -> None:
        super().__init__()
        self.n_users, self.n_items, self.config = sequences.n_users, n_items, config
        checked_choice("loss", config.loss, LOSSES)
        if config.negatives < 1:
            raise ConfigError(f"model.negatives is {config.negatives}; use 1 or more")
        if not 0 <= config.dropout < 1:
            raise ConfigError(f"model.dropout is {config.dropout}; use a share from 0 up to below 1")
        sizes = (config.layers, config.max_length, config.dim)
        self.encoder = SequenceEncoder(n_items, sizes, config.heads, config.dropout)
        windows = (torch.from_numpy(part) for part in sequences.windows(config.max_length))
        self.items, self.following, self.owner = windows
        self.constants = ("items", "following", "owner")
        self.reset_parameters()

    @classmethod
    def build(cls, config: SASRecConfig, parts: NetworkParts) -> "SASRec":
        """From ``config``; parts without sequences are read in the order of item rows."""
        sequences = parts.sequences or Sequences.unordered(parts.train)
        return cls(sequences, parts.train.n_items, config)

    def reset_parameters(self) -> None:
        """As ``SequenceEncoder`` draws them."""
        self.encoder.reset_parameters(self.config.init_std)

    def forward(self) -> SequenceVectors:
        """The windows of everybody."""
        return self._vectors(torch.arange(self.n_users, device=self.owner.device))

    def batch_vectors(self, users: Tensor) -> SequenceVectors:
        """The windows of the batch's people alone."""
        return self._vectors(users.unique())

    def own_terms(self, vectors: NodeVectors, batch: StepBatch) -> dict[str, Tensor]:
        """The loss of the next item, a mean over places; 0 where nobody has a second item."""
        assert isinstance(vectors, SequenceVectors)
        if len(vectors.following) == 0:
            return {"next": vectors.items.sum() * 0}
        if self.config.loss == "softmax":
            return {"next": F.cross_entropy(vectors.states @ vectors.items.T, vectors.following)}
        return {"next": self._bce(vectors, batch.generator)}

    def left_out(self, vectors: NodeVectors, users: Tensor, items: Tensor, weights: Tensor) -> Tensor:
        """Refused: see the class.

        Raises:
            ConfigError: always.
        """
        raise ConfigError("model=sasrec has a loss of its own; use objective.preference.loss=own")

    @torch.no_grad()
    def scorer(self) -> SASRecScorer:
        """Copies of the encoder and of everybody's newest state."""
        encoder = deepcopy(self.encoder).eval()
        newest = self._newest()
        states = [encoder(chunk)[:, -1] for chunk in self.items[newest].split(CHUNK)]
        users = encoder.item.new_zeros(self.n_users, self.config.dim)
        users[self.owner[newest]] = torch.cat(states) if states else users[:0]
        return SASRecScorer(users, encoder)

    def _newest(self) -> Tensor:
        """Windows that are their owner's first in the list."""
        before = torch.cat([self.owner.new_tensor([-1]), self.owner[:-1]])
        return (self.owner != before).nonzero().flatten()

    def _vectors(self, held: Tensor) -> SequenceVectors:
        windows = torch.isin(self.owner, held).nonzero().flatten()
        states, following = self.encoder(self.items[windows]), self.following[windows]
        newest = torch.isin(windows, self._newest())
        place = torch.searchsorted(held, self.owner[windows[newest]])
        users = states.new_zeros(len(held), self.config.dim).index_copy(0, place, states[newest, -1])
        return SequenceVectors(
            users=users,
            items=self.encoder.item,
            knowledge=self.encoder.item,
            relations=None,
            first_users=users,
            first_items=self.encoder.item,
            held=held,
            states=states[following >= 0],
            following=following[following >= 0],
        )

    def _bce(self, vectors: SequenceVectors, generator: torch.Generator) -> Tensor:
        n = (len(vectors.following), self.config.negatives)
        drawn = torch.randint(self.n_items, n, generator=generator, device=vectors.items.device)
        positive = (vectors.states * look_up(vectors.items, vectors.following)).sum(1)
        negative = torch.einsum("nd,nkd->nk", vectors.states, F.embedding(drawn, vectors.items))
        # A drawn item that is the true one would be pulled both ways.
        wrong = F.softplus(negative) * (drawn != vectors.following.unsqueeze(1))
        return (F.softplus(-positive) + wrong.sum(1)).mean()
