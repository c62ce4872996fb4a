import json
import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from kgrec.data.dataset import Dataset
from kgrec.data.splits import Part
from kgrec.errors import ConfigError
from kgrec.features.config import EncoderConfig, FeaturesConfig, KGEConfig, TextConfig
from kgrec.features.node_features import NodeFeatures, build_node_features, user_texts

CPU = torch.device("cpu")


@pytest.fixture
def config(tiny_decoder: Path) -> FeaturesConfig:
    text = TextConfig(encoders=[EncoderConfig(name=str(tiny_decoder))])
    return FeaturesConfig(text=text, kge=KGEConfig(dim=4, epochs=1))


def build(dataset: Dataset, train: Part, config: FeaturesConfig, folder: Path) -> tuple[NodeFeatures, dict]:
    return build_node_features(dataset, train, config, folder, 0, CPU)


def test_shapes_and_masks(shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path) -> None:
    features, report = build(shop, train, config, tmp_path)
    assert features.text is not None and features.text_mask is not None
    assert features.kge is not None and features.kge_mask is not None
    assert features.text.shape == (3 + 4 + 3, 32) and features.kge.shape == (4 + 3, 4)
    named = [*shop.users.ids, *shop.items.ids, *shop.entities.ids]
    without = {name for name, known in zip(named, features.text_mask.tolist(), strict=True) if not known}
    # u3 has only i4, which has no title; m.0bln8 is no name.
    assert without == {"u3", "i4", "m.0bln8"}
    assert (features.text.norm(dim=1) > 0).equal(features.text_mask)
    assert (features.kge.norm(dim=1) > 0).equal(features.kge_mask)
    assert json.loads(json.dumps(report)) == report


def test_a_users_text_is_the_mean_of_the_items(
    shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path
) -> None:
    features, _ = build(shop, train, config, tmp_path)
    assert features.text is not None
    users, items = features.text[:3], features.text[3:7]
    shoe, sock, pan = (items[shop.items.row(item)] for item in ("i1", "i2", "i3"))
    expected = torch.nn.functional.normalize((shoe + sock) / 2, dim=0)
    torch.testing.assert_close(users[shop.users.row("u1")], expected)
    torch.testing.assert_close(users[shop.users.row("u2")], pan)


def test_only_train_items_speak_for_a_user(shop: Dataset) -> None:
    items = torch.eye(4)
    train = Part(np.array([0, 0, 0]), np.array([1, 1, 2]), None)
    users, mask = user_texts(shop, train, items)
    # An item that was had twice counts once.
    torch.testing.assert_close(users[0], torch.tensor([0.0, 0.5, 0.5, 0.0]) * 2**0.5)
    assert mask.tolist() == [True, False, False] and users[1:].abs().sum() == 0


def test_a_second_run_finds_every_step_and_says_so(
    shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, told = build(shop, train, config, tmp_path)
    assert told["text"]["cached"] == 0 and not told["kge"]["cached"]
    with caplog.at_level(logging.INFO, logger="kgrec"):
        second, report = build(shop, train, config, tmp_path)
    assert "text: 5 of 5 rows from the cache" in caplog.text
    assert "kge: TransE of 6 nodes from the cache" in caplog.text
    assert report["text"]["cached"] == report["text"]["rows"] == 5 and report["kge"]["cached"] is True
    for name in ("text", "text_mask", "kge", "kge_mask"):
        assert torch.equal(getattr(first, name), getattr(second, name))


def test_one_changed_title_encodes_one_row(
    make_shop: Callable[..., Dataset], train: Part, config: FeaturesConfig, tmp_path: Path
) -> None:
    build(make_shop(), train, config, tmp_path)
    _, report = build(make_shop(titles=("shoe", "sock", "red pan", None)), train, config, tmp_path)
    assert (report["text"]["cached"], report["text"]["rows"]) == (4, 5)


def test_switches_leave_sources_out(
    shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path
) -> None:
    config.text.enabled = config.kge.enabled = False
    features, report = build(shop, train, config, tmp_path)
    assert features == NodeFeatures(None, None, None, None)
    assert report == {"text": {"enabled": False}, "kge": {"enabled": False}}
    assert not list(tmp_path.iterdir())


def test_entities_can_be_left_without_text(
    shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path
) -> None:
    config.text.entities = False
    features, _ = build(shop, train, config, tmp_path)
    assert features.text_mask is not None and not features.text_mask[7:].any()


def test_a_shop_without_text_or_facts(
    make_shop: Callable[..., Dataset],
    train: Part,
    config: FeaturesConfig,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    features, _ = build(make_shop(titles=[None] * 4, facts=[]), train, config, tmp_path)
    assert features == NodeFeatures(None, None, None, None)
    assert "no item and no entity has any" in caplog.text


def test_a_wrong_template_is_refused(
    shop: Dataset, train: Part, config: FeaturesConfig, tmp_path: Path
) -> None:
    config.text.template = "{name}"
    with pytest.raises(ConfigError, match=r"\{name\}.*columns item, title"):
        build(shop, train, config, tmp_path)
