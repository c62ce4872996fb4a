"""Which parts of a text made it an answer."""

from kgrec.query.analyser import Analyser
from kgrec.query.understanding import Query


def highlight(text: str, query: Query, analyser: Analyser) -> list[tuple[int, int]]:
    """Places ``[start, end)`` in ``text`` as it is shown that match a token of the query, in order.

    They do not overlap, and those that touch are one: 运动 and 鞋 side by side are marked as 运动鞋.
    """
    wanted = set(query.tokens)
    places = sorted((token.start, token.end) for token in analyser.spans(text) if token.text in wanted)
    merged: list[tuple[int, int]] = []
    for start, end in places:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
