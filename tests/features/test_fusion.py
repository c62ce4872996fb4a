from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from kgrec.errors import ConfigError, FeatureError
from kgrec.features.config import FusionConfig
from kgrec.features.fusion import FeatureFusion
from kgrec.features.node_features import NodeFeatures

SIZES = (3, 4, 5)
DIM = 6


def features(seed: int = 0) -> NodeFeatures:
    """Random features; the last user, the last item and the last entity have none."""
    generator = torch.Generator().manual_seed(seed)
    text, kge = torch.randn(12, 9, generator=generator), torch.randn(9, 7, generator=generator)
    text_mask, kge_mask = torch.ones(12, dtype=torch.bool), torch.ones(9, dtype=torch.bool)
    text_mask[[2, 6, 11]], kge_mask[[3, 8]] = False, False
    return NodeFeatures(text * text_mask.unsqueeze(1), text_mask, kge * kge_mask.unsqueeze(1), kge_mask)


def fusion(given: NodeFeatures | None = None, seed: int = 0, **config: Any) -> FeatureFusion:
    torch.manual_seed(seed)
    mode = config.pop("mode", "init")
    return FeatureFusion(SIZES, given or features(), FusionConfig(**config), DIM, mode)


def parameters(module: FeatureFusion) -> set[str]:
    return {name for name, _ in module.named_parameters()}


@pytest.mark.parametrize("mode", ["init", "frozen"])
@pytest.mark.parametrize("free", [True, False])
def test_shape_and_finite_gradients(mode: str, free: bool) -> None:
    module = fusion(mode=mode, free=free)
    x = module()
    assert x.shape == (12, DIM)
    x.square().sum().backward()
    used = [p for p in module.parameters() if p.grad is not None]
    assert used and all(torch.isfinite(p.grad).all() for p in used)  # type: ignore[arg-type]


def test_frozen_equals_the_sum_by_hand() -> None:
    module, given = fusion(mode="frozen"), features()
    assert module.text_map is not None and module.missing_text is not None
    assert module.kge_map is not None and module.missing_kge is not None
    x = module()
    for row in range(12):
        text, kge = given.text[row], given.kge[row - 3]  # type: ignore[index]
        expected = module.free[row].clone()  # type: ignore[index]
        expected += module.text_map(text) if row not in (2, 6, 11) else module.missing_text
        if row >= 3:
            expected += module.kge_map(kge) if row not in (6, 11) else module.missing_kge
        torch.testing.assert_close(x[row], expected)


def test_init_starts_at_principal_components() -> None:
    module, given = fusion(init_std=0.1), features()
    assert module.text_map is not None and module.kge_map is not None
    start = module().detach()
    text, kge = module.text_map(given.text), module.kge_map(given.kge)
    torch.testing.assert_close(start[0], text[0])
    torch.testing.assert_close(start[3], (text[3] + kge[0]) / 2**0.5)
    # Items and entities that have text: their projections are centred and as wide as asked.
    projected = text[3:][given.text_mask[3:]]  # type: ignore[index]
    assert projected.mean(dim=0).abs().max() < 1e-5
    assert projected.square().mean().sqrt().item() == pytest.approx(0.1, rel=1e-3)


def test_init_trains_only_the_free_vectors() -> None:
    module = fusion()
    module().square().sum().backward()
    assert {name for name, p in module.named_parameters() if p.grad is not None} == {"free"}
    assert module.free is module()


def test_nodes_without_features_start_at_random() -> None:
    first, second = fusion(seed=0)().detach(), fusion(seed=1)().detach()
    assert [bool((a != b).any()) for a, b in zip(first, second, strict=True)] == [
        row in (2, 6, 11) for row in range(12)
    ]


def test_columns_that_no_feature_fills_start_at_random() -> None:
    narrow = features().text[:, :2]  # type: ignore[index]
    start = fusion(NodeFeatures(narrow, features().text_mask, None, None))().detach()
    assert start.std(dim=0).min() > 0.02


@pytest.mark.parametrize("source", ["text", "kge"])
@pytest.mark.parametrize("mode", ["init", "frozen"])
def test_a_switch_removes_its_source(source: str, mode: str) -> None:
    other = replace(features(), **{source: getattr(features(1), source)})
    outputs = [fusion(given, mode=mode)() for given in (features(), other)]
    assert not torch.equal(*outputs)
    switched_off: dict[str, Any] = {source: False}
    outputs = [fusion(given, mode=mode, **switched_off)() for given in (features(), other)]
    assert torch.equal(*outputs)
    assert not any(source in name for name in parameters(fusion(mode=mode, **switched_off)))


