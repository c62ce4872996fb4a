"""Mentions: where in a title a brand, a type or a model stands."""

from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """One mention: ``text[start:stop]`` is a ``kind``."""

    start: int
    stop: int
    kind: str


def align(text: str, facts: Sequence[tuple[str, str]]) -> list[Span]:
    """Where the (kind, value) pairs of an item stand in its text: disjoint spans in their order.

    Longer values are placed first, and every occurrence that is still free is marked: 手机 inside 手机壳
    is no mention where 手机壳 is one. A value that stands nowhere free gets no span. Of a value with two
    kinds the first of them in the order of characters wins.
    """
    taken = [False] * len(text)
    spans = []
    for kind, value in sorted(set(facts), key=lambda fact: (-len(fact[1]), fact)):
        start = text.find(value) if value else -1
        while start >= 0:
            stop = start + len(value)
            if not any(taken[start:stop]):
                taken[start:stop] = [True] * len(value)
                spans.append(Span(start, stop, kind))
                start = text.find(value, stop)
            else:
                start = text.find(value, start + 1)
    return sorted(spans)


def tags_of(length: int, spans: Sequence[Span]) -> list[str]:
    """One tag a character: ``B-kind`` where a span begins, ``I-kind`` inside it, ``O`` elsewhere."""
    tags = ["O"] * length
    for start, stop, kind in spans:
        tags[start:stop] = [f"B-{kind}"] + [f"I-{kind}"] * (stop - start - 1)
    return tags


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans that tags mark; an ``I`` that continues nothing of its kind begins a span."""
    spans: list[Span] = []
    start, kind = 0, ""
    for place, tag in enumerate([*tags, "O"]):
        mark, _, name = tag.partition("-")
        if kind and (mark != "I" or name != kind):
            spans.append(Span(start, place, kind))
            kind = ""
        if mark != "O" and not kind:
            start, kind = place, name
    return spans
