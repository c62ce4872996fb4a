from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.extraction.spans import Span, align, spans_of, tags_of


def found(text: str, *facts: tuple[str, str]) -> list[str]:
    return [f"{text[s.start : s.stop]}={s.kind}" for s in align(text, facts)]


def test_every_occurrence_is_marked() -> None:
    assert found("led灯 莲花灯", ("type", "灯")) == ["灯=type", "灯=type"]


def test_the_longer_value_comes_first() -> None:
    assert found("手机壳 手机", ("type", "手机"), ("type", "手机壳")) == ["手机壳=type", "手机=type"]
    assert found("手机壳", ("type", "手机"), ("type", "手机壳")) == ["手机壳=type"]


def test_a_part_that_is_free_after_a_taken_one_is_found() -> None:
    # The first aa overlaps what aab takes; the search goes on one character further.
    assert found("aabaa", ("x", "aa"), ("y", "aab")) == ["aab=y", "aa=x"]


def test_nothing_comes_of_nothing() -> None:
    assert align("abc", [("x", "d"), ("x", "")]) == align("", [("x", "d")]) == []


def test_a_value_of_two_kinds_gets_the_first() -> None:
    assert found("6s", ("model", "6s"), ("brand", "6s")) == ["6s=brand"]


def test_tags_and_back() -> None:
    spans = [Span(1, 3, "b"), Span(3, 4, "b"), Span(5, 6, "m")]
    tags = tags_of(6, spans)
    assert tags == ["O", "B-b", "I-b", "B-b", "O", "B-m"]
    assert spans_of(tags) == spans


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        (["I-b", "I-b"], [Span(0, 2, "b")]),
        (["B-b", "I-m"], [Span(0, 1, "b"), Span(1, 2, "m")]),
        ([], []),
    ],
)
def test_tags_that_no_span_would_give(tags: list[str], spans: list[Span]) -> None:
    assert spans_of(tags) == spans


@given(st.text("ab1 ", max_size=20), st.lists(st.tuples(st.sampled_from("xy"), st.text("ab1", max_size=3))))
def test_spans_are_disjoint_facts_and_survive_the_tags(text: str, facts: list[tuple[str, str]]) -> None:
    spans = align(text, facts)
    assert all((s.kind, text[s.start : s.stop]) in facts for s in spans)
    assert all(a.stop <= b.start for a, b in pairwise(spans))
    assert spans_of(tags_of(len(text), spans)) == spans
