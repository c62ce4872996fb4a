import json
from statistics import stdev

import numpy as np
import pytest

from kgrec.comparison.collect import collect
from kgrec.comparison.markdown import json_objects, markdown
from kgrec.comparison.report import compare
from kgrec.comparison.table import metric_value
from kgrec.comparison.tables import report_tables
from kgrec.errors import RunError


def many(mean: float, n: int = 40) -> dict[str, float]:
    """Users whose values spread around a mean."""
    values = np.random.default_rng(0).normal(mean, 0.05, n)
    return {f"u{place}": float(value) for place, value in enumerate(values)}


def test_a_row_is_the_mean_over_its_seeds_with_their_deviation(make_run) -> None:
    paths = [make_run(f"r{n}", users={"u1": value}, seed=n) for n, value in enumerate([0.1, 0.2, 0.6])]
    (group,) = compare(collect(paths), ["recall@10"]).groups
    value = metric_value(group, "recall@10")
    assert value is not None
    assert (value.mean, value.sd, value.n) == pytest.approx((0.3, stdev([0.1, 0.2, 0.6]), 3))
    assert str(value) == "0.3000 ± 0.2646"


def test_rows_are_sorted_and_tested_against_the_best_or_the_named_one(make_run) -> None:
    low, high = make_run("low", users=many(0.2)), make_run("high", users=many(0.4), model="ease")
    report = compare(collect([low, high]), ["recall@10"])
    assert [group.label for group in report.groups] == ["ease", "bpr"]
    (pair,) = report.pairs
    assert pair.other == "bpr" and pair.test is not None
    assert pair.test.difference == pytest.approx(-0.2)
    assert any("flatters" in note for note in report.notes)
    for name in (str(low), "bpr"):
        turned = compare(collect([low, high]), ["recall@10"], name)
        assert turned.pairs[0].test is not None and turned.pairs[0].test.difference == pytest.approx(0.2)
        assert not any("flatters" in note for note in turned.notes)
    with pytest.raises(RunError, match=r"baseline lightgcn is none of the rows.*'ease', 'bpr'"):
        compare(collect([low, high]), ["recall@10"], "lightgcn")


def test_a_metric_that_no_run_has_is_refused_with_what_there_is(make_run) -> None:
    with pytest.raises(RunError, match=r"no run has ndcg@10; .*has recall@10"):
        compare(collect([make_run("a")]), ["ndcg@10"])


def test_notes_tell_what_was_left_out_and_what_cannot_be_compared(make_run, tmp_path) -> None:
    make_run("runs/a", lr=0.1)
    make_run("runs/b", lr=0.2)
    make_run("runs/c", model="ease", part="valid")
    make_run("runs/d", finished=False)
    notes = "\n".join(compare(collect([tmp_path / "runs"]), ["recall@10"]).notes)
    assert "unfinished, left out:" in notes and "runs/d" in notes
    assert "1 older setting(s)" in notes
    assert "on valid only, not comparable with test: ease" in notes
    every = compare(collect([tmp_path / "runs"]), ["recall@10"], every=True)
    assert len(every.groups) == 3


def test_markdown_has_every_section_and_json_the_same_figures(make_run) -> None:
    paths = [
        make_run("a", users=many(0.3), history=[0.1, 0.3, 0.2]),
        make_run("b", users=many(0.2), model="ea|se"),
    ]
    report = compare(collect(paths), ["recall@10"])
    text = markdown(report)
    for title in (
        "Results",
        "What differs",
        "Against bpr",
        "Learning curves",
        "Quality against time",
        "Notes",
    ):
        assert f"## {title}\n" in text
    assert "ea\\|se" in text
    objects = [json.loads(json.dumps(record)) for record in json_objects(report)]
    assert [record["kind"] for record in objects if record["kind"] != "note"] == [
        "row",
        "row",
        "pair",
        "curve",
    ]
    assert objects[0]["metrics"]["recall@10"]["mean"] == pytest.approx(np.mean(list(many(0.3).values())))
    assert objects[0]["differs"]["model.name"] == "bpr"
    assert [len(set(map(len, [table.header, *table.rows]))) for table in report_tables(report)] == [1] * 5
