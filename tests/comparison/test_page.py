from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Annotation

from kgrec.comparison.collect import collect
from kgrec.comparison.figures import COLOURS, colour, draw_curves, draw_points, stroke
from kgrec.comparison.labels import HEIGHT, spread
from kgrec.comparison.page import write_report
from kgrec.comparison.report import compare


class Tags(HTMLParser):
    """Counts tags, and keeps those that are left open."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.seen.append(tag)
        self.sources += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


@pytest.fixture
def report(make_run):
    paths = [
        make_run("a", history=[0.1, 0.3, 0.2]),
        make_run("b", history=[0.2, 0.25], seed=1, users={"u1": 0.4, "u2": 0.1, "u3": 0.9}),
        make_run("c", model="<b>&", train_seconds=0.01),
    ]
    return compare(collect(paths), ["recall@10"])


def test_the_page_stands_alone_and_escapes_what_runs_are_called(report, tmp_path: Path) -> None:
    write_report(report, tmp_path / "new" / "out")
    files = {path.name for path in (tmp_path / "new" / "out").iterdir()}
    assert files == {"compare.md", "compare.html", "curves.png", "time.png"}
    text = (tmp_path / "new" / "out" / "compare.html").read_text()
    tags = Tags()
    tags.feed(text)
    assert tags.open == []
    assert tags.seen.count("table") == 5 and tags.seen.count("img") == 2
    assert "b" not in tags.seen and "script" not in tags.seen and "link" not in tags.seen
    assert all(source.startswith("data:image/png;base64,") for source in tags.sources)
    assert 'name="viewport"' in text and "&lt;b&gt;&amp;" in text
    assert "](curves.png)" in (tmp_path / "new" / "out" / "compare.md").read_text()


def test_the_pictures_are_drawn_in_the_rows_colours(report, tmp_path: Path) -> None:
    write_report(report, tmp_path)
    pixels = imread(tmp_path / "curves.png")[..., :3].reshape(-1, 3)
    rows = {curve.row for curve in report.curves}
    for row in range(len(report.groups)):
        wanted = [int(colour(row)[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        drawn = (abs(pixels - wanted).max(1) < 0.02).any()
        assert drawn == (row in rows)


def test_names_and_units_are_on_the_axes(report) -> None:
    axes = Figure().add_subplot()
    draw_curves(axes, report.curves, [curve.seconds for curve in report.curves])
    assert [text.get_text() for text in axes.texts if isinstance(text, Annotation)] == ["bpr"]
    assert len({line.get_color() for line in axes.lines}) == 1
    axes = Figure().add_subplot()
    draw_points(axes, report.points)
    assert {text.get_text() for text in axes.texts} == {"bpr", "<b>&"}
    assert axes.get_xscale() == "log"


def test_a_report_without_epochs_has_no_curves(make_run, tmp_path: Path) -> None:
    write_report(compare(collect([make_run("a", model="ease")]), ["recall@10"]), tmp_path / "out")
    assert not (tmp_path / "out" / "curves.png").exists()
    assert (tmp_path / "out" / "time.png").exists()


@pytest.mark.parametrize("wanted", [[0.5], [0.5, 0.5, 0.5], [0.99, 1.0, 0.98], [0.2, 0.9, 0.21], []])
def test_labels_keep_their_order_their_distance_and_the_top(wanted: list[float]) -> None:
    heights = spread(wanted)
    placed = sorted(heights)
    assert all(b - a >= HEIGHT - 1e-9 for a, b in pairwise(placed))
    assert all(height <= 1 for height in heights)
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    assert [heights[place] for place in order] == placed
    assert all(abs(h - w) <= HEIGHT * (len(wanted) - 1) + 1e-9 for h, w in zip(heights, wanted, strict=True))


def test_rows_beyond_the_colours_change_their_stroke() -> None:
    assert len({(colour(row), stroke(row)) for row in range(4 * len(COLOURS))}) == 28
