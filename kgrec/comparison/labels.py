"""Where the names in a column beside the axes go, so that none lies on another."""

from collections.abc import Sequence
from itertools import pairwise

HEIGHT = 0.055
"""One line of text, in heights of the axes."""


def spread(wanted: Sequence[float]) -> list[float]:
    """Heights in the order of ``wanted``, at least a line apart, near what was wanted and at most 1.

    All are fractions of the axes. Crowded names move up, and down again where the top is reached; more than
    fit run out below.
    """
    order = sorted(range(len(wanted)), key=lambda place: wanted[place])
    heights = list(wanted)
    for below, place in pairwise(order):
        heights[place] = max(heights[place], heights[below] + HEIGHT)
    ceiling = 1.0
    for place in reversed(order):
        heights[place] = min(heights[place], ceiling)
        ceiling = heights[place] - HEIGHT
    return heights
