"""A word and the parts of it that people search for."""

import re
from collections.abc import Iterator, Mapping, Sequence

Piece = tuple[str, int, int]
"""Text of a part, and its start and end in the word."""

_PARTS = re.compile(r"\d+(?:\.\d+)+[^\W\d_]*|[^\W_]+")
_NUMBER_FIRST = re.compile(r"(\d+(?:\.\d+)*)([^\W\d].*)")
_JOINTS = re.compile(r"[-_‐‑]")
_POSSESSIVE = re.compile(r"['’]s?$|['’]")


def word_pieces(word: str) -> Iterator[Piece]:
    """A word without its hyphens, then its parts; model numbers keep their parts searchable.

    A part that starts with a number and goes on with letters (55hx929, 1080p, 12.1mp) also gives the number
    and the rest. A decimal stays whole. Single letters are no parts: they match everywhere.
    """
    whole = _JOINTS.sub("", _POSSESSIVE.sub("", word))
    yield whole, 0, len(word)
    for match in _PARTS.finditer(_POSSESSIVE.sub(lambda found: " " * len(found[0]), word)):
        part, start = match[0], match.start()
        if part != whole and _counts(part):
            yield part, start, match.end()
        if number := _NUMBER_FIRST.fullmatch(part):
            middle = start + number.end(1)
            if _counts(number[1]):
                yield number[1], start, middle
            if _counts(number[2]):
                yield number[2], middle, match.end()


def han_pieces(word: str, known: Mapping[str, int]) -> Iterator[Piece]:
    """A Chinese word, the known words of two and three characters in it, and what these leave over.

    ``known``: jieba's dictionary, in which a prefix of a word that is no word itself counts 0. The rest
    matters: 运动鞋 is 运动 and 鞋, and somebody may look for 鞋.
    """
    yield word, 0, len(word)
    if len(word) < 3:
        return
    covered = [False] * len(word)
    for size in (2, 3):
        for start in range(len(word) - size + 1):
            part = word[start : start + size]
            if size < len(word) and known.get(part):
                yield part, start, start + size
                covered[start : start + size] = [True] * size
    # Without a known word in it, a word is a name, and its characters are no words.
    if any(covered):
        rest = "".join("x" if inside else "." for inside in covered)
        yield from ((word[m.start() : m.end()], *m.span()) for m in re.finditer(r"\.+", rest))


def bigrams(run: str, pieces: Sequence[Piece]) -> list[Piece]:
    """Pairs of neighbouring characters of a run of Han that are no pieces of it already.

    A query and a title are not always cut at the same places; their pairs meet where their words do not.
    """
    taken = {start for _, start, end in pieces if end - start == 2}
    return [(run[at : at + 2], at, at + 2) for at in range(len(run) - 1) if at not in taken]


def _counts(part: str) -> bool:
    return len(part) > 1 or part.isdigit()
