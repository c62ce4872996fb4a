from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from kgrec.query.understanding import Query
from kgrec.retrieval.dense import DenseRetriever
from kgrec.retrieval.query_encoder import QueryEncoder
from kgrec.retrieval.query_mean import QueryMean
from kgrec.retrieval.vector_index import IndexConfig

QUERY = Query("", "", "", (), (), (), "")


class Counting:
    """An encoder that remembers what it was asked."""

    fingerprint = "counting"

    def __init__(self, value: float) -> None:
        self.value, self.read = value, list[tuple[str, str]]()

    def prefix(self, kind: str) -> str:
        return ""

    def encode(self, texts: Sequence[str], kind: str = "passage") -> Tensor:
        self.read += [(text, kind) for text in texts]
        return torch.full((len(texts), 2), self.value)


def test_the_nearest_items_by_inner_product() -> None:
    vectors, query = torch.randn(50, 8), torch.randn(8)
    dense = DenseRetriever.build(vectors, IndexConfig())
    found = dense.retrieve(QUERY, query, None, 5)
    products = vectors @ query
    assert found.items.tolist() == products.argsort(descending=True)[:5].tolist()
    assert found.scores.tolist() == pytest.approx(products[found.items].tolist(), abs=1e-5)
    some = np.array([7, 3])
    assert dense.score(query, some).tolist() == pytest.approx(products[[7, 3]].tolist(), abs=1e-5)


def test_an_item_without_text_is_never_found() -> None:
    vectors = torch.randn(6, 4)
    vectors[[0, 2]] = 0
    dense = DenseRetriever.build(vectors, IndexConfig())
    assert set(dense.retrieve(QUERY, -vectors[1], None, 10).items.tolist()) == {1, 3, 4, 5}
    allowed = np.array([True, True, True, False, False, True])
    assert set(dense.retrieve(QUERY, vectors[1], None, 10, allowed).items.tolist()) == {1, 5}


def test_a_mean_of_queries_centres_both_sides() -> None:
    vectors, query, mean = torch.randn(30, 6) + 5, torch.randn(6) + 3, torch.randn(6) + 3
    vectors[4] = 0
    dense = DenseRetriever.build(vectors, IndexConfig(), QueryMean(mean, [6]))
    texts = [row for row in range(30) if row != 4]
    items = torch.nn.functional.normalize(vectors - vectors[texts].mean(0), dim=1)
    products = items @ torch.nn.functional.normalize(query - mean, dim=0)
    products[4] = -torch.inf
    found = dense.retrieve(QUERY, query, None, 29)
    assert found.items.tolist() == products.argsort(descending=True)[:29].tolist()
    assert found.scores.tolist() == pytest.approx(products[found.items].tolist(), abs=1e-5)
    assert dense.score(query, np.array([9, 2])).tolist() == pytest.approx(products[[9, 2]].tolist(), abs=1e-5)
    assert dense.score(query, np.array([4])).tolist() == [0.0]


def test_encoders_side_by_side_are_centred_each_for_itself() -> None:
    narrow, wide = torch.randn(40, 4) * 0.01 + 1, torch.randn(40, 3)
    query, mean = torch.randn(7), torch.randn(7)
    dense = DenseRetriever.build(torch.cat([narrow, wide], 1), IndexConfig(), QueryMean(mean, [4, 3]))
    alone = [
        DenseRetriever.build(vectors, IndexConfig(), QueryMean(mean[part], [vectors.shape[1]]))
        for vectors, part in ((narrow, slice(0, 4)), (wide, slice(4, 7)))
    ]
    rows = np.arange(40)
    apart = alone[0].score(query[:4], rows) + alone[1].score(query[4:], rows)
    assert dense.score(query, rows).tolist() == pytest.approx(apart.tolist(), abs=1e-5)


@pytest.mark.parametrize("kind", ["exact", "hnsw", "ivfpq"])
def test_a_filter_loses_nothing_whatever_the_index(kind: str) -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(60, 16, generator=generator).repeat_interleave(50, 0)
    vectors = centres + 0.1 * torch.randn(3_000, 16, generator=generator)
    config = IndexConfig(kind=kind, code_bytes=8, lists=60, probes=4, links=8, build_width=40)
    dense = DenseRetriever.build(vectors, config)
    allowed = np.zeros(3_000, bool)
    allowed[2_900:2_950] = True
    found = dense.retrieve(QUERY, centres[0], None, 200, allowed)
    assert sorted(found.items.tolist()) == list(range(2_900, 2_950))
    expected = (vectors[2_900:2_950] @ centres[0]).sort(descending=True).values
    assert found.scores.tolist() == pytest.approx(expected.tolist(), abs=1e-3)


def test_no_vector_finds_nothing() -> None:
    dense = DenseRetriever.build(torch.randn(6, 4), IndexConfig())
    assert (
        len(dense.retrieve(QUERY, None, None, 5)) == len(dense.retrieve(QUERY, torch.ones(4), None, 0)) == 0
    )


def test_a_query_is_read_once_by_every_encoder_as_a_query() -> None:
    one, other = Counting(1.0), Counting(2.0)
    encoder = QueryEncoder([one, other], remembered=2)
    vector = encoder.encode("a")
    assert vector is not None and vector.tolist() == [1.0, 1.0, 2.0, 2.0]
    encoder.encode("a")
    assert one.read == other.read == [("a", "query")]
    assert encoder.encode("  ") is None and encoder.encode("") is None
    encoder.encode("b")
    encoder.encode("c")
    encoder.encode("a")
    assert [text for text, _ in one.read] == ["a", "b", "c", "a"]
    encoder.forget()
    encoder.encode("a")
    assert len(one.read) == 5
