"""The replay's bookkeeping on invoices made by hand: what is new, what is a repeat, and no look ahead."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from kgrec.data.sources.online_retail import read_purchases

ONLINE = Path(__file__).resolve().parent.parent / "benchmarks" / "online"
COLUMNS = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Customer ID"]
ROWS = [
    # In the file's order: 12 comes before 11 in time; A and B of 11 are on three lines.
    ("11", "10001A", "A", 1, "2010-01-02 09:00:00", 1.0),
    ("11", "10001B", "B", 1, "2010-01-02 09:00:00", 1.0),
    ("11", "10001A", "A", 5, "2010-01-02 09:01:00", 1.0),
    ("12", "10001A", "A", 1, "2010-01-01 09:00:00", 1.0),
    ("13", "10001C", "C", 1, "2010-01-03 09:00:00", 2.0),
    ("14", "10001B", "B", 1, "2010-01-03 09:00:00", 1.0),
    ("15", "10001D", "D", 1, "2010-01-03 09:00:00", 1.0),
    ("C16", "10001D", "D", -1, "2010-01-03 10:00:00", 1.0),
    ("17", "10001D", "D", -2, "2010-01-03 10:00:00", 1.0),
    ("18", "10001D", "D", 2, "2010-01-03 10:00:00", None),
    ("19", "POST", "POSTAGE", 1, "2010-01-03 10:00:00", 1.0),
    ("20", "10001D", "D", 1, "2010-01-04 09:00:00", 1.0),
]


@pytest.fixture(scope="module")
def load() -> Iterator[Any]:
    """Import a module of benchmarks/online by name, and leave no trace of it."""
    before = set(sys.modules)
    sys.path.insert(0, str(ONLINE))
    yield __import__
    sys.path.remove(str(ONLINE))
    for name in set(sys.modules) - before:
        if str(ONLINE) in str(getattr(sys.modules[name], "__file__", None)):
            del sys.modules[name]


@pytest.fixture(scope="module")
def stream(load: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("retail") / "invoices.parquet"
    pl.DataFrame(ROWS, schema=COLUMNS, orient="row").write_parquet(path)
    return load("replay_invoices").stream_of(read_purchases(path))


class Spy:
    """Scores as told, and remembers what could be seen."""

    name = "spy"

    def __init__(self, scores: np.ndarray) -> None:
        self.answer = scores
        self.seen: list[tuple[int, list[str], int]] = []
        self.days = 0

    def scores(self, customer: int, shop: Any) -> np.ndarray:
        """The same for everybody."""
        self.seen.append((customer, [invoice.number for invoice in shop.log], int(shop.sold.sum())))
        return self.answer

    def new_day(self, shop: Any) -> None:
        """Count."""
        self.days += 1


def row(stream: Any, item: str) -> int:
    return int(stream.items.ids.index(f"10001{item}"))


def run(load: Any, stream: Any, system: Any, after: int) -> Any:
    """Replay what comes after the first ``after`` invoices."""
    shop = load("replay_shop").Shop.after(stream._of(stream.invoices[:after]))
    return load("replay_loop").replay(stream._of(stream.invoices[after:]), shop, [system])


def test_invoices_stand_by_time_with_distinct_items_and_counts_of_the_rest(load: Any, stream: Any) -> None:
    assert [invoice.number for invoice in stream.invoices] == ["12", "11", "13", "14", "15", "20"]
    assert stream.invoices[1].items.tolist() == [row(stream, "A"), row(stream, "B")]
    assert stream.dropped == {
        "cancellations": 1,
        "adjustments": 0,
        "negative quantities": 1,
        "no customer": 1,
        "no product": 1,
    }
    assert stream.lines == 8
    said = load("replay_invoices").described(stream)
    assert "8 lines of 6 invoices, 2 customers, 4 products" in said
    assert "1 cancellations" in said


def test_a_cut_never_parts_invoices_of_one_time(stream: Any) -> None:
    # Two thirds would end between 14 and 15, which were written in the same minute as 13.
    first, rest = stream.cut(0.67)
    assert [invoice.number for invoice in first.invoices] == ["12", "11"]
    assert [invoice.number for invoice in rest.invoices] == ["13", "14", "15", "20"]


def test_no_invoice_sees_itself_nor_one_of_its_time(load: Any, stream: Any) -> None:
    spy = Spy(np.zeros(4))
    run(load, stream, spy, 0)
    assert [numbers for _, numbers, _ in spy.seen] == [
        [],
        ["12"],
        *[["12", "11"]] * 3,
        ["12", "11", "13", "14", "15"],
    ]
    assert [sold for _, _, sold in spy.seen] == [0, 1, 3, 3, 3, 6]
    assert spy.days == 4


def test_new_items_and_repeats_are_judged_apart(load: Any, stream: Any) -> None:
    """Customer 1 had A (12) when 11 came with A and B."""
    scores = np.zeros(4)
    scores[[row(stream, item) for item in "CBDA"]] = [4.0, 3.0, 2.0, 1.0]
    judged = run(load, stream, Spy(scores), 1).judged.filter(pl.col("invoice") == "11")
    values = {
        task: (recall, ndcg) for task, recall, ndcg in judged.select("task", "recall", "ndcg").iter_rows()
    }
    # New is ranked C, B, D: B stands second. A is the only repeat. All is C, B, D, A.
    discount = 1 / np.log2(np.arange(2, 6))
    assert values["new"] == (1.0, pytest.approx(discount[1]))
    assert values["repeat"] == (1.0, 1.0)
    assert values["all"] == (1.0, pytest.approx((discount[1] + discount[3]) / (discount[0] + discount[1])))
    assert judged["bought"].to_list() == [1, 1, 1]
    assert judged["known"].all()


def test_a_task_without_a_truth_has_no_row(load: Any, stream: Any) -> None:
    judged = run(load, stream, Spy(np.zeros(4)), 2).judged
    tasks = {number: set(own["task"]) for (number,), own in judged.group_by("invoice")}
    assert tasks == {
        "13": {"new", "all"},  # a first invoice
        "14": {"repeat", "all"},
        "15": {"new", "all"},
        "20": {"repeat", "all"},
    }
    assert judged.filter(pl.col("invoice") == "13")["known"].to_list() == [False, False]


def test_what_a_system_cannot_recommend_is_no_hit(load: Any, stream: Any) -> None:
    judged = run(load, stream, Spy(np.full(4, -np.inf)), 0).judged
    assert judged["recall"].sum() == judged["ndcg"].sum() == 0


def test_the_shop_counts_invoices_and_keeps_the_order_of_events(load: Any, stream: Any) -> None:
    shop = load("replay_shop").Shop.after(stream)
    a, b, c, d = (row(stream, item) for item in "ABCD")
    one = stream.customers.ids.index("1")
    assert shop.sold[[a, b, c, d]].tolist() == [2, 2, 1, 2]
    assert shop.events[one] == [a, a, b, b, d, d]
    assert shop.known(one).tolist() == sorted([a, b, d])
    assert shop.pairs().of(one).tolist() == sorted([a, b, d])
    assert len(shop.pairs()) == 4
    assert shop.sold_since(stream.invoices[-1].time).tolist() == np.eye(4, dtype=int)[d].tolist()


def test_habits_popularity_and_new_customers(load: Any, stream: Any) -> None:
    systems, folding = load("replay_systems"), load("replay_folding")
    shop = load("replay_shop").Shop.after(stream)
    a, b, c, d = (row(stream, item) for item in "ABCD")
    one, two = (stream.customers.ids.index(customer) for customer in "12")
    own = systems.BuyAgain().scores(one, shop)
    assert set(np.argsort(own)[1:]) == {a, b, d} and own.argmin() == c
    assert systems.BuyAgain().scores(two, shop).argmax() == c
    popular = systems.Popularity("popular", np.array([0, 3, 1, 2]))
    assert popular.scores(two, shop).tolist() == [-np.inf, 3, 1, 2]
    recent = systems.Popularity("recent", shop.sold, weeks=1 / 7)
    recent.new_day(shop)
    assert recent.sold[[a, b, c, d]].tolist() == [
        0,
        1,
        1,
        2,
    ]  # the day before invoice 20, the same hour included
    assert shop.sold[a] == 2
    empty = load("replay_shop").Shop(2, 4)
    static = folding.Static("static", None, np.array([0, 3, 1, 2]), folding.rows_of(empty.pairs()))
    assert static.scores(one, shop).tolist() == [-np.inf, 3, 1, 2]
    folded = folding.FoldIn("fold-in", None, np.array([0, 3, 1, 2]))
    assert folded.scores(one, empty).tolist() == [-np.inf, 3, 1, 2]


def test_fold_in_reads_live_histories_and_a_refresh_live_weights(load: Any, stream: Any) -> None:
    from kgrec.models.config import EASEConfig
    from kgrec.models.ease import fit_ease

    folding, config = load("replay_folding"), EASEConfig(l2=0.5)
    past = stream._of(stream.invoices[:2])
    shop = load("replay_shop").Shop.after(past)
    pairs, sold = shop.pairs(), shop.sold.copy()
    ease = fit_ease(pairs, config)
    static = folding.Static("static", ease, sold, folding.rows_of(pairs))
    folded = folding.FoldIn("fold-in", ease, sold)
    refreshed = folding.Refreshed("refreshed", folded, config)
    one, d = stream.customers.ids.index("1"), row(stream, "D")
    np.testing.assert_allclose(static.scores(one, shop), folded.scores(one, shop))
    shop.add(stream.invoices[2:])
    np.testing.assert_allclose(refreshed.scores(one, shop), folded.scores(one, shop))
    assert folded.scores(one, shop)[d] == -np.inf
    refreshed.new_day(shop)
    assert refreshed.refreshes == 1
    expected = fit_ease(shop.pairs(), config).scores_from_history(
        pl.Series(sorted(shop.bought[one])).to_torch()
    )
    np.testing.assert_allclose(refreshed.scores(one, shop), expected.numpy())
    fused = folding.WithHabits("habits", refreshed, 3.0)
    scores = refreshed.scores(one, shop)
    counts = np.zeros(4)
    for item, count in shop.bought[one].items():
        counts[item] = count
    expected_fused = (scores - scores.mean()) / scores.std() + 3 * np.log1p(counts)
    np.testing.assert_allclose(fused.scores(one, shop), expected_fused, rtol=1e-5)


def test_the_report_means_over_customers_and_weeks(load: Any, tmp_path: Path) -> None:
    report, loop = load("replay_report"), load("replay_loop")
    monday = 1_275_868_800.0  # 2010-06-07
    rows = []
    for customer, week, bought, better in ((0, 0, 3, 0.5), (0, 1, 4, 0.7), (1, 1, 1, 0.1), (2, 1, 0, 0.9)):
        for system, value in (("a", better), ("b", better / 2)):
            for task in ("new", "repeat", "all"):
                shared = {"invoice": f"{customer}-{week}", "customer": customer, "known": customer < 1}
                times = {"time": monday + week * 604_800 + 3600, "bought": bought, "system": system}
                rows.append(shared | times | {"task": task, "recall": value, "ndcg": value})
    judged = pl.DataFrame(rows)
    weeks = report.weekly(judged).filter((pl.col("system") == "a") & (pl.col("task") == "new"))
    assert weeks["week"].cast(pl.String).to_list() == ["2010-06-07", "2010-06-14"]
    assert weeks["recall"].to_list() == [0.5, 0.4]  # the first invoice of customer 2 is not among them
    means = report.customer_means(judged, "a", "new").sort("user")
    assert means["value"].to_list() == pytest.approx([0.6, 0.1])
    assert report.test_of(judged, "a", "b", "new").difference == pytest.approx(0.175)
    lines = report.tests_table(judged, [("a", "b")]).splitlines()
    assert lines[2].startswith("| a minus b | +0.1750 [")
    assert lines[3].startswith("| a minus b, had bought before the cut | +0.3000 [")
    costs = {name: loop.Cost([0.001, 0.003], [2.0, 4.0]) for name in ("a", "b")}
    table = report.main_table(loop.Replay(judged, costs), {"a": 1.5})
    assert "| a | 0.4333 | 0.4333 |" in table
    assert "| 1.5 | 6 (3.0 a day) | 2.00 |" in table
    assert "first invoice (1)" in report.known_table(judged, ["a"])
    assert report.span(judged) == "2010-06-07 to 2010-06-14 (1 weeks)"
    names = ["static", "fold-in", "fold-in + habits", "kgrec static", "popular"]
    looks = load("replay_picture").looks_of(names)
    assert [stroke for _, stroke in looks.values()] == ["-", "-", ":", "--", "-"]
    assert looks["kgrec static"][0] == looks["static"][0] != looks["popular"][0]
    path = tmp_path / "picture.png"
    load("replay_picture").draw(
        report.weekly(judged),
        judged.group_by("system", "task").agg(pl.col("recall").mean()),
        {"a": 1, "b": 2},
        path,
    )
    assert path.read_bytes()[:4] == b"\x89PNG"


def test_models_of_the_past_have_the_streams_rows(load: Any, stream: Any) -> None:
    models = load("replay_models")
    dataset = models.dataset_of(stream._of(stream.invoices[:2]))
    assert dataset.items.ids == stream.items.ids
    assert dataset.users.ids == ["1"]
    assert dataset.interactions.height == 3
    assert dict(zip(dataset.items.ids, dataset.catalogue["title"], strict=True))["10001C"] == "C"
