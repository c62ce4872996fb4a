"""What every gradient model owes: vectors of the right shape, scorers of their own, finite gradients."""

from collections.abc import Callable

import pytest
import torch

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.graph import Propagation
from kgrec.models.network import Network, final_vectors

Make = Callable[..., Network]
every_network = pytest.mark.parametrize("name", ["bpr", "lightgcn", "kgrec"])


@every_network
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_vectors_have_their_shapes(
    name: str, scoring: str, make_network: Make, propagation: Propagation
) -> None:
    vectors = make_network(name, dim=6, scoring=scoring)()
    n_users, n_items = propagation.n_users, propagation.n_items
    assert vectors.users.shape == vectors.first_users.shape == (n_users, 6)
    assert vectors.items.shape == vectors.first_items.shape == (n_items, 6)
    assert torch.equal(vectors.knowledge[:n_items], vectors.first_items)
    if scoring == "cosine":
        lengths = torch.cat([vectors.users, vectors.items]).norm(dim=1)
        assert torch.allclose(lengths, torch.ones_like(lengths))


@every_network
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_every_parameter_of_a_preference_gets_a_finite_gradient(
    name: str, scoring: str, make_network: Make
) -> None:
    network = make_network(name, scoring=scoring)
    vectors = network()
    (vectors.users @ vectors.items.T).logsumexp(1).sum().backward()
    for parameter_name, parameter in network.named_parameters():
        if parameter_name == "relation":  # read by the triple term alone
            continue
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name
        assert parameter.grad.abs().sum() > 0, parameter_name


@every_network
@pytest.mark.parametrize("scoring", ["dot", "cosine"])
def test_a_scorer_does_not_change_with_further_training(name: str, scoring: str, make_network: Make) -> None:
    network = make_network(name, scoring=scoring)
    scorer = network.scorer()
    before = scorer.scores(torch.arange(4)).clone()
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1.0)
    assert torch.equal(scorer.scores(torch.arange(4)), before)
    assert not torch.equal(network.scorer().scores(torch.arange(4)), before)


@every_network
def test_a_scorer_is_made_without_dropout_and_leaves_the_mode_alone(name: str, make_network: Make) -> None:
    options = {"dropout": 0.5} if name == "kgrec" else {}
    network = make_network(name, **options).train()
    assert torch.equal(network.scorer().item_vectors, network.scorer().item_vectors)
    assert network.training
    network.eval().scorer()
    assert not network.training


@every_network
def test_the_same_seed_draws_the_same_parameters(name: str, make_network: Make) -> None:
    states = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        network = make_network(name)
        torch.manual_seed(seed)
        network.reset_parameters()
        states.append({key: value.clone() for key, value in network.state_dict().items()})
    first, again, other = states
    assert all(torch.equal(value, again[key]) for key, value in first.items())
    assert any(not torch.equal(value, other[key]) for key, value in first.items())


@every_network
def test_the_graph_is_not_saved_with_the_parameters(name: str, make_network: Make) -> None:
    network = make_network(name)
    assert set(network.state_dict()) == {key for key, _ in network.named_parameters()}


@every_network
def test_an_unknown_scoring_is_refused_before_any_work(name: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=r"model\.scoring is 'euclid'; use dot or cosine"):
        make_network(name, scoring="euclid")


def test_a_zero_vector_has_cosine_zero() -> None:
    x = torch.zeros(1, 3, requires_grad=True)
    y = final_vectors(x, "cosine")
    y.sum().backward()
    assert y.tolist() == [[0, 0, 0]]
    assert x.grad is not None
    assert torch.isfinite(x.grad).all()


@every_network
def test_moving_to_a_device_keeps_the_result(name: str, make_network: Make) -> None:
    network = make_network(name)
    expected = network().users
    assert torch.equal(network.to("cpu")().users, expected)


@every_network
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_on_a_gpu_the_result_is_the_same(name: str, make_network: Make) -> None:
    network = make_network(name)
    expected = network().users
    assert torch.allclose(network.to("cuda")().users.cpu(), expected, atol=1e-5)


@every_network
def test_a_tiny_graph_is_learned_by_heart(name: str, make_network: Make, train: UserItems) -> None:
    """BPR by plain Adam until every user's train items lead the ranking."""
    torch.manual_seed(0)
    network = make_network(name, dim=32)
    users, items = torch.from_numpy(train.user_of_pair()), torch.from_numpy(train.items)
    known = torch.zeros(train.n_users, train.n_items, dtype=torch.bool)
    known[users, items] = True
    optimizer = torch.optim.Adam([p for p in network.parameters() if p.requires_grad], lr=0.05)
    for _ in range(300):
        vectors = network()
        scores = vectors.users @ vectors.items.T
        negatives = torch.multinomial((~known).float()[users], 1).squeeze(1)
        loss = torch.nn.functional.softplus(8 * (scores[users, negatives] - scores[users, items])).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scores = network.scorer().scores(torch.arange(train.n_users))
    worst_known = scores.masked_fill(~known, torch.inf).min(1).values
    best_other = scores.masked_fill(known, -torch.inf).max(1).values
    assert (worst_known > best_other).float().mean() == 1.0


def test_the_gradient_of_unit_rows_is_torchs_own() -> None:
    x = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(2), requires_grad=True)
    assert torch.autograd.gradcheck(lambda rows: final_vectors(rows, "cosine"), (x,))
    grad = torch.randn(6, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    (ours,) = torch.autograd.grad(final_vectors(x, "cosine"), x, grad)
    (torchs,) = torch.autograd.grad(torch.nn.functional.normalize(x, dim=1), x, grad)
    torch.testing.assert_close(ours, torchs)
    zero = torch.zeros(1, 4, requires_grad=True)
    final_vectors(zero, "cosine").sum().backward()
    assert zero.grad is not None and torch.isfinite(zero.grad).all()
