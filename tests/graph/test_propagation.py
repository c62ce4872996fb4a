"""Normalised operators against loops over edges; relabelling nodes relabels the result."""

import math
from collections import defaultdict

import numpy as np
import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from kgrec.data.dataset import Dataset
from kgrec.data.knowledge import with_knowledge
from kgrec.data.splits import Part, Split
from kgrec.errors import ConfigError
from kgrec.graph import (
    INTERACTS,
    CSROperator,
    Propagation,
    RelationalOperator,
    build_graph,
    reverse_name,
)

DIM = 4


@pytest.fixture(scope="module")
def graph(dataset: Dataset, split: Split) -> HeteroData:
    return build_graph(dataset, split.train)


def edges_of(graph: HeteroData, propagation: Propagation) -> list[tuple[int, str, int]]:
    """(source, relation, target) in global rows."""
    found = []
    for head, relation, tail in graph.edge_types:
        shift = propagation.offsets[head], propagation.offsets[tail]
        for a, b in graph[head, relation, tail].edge_index.T.tolist():
            found.append((a + shift[0], relation, b + shift[1]))
    return found


def is_interaction(relation: str) -> bool:
    return relation in (INTERACTS, reverse_name(INTERACTS))


def looped(edges: list[tuple[int, str, int]], x: Tensor, gates: dict[str, Tensor], rule: str) -> Tensor:
    group = {"symmetric": lambda r: 0, "family": is_interaction, "mean": lambda r: r}[rule]
    incoming: dict[tuple[int, object], int] = defaultdict(int)
    outgoing: dict[tuple[int, object], int] = defaultdict(int)
    for source, relation, target in edges:
        incoming[target, group(relation)] += 1
        outgoing[source, group(relation)] += 1
    out = torch.zeros_like(x)
    for source, relation, target in edges:
        into = incoming[target, group(relation)]
        scale = 1 / into if rule == "mean" else 1 / math.sqrt(into * outgoing[source, group(relation)])
        out[target] += scale * x[source] * gates[relation]
    return out


