"""Words of a title that can be left out, in any mixture of Chinese and other scripts."""

import logging
import re
from functools import cache
from typing import Any

_HAN = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+")
_PIECE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[^\W_][^\s\u3400-\u9fff\uf900-\ufaff]*")


def words(text: str) -> list[str]:
    """Words in their order: Han by jieba, other scripts at white space; bare punctuation stays out."""
    found: list[str] = []
    for piece in _PIECE.findall(text):
        found += [str(word) for word in _jieba().cut(piece)] if _HAN.match(piece) else [piece]
    return found


def joined(some: list[str]) -> str:
    """The words as one text: a space only where no Han stands on both sides of it."""
    text = ""
    for word in some:
        together = text and _HAN.match(text[-1]) and _HAN.match(word[0])
        text += word if together or not text else f" {word}"
    return text


@cache
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    return jieba.Tokenizer()
