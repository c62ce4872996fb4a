"""First vectors: normal as before, and by Xavier's rule with the rows that published code counts."""

from collections.abc import Callable
from dataclasses import fields

import pytest
import torch
from torch import Tensor, nn

from kgrec.errors import ConfigError
from kgrec.models.config import MODEL_CONFIGS
from kgrec.models.init import draw_rows
from kgrec.models.network import Network

Make = Callable[..., Network]
WITH_INIT = [
    name for name, config in MODEL_CONFIGS.items() if "init" in {field.name for field in fields(config)}
]


def test_parts_are_drawn_as_tables_of_their_own() -> None:
    draws = {"xavier_normal": nn.init.xavier_normal_, "xavier_uniform": nn.init.xavier_uniform_}
    for init, theirs in draws.items():
        table = nn.Parameter(torch.empty(40, 8))
        torch.manual_seed(5)
        draw_rows(table, init, 9.0, (30, 10))
        torch.manual_seed(5)
        expected = torch.cat([theirs(torch.empty(30, 8)), theirs(torch.empty(10, 8))])
        assert torch.equal(table, expected)
        torch.manual_seed(5)
        draw_rows(table, init, 9.0)
        torch.manual_seed(5)
        assert torch.equal(table, theirs(torch.empty(40, 8)))


def test_normal_has_the_deviation_and_no_parts() -> None:
    table, expected = torch.empty(40, 8), torch.empty(40, 8)
    torch.manual_seed(5)
    draw_rows(table, "normal", 0.3, (30, 10))
    torch.manual_seed(5)
    assert torch.equal(table, nn.init.normal_(expected, std=0.3))


def first_vectors(network: Network) -> tuple[Tensor, Tensor]:
    """Users and items with entities, as they were drawn."""
    tables = dict(network.named_parameters())
    if "user" in tables:
        return tables["user"], tables["node"] if "node" in tables else tables["item"]
    users, rest = tables["node"].tensor_split([network.n_users])
    return users, rest


def test_the_models_with_a_published_row_have_the_option() -> None:
    wanted = "bpr lightgcn cke cfkg kgin lightkg kgat kgcn kgnn_ls ripplenet mcclk"
    assert set(WITH_INIT) == set(wanted.split())


@pytest.mark.parametrize("name", [name for name in WITH_INIT if name != "ripplenet"])
def test_users_and_nodes_are_two_tables(name: str, make_network: Make) -> None:
    torch.manual_seed(0)
    network = make_network(name, dim=64, init="xavier_uniform", init_std=9.0)
    for table in first_vectors(network):
        bound = (6 / (len(table) + 64)) ** 0.5
        assert float(table.detach().abs().max()) == pytest.approx(bound, rel=0.01)
        assert float(table.detach().abs().max()) <= bound


def test_matrices_are_rows_of_a_table(make_network: Make) -> None:
    torch.manual_seed(0)
    for name, key in (("cke", "projection"), ("kgat", "projection"), ("ripplenet", "relation")):
        matrices = dict(make_network(name, dim=16, relation_dim=16, init="xavier_normal").named_parameters())
        table = matrices[key].detach()
        assert float(table.std()) == pytest.approx((2 / (len(table) + 256)) ** 0.5, rel=0.1)
        assert float(table.mean()) == pytest.approx(0, abs=0.02)
    ripplenet = make_network("ripplenet", dim=64, init="xavier_normal", item_update="transform")
    update = dict(ripplenet.named_parameters())["update"].detach()
    assert float(update.std()) == pytest.approx((2 / 128) ** 0.5, rel=0.1)
    nodes = dict(ripplenet.named_parameters())["node"].detach()
    assert float(nodes.std()) == pytest.approx((2 / (len(nodes) + 64)) ** 0.5, rel=0.1)


@pytest.mark.parametrize("name", WITH_INIT)
def test_another_name_is_refused(name: str, make_network: Make) -> None:
    with pytest.raises(ConfigError, match=r"model\.init is 'xavier'; use normal, xavier_normal or"):
        make_network(name, init="xavier")
