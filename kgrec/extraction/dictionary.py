"""The plain way to find mentions: look for the names that are known."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from kgrec.extraction.spans import Span


class DictionaryMatcher:
    """Longest known names, from left to right; a name inside a Latin word or a number is no mention.

    Uses ``pyahocorasick``: one pass over a title, whatever the number of names.
    """

    def __init__(self, kinds: dict[str, str]) -> None:
        """``kinds``: name -> what it is."""
        import ahocorasick

        self.kinds = {name: kind for name, kind in kinds.items() if name}
        self._automaton: Any = ahocorasick.Automaton()
        for name, kind in self.kinds.items():
            self._automaton.add_word(name, (len(name), kind))
        self._automaton.make_automaton()

    @classmethod
    def fit(
        cls, texts: Sequence[str], mentions: Sequence[Iterable[Span]], at_least: float = 0.5
    ) -> "DictionaryMatcher":
        """Names of the mentions of ``texts``, each as what it mostly is.

        A name stays where at least ``at_least`` of the texts in which it would be found mention it: without
        that, every 5 would be a model because one was. 0 keeps all.
        """
        seen: Counter[tuple[str, str]] = Counter()
        for text, spans in zip(texts, mentions, strict=True):
            seen.update({(text[span.start : span.stop], span.kind) for span in spans})
        best: dict[str, tuple[int, str]] = {}
        for (name, kind), count in sorted(seen.items()):
            if count > best.get(name, (0, ""))[0]:
                best[name] = count, kind
        every = cls({name: kind for name, (_, kind) in best.items()})
        found: Counter[str] = Counter()
        for text in texts:
            found.update({text[span.start : span.stop] for span in every.spans(text)})
        kept = {name: kind for name, (count, kind) in best.items() if count >= at_least * max(1, found[name])}
        return cls(kept)

    def spans(self, text: str) -> list[Span]:
        """Disjoint mentions in their order."""
        if not text or not self.kinds:
            return []
        found = [
            (end + 1 - length, end + 1, kind)
            for end, (length, kind) in self._automaton.iter(text)
            if _whole(text, end + 1 - length, end + 1)
        ]
        spans, reached = [], 0
        for start, stop, kind in sorted(found, key=lambda span: (span[0], -span[1])):
            if start >= reached:
                spans.append(Span(start, stop, kind))
                reached = stop
        return spans


def _whole(text: str, start: int, stop: int) -> bool:
    """Whether no Latin letter or digit goes on across either end."""
    return not (_joined(text, start) or _joined(text, stop))


def _joined(text: str, place: int) -> bool:
    if place == 0 or place == len(text):
        return False
    before, after = text[place - 1], text[place]
    return before.isascii() and after.isascii() and before.isalnum() and after.isalnum()