@pytest.mark.parametrize("rule", ["symmetric", "family", "mean"])
def test_gated_messages_and_gradients_equal_the_loop(graph: HeteroData, rule: str) -> None:
    propagation = Propagation(graph)
    operator = propagation.relational(rule)
    x = torch.randn(propagation.n_nodes, DIM, requires_grad=True)
    gates = torch.randn(len(propagation.relations), DIM, requires_grad=True)
    by_name = dict(zip(propagation.relations, gates, strict=True))
    expected = looped(edges_of(graph, propagation), x, by_name, rule)
    out = operator(x, gates)
    assert torch.allclose(out, expected, atol=1e-5)
    weight = torch.randn_like(out)
    ours = torch.autograd.grad((out * weight).sum(), [x, gates])
    theirs = torch.autograd.grad((expected * weight).sum(), [x, gates])
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_bipartite_is_the_symmetric_normalisation_of_interactions(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    n = propagation.n_users + propagation.n_items
    dense = torch.zeros(n, n)
    for source, relation, target in edges_of(graph, propagation):
        if is_interaction(relation):
            dense[target, source] = 1.0
    scale = dense.sum(1).clamp(min=1e-12).rsqrt()
    expected = scale[:, None] * dense * scale[None, :]
    operator = propagation.bipartite()
    assert operator.shape == (n, n)
    assert torch.allclose(operator.matrix.to_dense(), expected, atol=1e-6)


def test_homogeneous_is_relational_without_gates(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    x = torch.randn(propagation.n_nodes, DIM)
    ones = torch.ones(len(propagation.relations), DIM)
    gated = propagation.relational("symmetric")(x, ones)
    assert torch.allclose(propagation.homogeneous() @ x, gated, atol=1e-5)


def test_weights_of_interactions_count_where_asked(dataset: Dataset, split: Split) -> None:
    rng = np.random.default_rng(0)
    weights = rng.uniform(0.5, 2, len(split.train)).astype(np.float32)
    propagation = Propagation(build_graph(dataset, split.train, weights))
    n_users = propagation.n_users
    dense = torch.zeros(n_users + propagation.n_items, n_users + propagation.n_items)
    for u, i, w in zip(split.train.users, split.train.items, weights, strict=True):
        dense[u, n_users + i] = dense[n_users + i, u] = float(w)
    scale = dense.sum(1).clamp(min=1e-12).rsqrt()
    expected = scale[:, None] * dense * scale[None, :]
    assert torch.allclose(propagation.bipartite(weighted=True).matrix.to_dense(), expected, atol=1e-5)
    assert not torch.allclose(propagation.bipartite().matrix.to_dense(), expected, atol=1e-3)


def test_relabelling_nodes_relabels_the_result(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    orders = {name: torch.randperm(graph[name].num_nodes) for name in ("user", "item", "entity")}
    moved = HeteroData()
    for name, order in orders.items():
        moved[name].num_nodes = len(order)
    for head, relation, tail in graph.edge_types:
        a, b = graph[head, relation, tail].edge_index
        moved[head, relation, tail].edge_index = torch.stack([orders[head][a], orders[tail][b]])
    place = torch.cat([orders[name] + propagation.offsets[name] for name in ("user", "item", "entity")])
    x = torch.randn(propagation.n_nodes, DIM)
    moved_x = torch.empty_like(x)
    moved_x[place] = x
    gates = torch.randn(len(propagation.relations), DIM)
    for rule in ("symmetric", "family", "mean"):
        before = propagation.relational(rule)(x, gates)
        after = Propagation(moved).relational(rule)(moved_x, gates)
        assert torch.allclose(after[place], before, atol=1e-5)


def test_nodes_without_edges_get_zero_and_no_nan(dataset: Dataset, split: Split) -> None:
    none = with_knowledge(dataset, "none", 0)
    propagation = Propagation(build_graph(none, split.train))
    ones = torch.ones(propagation.n_nodes, DIM)
    gates = torch.ones(len(propagation.relations), DIM)
    for out in (propagation.bipartite() @ ones, propagation.relational("family")(ones, gates)):
        assert torch.isfinite(out).all()
    had = np.unique(split.train.items)
    without = np.setdiff1d(np.arange(propagation.n_items), had)
    rows = torch.from_numpy(without) + propagation.n_users
    assert (propagation.bipartite() @ ones)[rows].abs().sum() == 0


@pytest.mark.parametrize("rule", ["symmetric", "family", "mean"])
def test_edges_of_weight_zero_are_like_no_edges(dataset: Dataset, split: Split, rule: str) -> None:
    weights = np.ones(len(split.train), np.float32)
    weights[split.train.users == 0] = 0.0  # leaves a node whose degree is 0 although it has edges
    propagation = Propagation(build_graph(dataset, split.train, weights))
    x = torch.randn(propagation.n_nodes, DIM)
    gates = torch.ones(len(propagation.relations), DIM)
    kept = Part(*(rows[weights > 0] for rows in (split.train.users, split.train.items)))
    without = Propagation(build_graph(dataset, kept))
    out = propagation.relational(rule, weighted=True)(x, gates)
    assert torch.allclose(out, without.relational(rule)(x, gates), atol=1e-5)
    n = propagation.n_users + propagation.n_items
    assert torch.allclose(
        propagation.bipartite(weighted=True) @ x[:n], without.bipartite() @ x[:n], atol=1e-5
    )


def test_a_gate_that_is_constant_gets_no_gradient(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    x = torch.randn(propagation.n_nodes, DIM, requires_grad=True)
    gates = torch.rand(len(propagation.relations), DIM)
    operator = propagation.relational("family")
    constant = torch.autograd.grad(operator(x, gates).square().sum(), x)[0]
    learned = torch.autograd.grad(operator(x, gates.requires_grad_()).square().sum(), [x, gates])[0]
    assert torch.equal(constant, learned)


def test_double_precision_passes_the_numerical_gradient_check(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    single = propagation.relational("family")
    adjacency = CSROperator(single.adjacency.matrix.double(), single.adjacency.transposed.double())
    operator = RelationalOperator(adjacency, single.pair_node, single.pair_relation)
    x = torch.randn(propagation.n_nodes, 2, dtype=torch.float64, requires_grad=True)
    gates = torch.randn(len(propagation.relations), 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(operator, (x, gates))
    assert torch.autograd.gradcheck(
        lambda rows: adjacency @ rows,
        torch.randn(adjacency.shape[1], 2, dtype=torch.float64, requires_grad=True),
    )


def test_relations_know_which_are_behaviour(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    marked = {n for n, own in zip(propagation.relations, propagation.is_interaction, strict=True) if own}
    assert marked == {INTERACTS, reverse_name(INTERACTS)}


def test_operators_are_int32_with_one_source_row_a_pair(graph: HeteroData) -> None:
    operator = Propagation(graph).relational("family")
    assert operator.adjacency.matrix.col_indices().dtype == torch.int32
    assert operator.adjacency.matrix.crow_indices().dtype == torch.int32
    pairs = list(zip(operator.pair_node.tolist(), operator.pair_relation.tolist(), strict=True))
    assert len(pairs) == len(set(pairs)) == operator.adjacency.shape[1]


def test_moving_to_a_device_keeps_the_result(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    operator = propagation.relational("family")
    x, gates = torch.randn(propagation.n_nodes, DIM), torch.randn(len(propagation.relations), DIM)
    assert torch.equal(operator.to("cpu")(x, gates), operator(x, gates))


def test_an_unknown_rule_is_refused(graph: HeteroData) -> None:
    with pytest.raises(ConfigError, match="normalisation is 'row'"):
        Propagation(graph).relational("row")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_the_same_on_a_gpu(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    operator = propagation.relational("family")
    x, gates = torch.randn(propagation.n_nodes, DIM), torch.randn(len(propagation.relations), DIM)
    on_gpu = operator.to("cuda")(x.cuda(), gates.cuda())
    assert torch.allclose(on_gpu.cpu(), operator(x, gates), atol=1e-5)


def test_knowledge_is_the_gated_mean_over_facts_alone(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    first = propagation.n_users
    facts = [(s - first, r, t - first) for s, r, t in edges_of(graph, propagation) if not is_interaction(r)]
    x = torch.randn(propagation.n_items + propagation.n_entities, DIM, requires_grad=True)
    gates = torch.randn(len(propagation.relations), DIM, requires_grad=True)
    heard: dict[int, list[Tensor]] = defaultdict(list)
    for source, relation, target in facts:
        heard[target].append(x[source] * gates[propagation.relations.index(relation)])
    zero = torch.zeros(DIM)
    expected = torch.stack(
        [torch.stack(heard[node]).mean(0) if node in heard else zero for node in range(len(x))]
    )
    out = propagation.knowledge()(x, gates)
    assert torch.allclose(out, expected, atol=1e-5)
    weight = torch.randn_like(out)
    ours = torch.autograd.grad((out * weight).sum(), [x, gates])
    theirs = torch.autograd.grad((expected * weight).sum(), [x, gates])
    for one, other in zip(ours, theirs, strict=True):
        assert torch.allclose(one, other, atol=1e-4)


def test_messages_onto_the_first_nodes_are_those_of_all(graph: HeteroData) -> None:
    propagation = Propagation(graph)
    whole = propagation.knowledge()
    some = whole.onto(propagation.n_items)
    assert len(some.pair_node) < len(whole.pair_node)
    results = []
    for operator in (whole, some):
        torch.manual_seed(5)
        x = torch.randn(propagation.n_items + propagation.n_entities, DIM, requires_grad=True)
        gates = torch.randn(len(propagation.relations), DIM, requires_grad=True)
        messages = operator(x, gates)[: propagation.n_items]
        weight = torch.randn(messages.shape)
        results.append((messages, *torch.autograd.grad((messages * weight).sum(), (x, gates))))
    torch.testing.assert_close(results[1], results[0])


def test_user_means_average_the_items_of_each_user(dataset: Dataset, split: Split) -> None:
    kept = Part(*(rows[split.train.users != 2] for rows in (split.train.users, split.train.items)))
    propagation = Propagation(build_graph(dataset, kept))
    dense = torch.zeros(propagation.n_users, propagation.n_items)
    dense[kept.users, kept.items] = 1.0
    expected = dense / dense.sum(1, keepdim=True).clamp(min=1)
    assert expected[2].sum() == 0
    assert torch.allclose(propagation.user_means().matrix.to_dense(), expected)


def test_without_knowledge_nobody_hears_facts(dataset: Dataset, split: Split) -> None:
    propagation = Propagation(build_graph(with_knowledge(dataset, "none", 0), split.train))
    x = torch.randn(propagation.n_items + propagation.n_entities, DIM, requires_grad=True)
    out = propagation.knowledge()(x, torch.ones(len(propagation.relations), DIM))
    assert torch.equal(out, torch.zeros_like(x))
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() == 0
