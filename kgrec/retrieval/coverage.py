"""How much of a query the words of an item account for."""

from collections.abc import Sequence
from functools import lru_cache

from kgrec.retrieval.lexical import LexicalRetriever

_REMEMBERED = 1 << 16


class Coverage:
    """``c(q, s) = s / sum_t m_t`` in [0, 1]: a lexical score beside the largest that its tokens could give.

    ``m_t`` is the best score of any item for token t alone; a token that no item has counts as much as the
    best of the others, for what is missing was asked for as well. A title with 运动鞋 covers that query; one
    that shares a single character with a longer query covers a part of it. Scores themselves do not say
    that: BM25 has no upper bound that queries share.
    """

    def __init__(self, lexical: LexicalRetriever) -> None:
        self._best = lru_cache(_REMEMBERED)(lambda token: float(lexical.scores([token]).max(initial=0.0)))

    def of(self, tokens: Sequence[str], score: float) -> float:
        """c of an item that scores ``score`` for ``tokens``."""
        bounds = [self._best(token) for token in dict.fromkeys(tokens)]
        largest = max(bounds, default=0.0)
        if largest <= 0 or score <= 0:
            return 0.0
        return min(1.0, score / sum(bound or largest for bound in bounds))
