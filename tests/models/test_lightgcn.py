"""LightGCN against a dense oracle and against PyG's own."""

from collections.abc import Callable

import pytest
import torch
from torch_geometric.nn.models import LightGCN as PyGLightGCN

from kgrec.data.user_items import UserItems
from kgrec.graph.csr import CSROperator
from kgrec.models.lightgcn import LightGCN, layer_mean
from kgrec.models.network import Network


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_equals_the_dense_oracle(layers: int, make_network: Callable[..., Network], train: UserItems) -> None:
    network = make_network("lightgcn", layers=layers)
    assert isinstance(network, LightGCN)
    interactions = torch.from_numpy(train.matrix().toarray())
    n_users, n_items = interactions.shape
    adjacency = torch.zeros(n_users + n_items, n_users + n_items)
    adjacency[:n_users, n_users:], adjacency[n_users:, :n_users] = interactions, interactions.T
    scale = adjacency.sum(1).clamp(min=1).rsqrt()
    operator = scale[:, None] * adjacency * scale
    powers = [torch.linalg.matrix_power(operator, layer) @ network.node for layer in range(layers + 1)]
    expected = torch.stack(powers).mean(0)
    vectors = network()
    assert torch.allclose(torch.cat([vectors.users, vectors.items]), expected, atol=1e-5)
    assert vectors.relations is None


def test_equals_pyg_in_value_and_gradient(make_network: Callable[..., Network], train: UserItems) -> None:
    network = make_network("lightgcn", layers=3)
    assert isinstance(network, LightGCN)
    other = PyGLightGCN(train.n_users + train.n_items, 16, 3)
    with torch.no_grad():
        other.embedding.weight.copy_(network.node)
    users, items = torch.from_numpy(train.user_of_pair()), torch.from_numpy(train.items) + train.n_users
    edges = torch.cat([torch.stack([users, items]), torch.stack([items, users])], dim=1)
    vectors = network()
    ours, theirs = torch.cat([vectors.users, vectors.items]), other.get_embedding(edges)
    assert torch.allclose(ours, theirs, atol=1e-6)
    direction = torch.randn_like(ours)
    (our_grad,) = torch.autograd.grad((ours * direction).sum(), network.node)
    (their_grad,) = torch.autograd.grad((theirs * direction).sum(), other.embedding.weight)
    assert torch.allclose(our_grad, their_grad, atol=1e-5)


@pytest.mark.parametrize("layers", [0, 1, 3])
def test_the_mean_of_a_one_sided_matrix_has_the_gradient_of_its_transpose(layers: int) -> None:
    torch.manual_seed(0)
    dense = torch.tensor([[0.0, 2.0, 0.0], [0.0, 0.0, 0.5], [0.0, 1.0, 3.0]])
    rows, columns = dense.nonzero().T
    operator = CSROperator.from_edges(rows, columns, dense[rows, columns], (3, 3))
    x, weights = torch.randn(3, 4, requires_grad=True), torch.randn(3, 4)
    before = x.detach().clone()
    powers = sum(torch.linalg.matrix_power(dense, layer) for layer in range(layers + 1)) / (layers + 1)
    assert torch.allclose(layer_mean(operator, x, layers), powers @ x, atol=1e-5)
    (gradient,) = torch.autograd.grad((layer_mean(operator, x, layers) * weights).sum(), x)
    assert torch.allclose(gradient, powers.T @ weights, atol=1e-5)
    assert torch.equal(x, before)
