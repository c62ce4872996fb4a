from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kgrec.errors import ConfigError, FeatureError
from kgrec.features.cache import RowCache
from kgrec.features.config import EncoderConfig, TextConfig
from kgrec.features.text import TextEmbedder


class LetterCounter:
    """An encoder that counts two letters, and what it was asked to read."""

    def __init__(self, fingerprint: str = "ab", letters: str = "ab", fail_after: int = 10**9) -> None:
        self.fingerprint, self.letters, self.fail_after = fingerprint, letters, fail_after
        self.read: list[str] = []

    def prefix(self, kind: str) -> str:
        return "b" if kind == "query" else ""

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        if len(self.read) + len(texts) > self.fail_after:
            raise KeyboardInterrupt
        self.read += texts
        counted = [[(self.prefix(kind) + text).count(letter) for letter in self.letters] for text in texts]
        return torch.tensor(counted, dtype=torch.float32).reshape(len(texts), len(self.letters))


def embedder(folder: Path, *encoders: LetterCounter) -> TextEmbedder:
    return TextEmbedder(encoders, RowCache(folder / "text.sqlite"))


def test_one_changed_title_is_one_row(tmp_path: Path) -> None:
    titles = [f"{'a' * i}" for i in range(1, 9)]
    first, second = LetterCounter(), LetterCounter()
    assert embedder(tmp_path, first).encode(titles).misses == 8
    titles[3] = "bb"
    encoded = embedder(tmp_path, second).encode(titles)
    assert second.read == ["bb"]
    assert (encoded.hits, encoded.misses) == (7, 1)
    assert encoded.vectors.tolist() == [[t.count("a"), t.count("b")] for t in titles]


def test_order_and_repetition_are_kept(tmp_path: Path) -> None:
    counter = LetterCounter()
    encoded = embedder(tmp_path, counter).encode(["ab", "a", "ab", "bbb"])
    assert encoded.vectors.tolist() == [[1, 1], [1, 0], [1, 1], [0, 3]]
    assert sorted(counter.read) == ["a", "ab", "bbb"]


def test_queries_and_passages_are_different_rows(tmp_path: Path) -> None:
    both = embedder(tmp_path, LetterCounter())
    assert both.encode(["a"], "query").vectors.tolist() == [[1, 1]]
    assert both.encode(["a"], "passage").vectors.tolist() == [[1, 0]]


def test_encoders_stand_side_by_side_and_share_a_cache(tmp_path: Path) -> None:
    ab, c = LetterCounter("ab", "ab"), LetterCounter("c", "c")
    embedder(tmp_path, ab).encode(["abc"])
    encoded = embedder(tmp_path, ab, c).encode(["abc", "ccc"])
    assert encoded.vectors.tolist() == [[1, 1, 1], [0, 0, 3]]
    assert ab.read == ["abc", "ccc"] and c.read == ["abc", "ccc"]
    # Of "abc" one half was known: that is no hit.
    assert encoded.hits == 0


def test_an_interrupted_job_keeps_what_it_had(tmp_path: Path) -> None:
    texts = ["a" * (1 + i // 600) + "b" * (i % 600) for i in range(1300)]
    with pytest.raises(KeyboardInterrupt):
        embedder(tmp_path, LetterCounter(fail_after=1200)).encode(texts)
    again = LetterCounter()
    assert embedder(tmp_path, again).encode(texts).hits == 1024
    assert len(again.read) == 276


def test_no_texts(tmp_path: Path) -> None:
    encoded = embedder(tmp_path, LetterCounter()).encode([])
    assert encoded.vectors.shape == (0, 2) and encoded.hits == 0


def test_no_encoder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"features\.text\.encoders"):
        embedder(tmp_path)


def test_real_encoders_from_a_configuration(tiny_decoder: Path, tmp_path: Path) -> None:
    encoders = [EncoderConfig(name=str(tiny_decoder), pooling=pooling) for pooling in ("mean", "last")]
    config = TextConfig(encoders=encoders)
    first = TextEmbedder.from_config(config, tmp_path, torch.device("cpu")).encode(["red shoe", "pan"])
    again = TextEmbedder.from_config(config, tmp_path, torch.device("cpu"))
    second = again.encode(["red shoe", "pan"])
    assert first.vectors.shape == (2, 64) and (first.hits, second.hits) == (0, 2)
    assert np.array_equal(first.vectors.numpy(), second.vectors.numpy())
    assert all("_loaded" not in vars(encoder) for encoder in again.encoders)


def test_a_missing_encoder_is_an_error_before_any_work(tmp_path: Path) -> None:
    config = TextConfig(encoders=[EncoderConfig(name=str(tmp_path / "nowhere"))])
    with pytest.raises(FeatureError, match="nowhere"):
        TextEmbedder.from_config(config, tmp_path, torch.device("cpu"))
