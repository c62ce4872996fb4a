from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kgrec.query.analyser import Analyser
from kgrec.retrieval.query_encoder import QueryEncoder
from kgrec.retrieval.query_mean import LEAST, WORDS, query_mean, sample_words

NAMES = [
    f"{first}{second}" for first in "bcdfghjklm" for second in ("anana", "erry", "ottle", "upboard", "inen")
]
TITLES = [f"{name} of the {other}" for name in NAMES for other in NAMES[:10]]


class Lengths:
    """An encoder of two numbers: 1 and the length of the text."""

    fingerprint = "lengths"

    def __init__(self) -> None:
        self.read: list[tuple[str, str]] = []

    def prefix(self, kind: str) -> str:
        return f"{kind}: "

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        self.read += [(text, kind) for text in texts]
        return torch.tensor([[1.0, float(len(text))] for text in texts])


def test_words_are_those_of_titles_and_stay_when_a_title_comes() -> None:
    titles = [f"{name}{number} 长绒棉床品 a b" for number, name in enumerate(NAMES * 10)]
    words = sample_words(titles, Analyser())
    assert 1 < len(words) <= WORDS and len(words) == len(set(words))
    assert {"长绒棉", "床品"} & set(words) and not {"a", "b", "绒棉"} & set(words)
    assert all(any(word in title for title in titles) for word in words)
    more = sample_words([*reversed(titles), "one more title"], Analyser())
    assert len(set(words) ^ set(more)) <= 2


def test_the_mean_of_words_read_as_queries(tmp_path: Path) -> None:
    encoder, words = Lengths(), sample_words(TITLES, Analyser())
    assert len(words) == len(NAMES) < LEAST
    assert query_mean(TITLES, Analyser(), QueryEncoder([encoder])) is None and not encoder.read
    titles = [f"{title} {number}" for number, title in enumerate(TITLES)]
    words = sample_words(titles, Analyser())
    mean = query_mean(titles, Analyser(), QueryEncoder([encoder]), tmp_path)
    assert mean is not None
    assert mean.mean.tolist() == pytest.approx([1.0, sum(map(len, words)) / len(words)])
    assert mean.widths == [2]
    assert {kind for _, kind in encoder.read} == {"query"}
    encoder.read.clear()
    again = query_mean(titles, Analyser(), QueryEncoder([encoder]), tmp_path)
    assert again is not None and again.mean.tolist() == pytest.approx(mean.mean.tolist())
    assert len(encoder.read) == 1  # its width alone
    (path,) = tmp_path.iterdir()
    for broken in ("{", "[[1.0]]", "null"):
        path.write_text(broken)
        healed = query_mean(titles, Analyser(), QueryEncoder([encoder]), tmp_path)
        assert healed is not None and healed.mean.tolist() == pytest.approx(mean.mean.tolist())
