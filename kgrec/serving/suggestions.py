"""What somebody may be typing: titles and names of the graph by the beginning of any of their words."""

import bisect
import re
from collections.abc import Iterable, Mapping

LONGEST = 120
"""Characters of a text that can be suggested."""
_STARTS = re.compile(r"\w+|[\u4e00-\u9fff]")
_HAN = re.compile(r"[\u4e00-\u9fff]")


class Suggester:
    """Sorted beginnings: an answer is one bisection and a look at its neighbours.

    Memory: some 100 bytes for each word of the texts (each character of a Chinese one).
    """

    def __init__(self, titles: Mapping[str, str], names: Iterable[str]) -> None:
        """``titles``: of items, by id; ``names``: of entities."""
        texts = {name: "entity" for name in names} | {title: "title" for title in titles.values()}
        self._texts = [(text, kind) for text, kind in texts.items() if 0 < len(text) <= LONGEST]
        entries = []
        for place, (text, _) in enumerate(self._texts):
            folded = text.casefold()
            for order, start in enumerate(_starts(folded)):
                entries.append((folded[start : start + 32], order, len(text), place))
        self._entries = sorted(entries)

    def suggest(self, typed: str, k: int) -> list[tuple[str, str]]:
        """At most ``k`` texts and their kinds: those that begin so, then others with such a word."""
        folded = typed.strip().casefold()[:32]
        if not folded:
            return []
        first = bisect.bisect_left(self._entries, (folded,))
        # Enough to order well; a single letter may begin a word of every title.
        near = self._entries[first : first + 50 * k]
        fitting = [entry for entry in near if entry[0].startswith(folded)]
        ranked = sorted(fitting, key=lambda entry: (entry[1] > 0, entry[2], entry[3]))
        places = list(dict.fromkeys(place for *_, place in ranked))
        return [self._texts[place] for place in places[:k]]


def _starts(text: str) -> list[int]:
    """Where words begin; every character in Chinese."""
    found: list[int] = []
    for match in _STARTS.finditer(text):
        found.append(match.start())
        found += [match.start() + n for n in range(1, len(match[0])) if _HAN.match(match[0][n])]
    return found
