"""The CSR index against sets and loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.user_items import UserItems

N_USERS, N_ITEMS = 5, 7
PAIRS = st.lists(
    st.tuples(st.integers(0, N_USERS - 1), st.integers(0, N_ITEMS - 1), st.floats(0.125, 4, width=32)),
    max_size=30,
)


def index(pairs: list[tuple[int, int, float]], weighted: bool = True) -> UserItems:
    columns = np.array(pairs, dtype=np.float64).reshape(-1, 3)
    users, items = columns[:, 0].astype(np.int64), columns[:, 1].astype(np.int64)
    weights = columns[:, 2].astype(np.float32) if weighted else None
    return UserItems.from_pairs(users, items, (N_USERS, N_ITEMS), weights)


@given(PAIRS)
def test_index_equals_a_dictionary(pairs: list[tuple[int, int, float]]) -> None:
    largest: dict[tuple[int, int], float] = {}
    for user, item, weight in pairs:
        largest[user, item] = max(weight, largest.get((user, item), 0.0))
    user_items = index(pairs)
    assert len(user_items) == len(largest)
    assert (user_items.n_users, user_items.n_items) == (N_USERS, N_ITEMS)
    dense = user_items.matrix().toarray()
    for user in range(N_USERS):
        assert user_items.of(user).tolist() == sorted(item for u, item in largest if u == user)
        assert user_items.counts()[user] == len(user_items.of(user))
        for item in range(N_ITEMS):
            assert dense[user, item] == np.float32(largest.get((user, item), 0.0))
    assert user_items.user_of_pair().tolist() == [user for user, _ in sorted(largest)]


@given(PAIRS, st.lists(st.integers(0, N_USERS - 1), max_size=6))
def test_pairs_of_a_batch_equal_a_loop(pairs: list[tuple[int, int, float]], batch: list[int]) -> None:
    user_items = index(pairs)
    positions, items = user_items.pairs_of(np.array(batch, dtype=np.int64))
    expected = [(place, item) for place, user in enumerate(batch) for item in user_items.of(user).tolist()]
    assert list(zip(positions.tolist(), items.tolist(), strict=True)) == expected


def test_without_weights_every_pair_is_one() -> None:
    user_items = index([(1, 2, 3.0), (1, 2, 1.0), (0, 6, 2.0)], weighted=False)
    assert user_items.weights is None
    assert user_items.matrix().toarray()[[1, 0], [2, 6]].tolist() == [1, 1]
    assert user_items.matrix().nnz == 2


def test_an_empty_index_has_every_user() -> None:
    user_items = index([])
    assert (len(user_items), user_items.n_users, user_items.counts().tolist()) == (0, N_USERS, [0] * N_USERS)


@given(PAIRS, st.sets(st.integers(0, N_USERS - 1)))
def test_only_some_users_keep_their_items(pairs: list[tuple[int, int, float]], kept: set[int]) -> None:
    user_items = index(pairs)
    some = user_items.only(np.array(sorted(kept), dtype=np.int64))
    for user in range(N_USERS):
        expected = user_items.of(user) if user in kept else []
        assert some.of(user).tolist() == list(expected)
    rows = sorted(kept)
    assert np.array_equal(some.matrix().toarray()[rows], user_items.matrix().toarray()[rows])
