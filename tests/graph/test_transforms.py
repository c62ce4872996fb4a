"""Messages with a matrix a relation against a loop over edges, forward and backward."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from kgrec.graph.transforms import TransformOperator

DEVICES = [
    "cpu",
    pytest.param("cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")),
]
NODES, RELATIONS = 6, 4

Edges = tuple[Tensor, Tensor, Tensor, Tensor]


def random_edges(n: int, generator: torch.Generator) -> Edges:
    source, target = torch.randint(NODES, (2, n), generator=generator)
    return source, target, torch.randint(RELATIONS, (n,), generator=generator), torch.rand(n)


def looped(edges: Edges, x: Tensor, weights: Tensor) -> Tensor:
    """The definition, an edge at a time."""
    out = torch.zeros(NODES, weights.shape[2])
    for source, target, relation, value in zip(*edges, strict=True):
        message = value * (x[source] @ weights[relation])
        out = out.index_add(0, target.unsqueeze(0), message.unsqueeze(0))
    return out


@pytest.mark.parametrize("device", DEVICES)
@given(n=st.integers(0, 30), seed=st.integers(0, 999))
def test_product_and_gradients_equal_the_loop(device: str, n: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    edges = random_edges(n, generator)
    operator = TransformOperator.from_edges(*edges, NODES, RELATIONS).to(device)
    x = torch.randn(NODES, 3, generator=generator).requires_grad_()
    weights = torch.randn(RELATIONS, 3, 2, generator=generator).requires_grad_()
    direction = torch.randn(NODES, 2, generator=generator)
    out, expected = operator(x.to(device), weights.to(device)).cpu(), looped(edges, x, weights)
    assert torch.allclose(out, expected, atol=1e-5)
    ours = torch.autograd.grad((out * direction).sum(), [x, weights])
    if n == 0:
        assert all((grad == 0).all() for grad in ours)
        return
    theirs = torch.autograd.grad((expected * direction).sum(), [x, weights])
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_source_is_transformed_once_a_relation() -> None:
    source, relation = torch.zeros(5, dtype=torch.int64), torch.tensor([2, 2, 2, 2, 0])
    operator = TransformOperator.from_edges(
        source, torch.arange(5), relation, torch.ones(5), NODES, RELATIONS
    )
    assert operator.pair_node.tolist() == [0, 0]
    assert list(operator.groups()) == [(0, slice(0, 1)), (2, slice(1, 2))]
