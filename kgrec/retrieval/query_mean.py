"""The mean vector of what people type in a shop, from words of its titles."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from kgrec.errors import RunError
from kgrec.files import atomic_path
from kgrec.query.analyser import Analyser
from kgrec.query.kept import kept, key_of
from kgrec.query.normalise import normalise
from kgrec.retrieval.query_encoder import QueryEncoder

WORDS = 256
"""Words that the mean is taken over."""
LEAST = 64
"""A catalogue with fewer says little about a mean."""


@dataclass(frozen=True)
class QueryMean:
    """The common part of queries, of encoders side by side."""

    mean: Tensor
    """``(dim,)``."""
    widths: list[int]
    """Dimensions of each encoder; they sum to ``dim``."""

    def directions(self, vectors: Tensor) -> Tensor:
        """``(n, dim)``, the part of each encoder brought to unit length: none speaks louder for being spread
        more widely."""
        return torch.cat([F.normalize(part, dim=1) for part in vectors.split(self.widths, dim=1)], dim=1)


def query_mean(
    titles: Sequence[str], analyser: Analyser, encoder: QueryEncoder, folder: Path | None = None
) -> QueryMean | None:
    """The mean vector of one word each of ``WORDS`` titles, read as queries; None for a small catalogue.

    Encoders put all texts into one corner of the space, and queries into another than passages: the common
    part says nothing and hides differences (Mu and Viswanath 2018, https://openreview.net/forum?id=HkuGJ3kCb).
    Costs a second or two of encoding unless ``folder`` keeps the mean.
    """
    words = sample_words(titles, analyser)
    if len(words) < LEAST:
        return None

    def encoded() -> Tensor:
        vectors = [vector for word in words if (vector := encoder.encode(word)) is not None]
        return torch.stack(vectors).mean(0)

    prints = [f"{each.fingerprint} {each.prefix('query')}" for each in encoder.encoders]
    name = f"query-mean-{key_of(words, ' '.join(prints))}.json" if folder is not None else ""
    mean = kept(folder, name, _load, encoded, _save)
    return QueryMean(mean, encoder.widths(words[0]))


def sample_words(titles: Sequence[str], analyser: Analyser) -> list[str]:
    """A word each of the titles with the smallest hashes: a title more or less changes one word."""
    words: dict[str, None] = {}
    for place, title in sorted((_hash(title), title) for title in set(titles)):
        own = [word for word in analyser.whole_words(normalise(title, None)) if len(word) > 1]
        if own:
            words[own[place % len(own)]] = None
        if len(words) == WORDS:
            break
    return list(words)


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest())


def _save(mean: Tensor, path: Path) -> None:
    with atomic_path(path) as part:
        part.write_text(json.dumps(mean.tolist()), encoding="utf-8")


def _load(path: Path) -> Tensor:
    try:
        mean = torch.tensor(json.loads(path.read_text("utf-8")), dtype=torch.float32)
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{path}: no readable vector ({error})") from error
    if mean.ndim != 1:
        raise RunError(f"{path}: no vector but {mean.ndim} dimensions")
    return mean
