import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.errors import ConfigError
from kgrec.retrieval.base import NOTHING, Candidates, best_of
from kgrec.retrieval.fusion import convex, ranks, reciprocal_rank


def found(*pairs: tuple[int, float]) -> Candidates:
    items, scores = zip(*pairs, strict=True)
    return Candidates(np.array(items, np.int64), np.array(scores, np.float32))


def test_reciprocal_ranks_by_hand() -> None:
    words, meaning = found((7, 9.0), (3, 2.0)), found((3, 0.9), (5, 0.8))
    fused = reciprocal_rank({"lexical": words, "dense": meaning}, k=60)
    assert fused.items.tolist() == [3, 7, 5]
    expected = [1 / 62 + 1 / 61, 1 / 61, 1 / 62]
    assert fused.scores.tolist() == pytest.approx(expected)


def test_weights_of_lists_count() -> None:
    lists = {"lexical": found((7, 9.0)), "dense": found((3, 0.9))}
    assert reciprocal_rank(lists, weights={"dense": 2.0}).items.tolist() == [3, 7]
    assert reciprocal_rank(lists, weights={"lexical": 2.0}).items.tolist() == [7, 3]
    assert convex(lists, {"dense": 3.0}).scores.tolist() == pytest.approx([0.75, 0.25])


def test_equal_scores_share_their_first_rank() -> None:
    assert ranks(found((1, 5.0), (2, 3.0), (3, 3.0), (4, 1.0))).tolist() == [1, 2, 2, 4]
    fused = reciprocal_rank({"graph": found((1, 1.0), (2, 1.0)), "dense": found((2, 0.5), (1, 0.4))})
    assert fused.items.tolist() == [2, 1]


def test_convex_minmax_by_hand() -> None:
    words = found((7, 10.0), (3, 6.0), (5, 2.0))
    meaning = found((3, 0.9), (8, 0.5))
    fused = convex({"lexical": words, "dense": meaning}, {"lexical": 1.0, "dense": 3.0})
    values = dict(zip(fused.items.tolist(), fused.scores.tolist(), strict=True))
    assert values == pytest.approx({3: (0.5 + 3 * 1.0) / 4, 7: 1 / 4, 5: 0.0, 8: 0.0})
    assert fused.items.tolist() == [3, 7, 5, 8]


def test_convex_z_by_hand() -> None:
    fused = convex({"lexical": found((7, 3.0), (3, 1.0))}, scale="z")
    assert fused.scores.tolist() == pytest.approx([1.0, -1.0])
    both = convex({"lexical": found((7, 3.0), (3, 1.0)), "dense": found((3, 5.0), (4, 5.0))}, scale="z")
    # A list of one score throughout has no opinion; what it lacks is no worse.
    assert dict(zip(both.items.tolist(), both.scores.tolist(), strict=True)) == pytest.approx(
        {7: 0.5, 3: -0.5, 4: -0.5}
    )


def test_no_such_scale_is_refused() -> None:
    with pytest.raises(ConfigError, match="minmax, z"):
        convex({}, scale="rank")


def test_nothing_fuses_to_nothing() -> None:
    assert len(reciprocal_rank({})) == len(convex({})) == 0
    assert len(reciprocal_rank({"lexical": NOTHING})) == len(convex({"lexical": NOTHING})) == 0


LISTS = st.dictionaries(
    st.sampled_from(["lexical", "dense", "graph", "personal"]),
    st.dictionaries(st.integers(0, 30), st.floats(-1e6, 1e6, width=32), max_size=12),
)


@given(LISTS)
def test_every_item_of_every_list_is_fused_once(raw: dict[str, dict[int, float]]) -> None:
    lists = {
        name: found(*sorted(pairs.items(), key=lambda pair: -pair[1])) if pairs else NOTHING
        for name, pairs in raw.items()
    }
    everything = sorted({item for pairs in raw.values() for item in pairs})
    for fused in (reciprocal_rank(lists), convex(lists), convex(lists, scale="z")):
        assert sorted(fused.items.tolist()) == everything
        assert np.isfinite(fused.scores).all()
        assert (np.diff(fused.scores) <= 0).all()


@given(st.lists(st.integers(-3, 3), max_size=30), st.integers(0, 12))
def test_the_best_are_those_of_a_full_sort(values: list[int], k: int) -> None:
    scores = np.array(values, np.float32)
    expected = sorted((row for row in range(len(values)) if values[row] > 0), key=lambda r: (-values[r], r))
    assert best_of(scores, k, above=0.0).items.tolist() == expected[:k]
    allowed = np.arange(len(values)) % 2 == 0
    even = [row for row in expected if row % 2 == 0]
    assert best_of(scores, k, above=0.0, allowed=allowed).items.tolist() == even[:k]
