"""One spelling for what people type in many: full width, traditional characters, capitals, stray controls."""

import functools
import re
import unicodedata

from opencc import OpenCC

# Ideographs of all planes, and the two signs that stand for one inside a word.
HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_HAS_HAN = re.compile(f"[{HAN}]")
_NOT_TEXT = ("Cc", "Cf", "Cs")
# A query is cut before any work where it is this many times longer than what may stay.
_READ_AHEAD = 20


def normalise(text: str, max_chars: int | None = 512) -> str:
    """The form in which texts are compared; total: no string makes it raise.

    In this order: compatibility forms (NFKC: Ｎ is N, ① is 1), case folded, characters for control and
    format and lone surrogates out, traditional characters to simplified (OpenCC's t2s), white space to single
    spaces, cut to ``max_chars`` (None = all of it). Of a text more than 20 times as long as ``max_chars``
    only that much is read. Costs some microseconds for a query; the first text with Han loads OpenCC.
    """
    if max_chars is not None:
        text = text[: _READ_AHEAD * max_chars]
    text = " ".join(_simplified(_cleaned(_folded(text))).split())
    return text if max_chars is None else text[:max_chars].rstrip()


def normalise_aligned(text: str) -> tuple[str, list[int], list[int]]:
    """The normalised text, white space kept, and where each of its characters starts and ends in ``text``.

    Characters that come from one place (fi from the ligature ﬁ) share its start and its end.
    """
    if text.isascii() and text.isprintable():
        return text.lower(), list(range(len(text))), list(range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text):
        piece = _cleaned(_folded(text[start:end]))
        pieces.append(piece)
        starts.extend([start] * len(piece))
        ends.extend([end] * len(piece))
    joined = "".join(pieces)
    simplified = _simplified(joined)
    if len(simplified) != len(joined):
        simplified = "".join(_one_for_one(char) for char in joined)
    return simplified, starts, ends


def has_han(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return _HAS_HAN.search(text) is not None


def _folded(text: str) -> str:
    if text.isascii():
        return text.lower()
    # Folding can undo a compatibility form (ͅ  becomes ι), hence the second pass.
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def _cleaned(text: str) -> str:
    """Without control, format and surrogate characters; those that are white space stay as a space."""
    if text.isprintable():
        return text
    return "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or unicodedata.category(char) not in _NOT_TEXT
    )


def _simplified(text: str) -> str:
    return str(_opencc().convert(text)) if has_han(text) else text


def _one_for_one(char: str) -> str:
    other = _simplified(char)
    return other if len(other) == 1 else char


@functools.cache
def _opencc() -> OpenCC:
    return OpenCC("t2s")


def _clusters(text: str) -> list[tuple[int, int]]:
    """Characters with the marks that combine with them: what NFKC looks at together."""
    starts = [place for place, char in enumerate(text) if not (place and unicodedata.combining(char))]
    return list(zip(starts, [*starts[1:], len(text)], strict=True))
