import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kgrec.data.user_items import UserItems
from kgrec.graph.rows import among, entries
from kgrec.training.positives import Positives

CPU = torch.device("cpu")
PAIRS = [(0, 2), (0, 4), (2, 0), (2, 2), (2, 3)]


def positives() -> Positives:
    users, items = np.array(PAIRS).T
    weights = np.arange(1, 6, dtype=np.float32)
    return Positives(UserItems.from_pairs(users, items, (3, 5), weights), CPU)


def test_contains_is_the_set_of_pairs() -> None:
    grid = positives().contains(torch.arange(3).unsqueeze(1), torch.arange(5).unsqueeze(0))
    assert {(int(u), int(i)) for u, i in grid.nonzero()} == set(PAIRS)


def test_contains_without_a_table_of_all_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    with_table = positives()
    monkeypatch.setattr("kgrec.training.positives.TABLE_BYTES", 14)
    without = positives()
    assert with_table.table is not None and without.table is None
    users, items = torch.arange(3).unsqueeze(1), torch.arange(5).unsqueeze(0)
    assert torch.equal(with_table.contains(users, items), without.contains(users, items))
    drawn = [
        each.negatives(torch.tensor([0, 2, 2]), 4, torch.Generator().manual_seed(1))
        for each in (with_table, without)
    ]
    assert all(torch.equal(*pair) for pair in zip(*drawn, strict=True))


def test_of_gives_all_pairs_with_weights_in_the_order_of_the_batch() -> None:
    row, item, weight = positives().of(torch.tensor([2, 1, 0, 2]))
    assert row.tolist() == [0, 0, 0, 2, 2, 3, 3, 3]
    assert item.tolist() == [0, 2, 3, 2, 4, 0, 2, 3]
    assert weight.tolist() == [3.0, 4.0, 5.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_count_and_frequency() -> None:
    assert positives().count(torch.tensor([2, 1, 0])).tolist() == [3, 0, 2]
    assert positives().frequency.tolist() == [1, 0, 2, 1, 1]


def test_within_maps_to_rows_of_the_given_items() -> None:
    row, column = positives().within(torch.tensor([2, 0]), torch.tensor([3, 2, 1]))
    assert sorted(zip(row.tolist(), column.tolist(), strict=True)) == [(0, 0), (0, 1), (1, 1)]
    assert row.tolist() == sorted(row.tolist())


def test_negatives_are_uniform_over_what_a_user_does_not_have() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn, hit = positives().negatives(torch.zeros(1, dtype=torch.int64), 6000, generator)
    counts = torch.bincount(drawn[~hit], minlength=5)
    assert counts[[2, 4]].tolist() == [0, 0]
    assert hit.float().mean() < 0.05  # (2 / 5) ^ 4
    assert (counts[[0, 1, 3]].float() / counts.sum() - 1 / 3).abs().max() < 0.03


def test_hits_that_are_left_are_told() -> None:
    everything = UserItems.from_pairs(np.zeros(3, int), np.arange(3), (1, 3))
    drawn, hit = Positives(everything, CPU).negatives(torch.zeros(4, dtype=torch.int64), 2, torch.Generator())
    assert drawn.shape == hit.shape == (4, 2)
    assert hit.all()


def test_negatives_come_from_the_given_generator_alone() -> None:
    users = torch.tensor([0, 2])
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, _ = positives().negatives(users, 8, torch.Generator().manual_seed(3))
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(9)
    assert torch.equal(first, positives().negatives(users, 8, torch.Generator().manual_seed(3))[0])


def test_nothing_occurs_in_no_keys() -> None:
    assert not among(torch.zeros(0, dtype=torch.int64), torch.tensor([[0, 1]])).any()


@settings(max_examples=40, deadline=None)
@given(
    counts=st.lists(st.integers(0, 4), min_size=1, max_size=6),
    data=st.data(),
)
def test_entries_against_a_loop(counts: list[int], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(counts) - 1), max_size=8))
    indptr = torch.tensor([0, *np.cumsum(counts).tolist()])
    expected = [
        (position, place)
        for position, row in enumerate(rows)
        for place in range(int(indptr[row]), int(indptr[row + 1]))
    ]
    row, place = entries(indptr, torch.tensor(rows, dtype=torch.int64))
    assert list(zip(row.tolist(), place.tolist(), strict=True)) == expected


def test_cold_items_are_no_candidates_where_they_are_no_negatives() -> None:
    users, items = np.array(PAIRS).T
    warm = Positives(UserItems.from_pairs(users, items, (3, 5)), CPU, cold_negatives=False)
    assert warm.candidates.tolist() == [0, 2, 3, 4]
    assert warm.place.tolist() == [0, -1, 1, 2, 3]
    drawn, _ = warm.negatives(torch.tensor([1, 1]), 500, torch.Generator().manual_seed(0))
    assert set(drawn.unique().tolist()) == {0, 2, 3, 4}
    assert positives().candidates.tolist() == [0, 1, 2, 3, 4]