@pytest.mark.parametrize("mode", ["init", "frozen"])
def test_without_free_vectors_equal_features_give_equal_vectors(mode: str) -> None:
    given = features()
    given.text[4], given.kge[1] = given.text[3], given.kge[0]  # type: ignore[index]
    x = fusion(given, mode=mode, free=False)()
    assert "free" not in parameters(fusion(given, mode=mode, free=False))
    torch.testing.assert_close(x[3], x[4])
    assert not torch.allclose(x[3], x[5], atol=1e-2)


def test_missing_vectors_stand_in_only_where_something_is_missing() -> None:
    module = fusion(mode="frozen")
    module()[[0, 1, 3, 4, 5]].sum().backward()
    assert module.missing_text.grad.abs().sum() == 0  # type: ignore[union-attr]
    module()[2].sum().backward()
    assert module.missing_text.grad.abs().sum() > 0  # type: ignore[union-attr]
    # A user is in no triple: no vector stands in for that.
    assert module.missing_kge.grad.abs().sum() == 0  # type: ignore[union-attr]


def test_a_seed_decides() -> None:
    for mode in ("init", "frozen"):
        assert torch.equal(fusion(seed=5, mode=mode)(), fusion(seed=5, mode=mode)())
    module = fusion(mode="frozen")
    before = module().detach().clone()
    torch.manual_seed(9)
    module.reset_parameters()
    once = module().detach().clone()
    torch.manual_seed(9)
    module.reset_parameters()
    assert torch.equal(module(), once) and not torch.equal(before, once)


@pytest.mark.parametrize("mode", ["init", "frozen"])
def test_features_are_not_saved_and_a_checkpoint_brings_the_same_output(mode: str) -> None:
    module = fusion(mode=mode)
    state = module.state_dict()
    assert not {"text", "kge", "text_mask", "kge_mask"} & set(state)
    other = fusion(seed=1, mode=mode)
    other.load_state_dict(state)
    assert torch.equal(other(), module())


def test_buffers_move_with_the_module() -> None:
    module = fusion(mode="frozen").to("meta")
    assert {b.device.type for b in module.buffers()} == {"meta"} and module().device.type == "meta"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("free", [True, False])
def test_gpu_equals_cpu(free: bool) -> None:
    for mode in ("init", "frozen"):
        module = fusion(mode=mode, free=free)
        expected = module().detach()
        torch.testing.assert_close(module.to("cuda")().detach().cpu(), expected, atol=1e-5, rtol=1e-4)


def test_text_is_projected_as_the_first_layer_reads_it() -> None:
    module, given = fusion(mode="frozen", kge=False), features()
    projected = module.project_text(given.text[3:5])  # type: ignore[index]
    torch.testing.assert_close(module()[3:5] - module.free[3:5], projected)  # type: ignore[index]
    with pytest.raises(FeatureError, match=r"\(2, 8\).*width 9"):
        module.project_text(torch.zeros(2, 8))


def test_no_text_no_projection() -> None:
    assert fusion(text=False).project_text(torch.zeros(2, 9)) is None
    assert fusion(NodeFeatures(None, None, None, None)).project_text(torch.zeros(2, 9)) is None


def test_without_any_features_the_vectors_are_free() -> None:
    module = fusion(NodeFeatures(None, None, None, None), mode="frozen")
    assert parameters(module) == {"free"} and torch.equal(module(), module.free)  # type: ignore[arg-type]


WRONG: list[tuple[str, Tensor | None]] = [
    ("text", torch.zeros(11, 9)),
    ("text", torch.zeros(12)),
    ("text", torch.full((12, 9), torch.nan)),
    ("text_mask", None),
    ("text_mask", torch.ones(12)),
    ("kge", torch.zeros(12, 7)),
    ("kge_mask", torch.ones(12, dtype=torch.bool)),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_wrong_features_are_named(name: str, value: Tensor | None) -> None:
    with pytest.raises(FeatureError, match=rf"features\.{name} "):
        fusion(replace(features(), **{name: value}))


def test_wrong_settings_are_named() -> None:
    with pytest.raises(ConfigError, match="'trained'"):
        fusion(mode="trained")
    with pytest.raises(ConfigError, match="no source"):
        fusion(text=False, kge=False, free=False)
