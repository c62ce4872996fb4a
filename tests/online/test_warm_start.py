"""Which rows of a grown table the old rows are, by the lengths alone."""

import torch
from torch import nn

from kgrec.models.network import Network
from kgrec.online.warm_start import warm_start

OLD, NEW = (2, 3, 4), (3, 5, 4)


class Tables(Network):
    """A parameter of every kind."""

    def __init__(self, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        users, items, entities = sizes
        self.nodes = nn.Parameter(torch.full((users + items + entities, 1), -1.0))
        self.users = nn.Parameter(torch.full((users, 1), -1.0))
        self.graph = nn.Parameter(torch.full((items + entities, 1), -1.0))
        self.entities = nn.Parameter(torch.full((entities, 1), -1.0))
        self.weight = nn.Parameter(torch.full((7, 2), -1.0))

    def forward(self) -> None:  # type: ignore[override]
        raise NotImplementedError

    def reset_parameters(self) -> None:
        raise NotImplementedError


def test_old_rows_find_their_places_and_new_ones_stay_as_drawn() -> None:
    grown = Tables(NEW)
    weights = {
        name: torch.arange(t.numel()).float().view_as(t) for name, t in Tables(OLD).state_dict().items()
    }
    assert warm_start(grown, weights, OLD, NEW) == []
    state = {name: value[:, 0].tolist() for name, value in grown.state_dict().items()}
    assert state["nodes"] == [0, 1, -1, 2, 3, 4, -1, -1, 5, 6, 7, 8]
    assert state["users"] == [0, 1, -1]
    assert state["graph"] == [0, 1, 2, -1, -1, 3, 4, 5, 6]
    assert state["entities"] == [0, 1, 2, 3]
    assert state["weight"] == [0, 2, 4, 6, 8, 10, 12]


def test_what_does_not_fit_is_named() -> None:
    weights = dict(Tables(OLD).state_dict())
    weights["weight"] = torch.zeros(6, 2)
    del weights["users"]
    assert sorted(warm_start(Tables(NEW), weights, OLD, NEW)) == ["users", "weight"]
