from collections.abc import Callable

import torch

from kgrec.models.bpr import BPR
from kgrec.models.network import Network


def test_the_score_is_the_inner_product_of_its_tables(make_network: Callable[..., Network]) -> None:
    network = make_network("bpr", scoring="dot")
    assert isinstance(network, BPR)
    expected = network.user.detach() @ network.item.detach().T
    assert torch.allclose(network.scorer().scores(torch.arange(network.n_users)), expected)


def test_first_vectors_have_the_asked_deviation(make_network: Callable[..., Network]) -> None:
    torch.manual_seed(0)
    network = make_network("bpr", dim=64, init_std=0.3)
    assert isinstance(network, BPR)
    assert abs(float(network.user.detach().std()) - 0.3) < 0.02
    assert abs(float(network.item.detach().std()) - 0.3) < 0.02
