from pathlib import Path

import pytest
import torch

from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder
from kgrec.finetuning.trainable import TrainableEncoder

CPU = torch.device("cpu")


def test_vectors_are_those_of_search_time_with_a_gradient(tiny_e5: Path, texts: dict[str, str]) -> None:
    config = EncoderConfig(name=str(tiny_e5), normalize=False)
    some = [*texts.values(), "", "red red red red shoe"] * 2
    trainable = TrainableEncoder(config, CPU)
    for kind in ("query", "passage"):
        vectors = trainable.vectors(some, kind)
        assert vectors.requires_grad
        expected = TransformerEncoder(config, CPU).encode(some, kind)
        torch.testing.assert_close(vectors.detach(), expected, atol=1e-5, rtol=1e-4)


def test_half_precision_is_near_and_comes_out_single(tiny_e5: Path, texts: dict[str, str]) -> None:
    config, some = EncoderConfig(name=str(tiny_e5)), list(texts.values())
    full = TrainableEncoder(config, CPU).vectors(some, "query")
    half = TrainableEncoder(config, CPU, "bfloat16").vectors(some, "query")
    assert half.dtype == torch.float32 and not torch.equal(full, half)
    assert torch.nn.functional.cosine_similarity(full, half).min() > 0.99


def test_texts_are_cut_behind_their_prefix(tiny_e5: Path) -> None:
    encoder = TrainableEncoder(EncoderConfig(name=str(tiny_e5), max_tokens=5), CPU)
    assert encoder.max_tokens == 5
    (tokens,) = encoder.tokens(["red red red red"], "query")
    assert encoder.tokenizer.decode(tokens) == "[CLS] query : red [SEP]"  # type: ignore[attr-defined]


def test_an_unknown_kind_is_refused(tiny_e5: Path) -> None:
    with pytest.raises(ValueError, match="query or passage"):
        TrainableEncoder(EncoderConfig(name=str(tiny_e5)), CPU).tokens(["a"], "title")
