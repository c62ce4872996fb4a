from kgrec.tracking.flat_metrics import flatten, metric_rows


def test_nested_and_flat_give_the_same_names() -> None:
    nested = {"test": {"recall@10": 0.2, "interval": {"low": 0.1}}, "model": "ease"}
    flat = {"test/recall@10": 0.2, "test/interval/low": 0.1, "model": "ease"}
    assert flatten(nested) == flat
    assert flatten(flat) == flat


def test_rows_hold_numbers_only() -> None:
    flat = {"test/recall@20/sampled100": 0.5, "seed": 1, "model": "ease", "ok": True, "none": None}
    assert metric_rows(flat) == [("test", "recall@20/sampled100", 0.5), ("", "seed", 1.0)]
