"""A tagger of titles: which characters are a brand, a product type, a model."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from kgrec.errors import DataError
from kgrec.extraction.spans import Span, spans_of, tags_of
from kgrec.files import atomic_path
from kgrec.progress import progress

_RUN = re.compile(r"[a-z0-9][a-z0-9.\-+/]*", re.IGNORECASE)
_WINDOW = 3
_EDGE = "^"


class Tagger:
    """A linear-chain conditional random field over characters, by CRFsuite.

    Lafferty, McCallum and Pereira 2001; Okazaki 2007, http://www.chokkan.org/software/crfsuite/. P(tags |
    title) is proportional to the exponential of the sum of weights of (feature, tag) and (tag, next tag).
    Features: the characters around, pairs and triples of them, the Latin word or number that a character
    stands in and its shape. Saved in CRFsuite's own format, which holds numbers and names and no code.
    """

    def __init__(self, model: Path) -> None:
        """Open a saved model; a DataError where it is none."""
        import pycrfsuite

        self._tagger: Any = pycrfsuite.Tagger()
        try:
            self._tagger.open(str(model))
        except (OSError, ValueError) as error:
            raise DataError(f"{model}: this is no tagger ({error}); train it again") from error

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        mentions: Sequence[Iterable[Span]],
        model: Path,
        iterations: int = 60,
        l1: float = 0.1,
        l2: float = 0.01,
    ) -> "Tagger":
        """Train by L-BFGS (orthant-wise where ``l1`` is above 0) and save in ``model``.

        Cost: 6,400 titles of 29 characters and three kinds take half a minute of one core.

        Raises:
            DataError: there is no title with a character.
        """
        import pycrfsuite

        trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
        trainer.set_params({"c1": l1, "c2": l2, "max_iterations": iterations})
        count = 0
        for text, spans in progress(
            zip(texts, mentions, strict=True), desc="features of titles", total=len(texts)
        ):
            if text:
                trainer.append(features(text), tags_of(len(text), list(spans)))
                count += 1
        if not count:
            raise DataError("there is no title to learn from")
        with atomic_path(model) as part:
            trainer.train(str(part))
        return cls(model)

    def spans(self, text: str) -> list[Span]:
        """Disjoint mentions in their order, of the most likely tags."""
        return spans_of(self._tagger.tag(features(text))) if text else []


def features(text: str) -> list[list[str]]:
    """What the tagger knows of each character of a title."""
    lower = _lower(text)
    padded = _EDGE * _WINDOW + lower + _EDGE * _WINDOW
    runs = _runs(lower)
    rows = []
    for place in range(len(text)):
        middle = place + _WINDOW
        row = [f"c{shift}={padded[middle + shift]}" for shift in range(-_WINDOW, _WINDOW + 1)]
        row += [f"b{shift}={padded[middle + shift : middle + shift + 2]}" for shift in range(-2, 2)]
        row += [f"t{shift}={padded[middle + shift : middle + shift + 3]}" for shift in range(-2, 1)]
        row += [f"q{shift}={padded[middle + shift : middle + shift + 4]}" for shift in (-3, 0)]
        row.append(f"kind={_kind(lower[place])}{_kind(padded[middle - 1])}{_kind(padded[middle + 1])}")
        if run := runs.get(place):
            start, word = run
            shape = re.sub(r"[a-z]+", "a", re.sub(r"[0-9]+", "0", word))
            first = "first" if start == place else "later"
            row += [f"word={word}", f"shape={shape}", f"shape={shape},{first}", f"length={len(word)}"]
        rows.append(row)
    return rows


def _lower(text: str) -> str:
    """Lower case of the same length, without lone surrogates, which CRFsuite cannot write down."""
    lower = "".join(small if len(small := character.lower()) == 1 else character for character in text)
    return lower.encode("utf-8", "replace").decode("utf-8")


def _runs(text: str) -> dict[int, tuple[int, str]]:
    """Of each character inside a Latin word or number: where that begins, and the whole of it."""
    found = {}
    for match in _RUN.finditer(text):
        found.update(dict.fromkeys(range(match.start(), match.end()), (match.start(), match[0])))
    return found


def _kind(character: str) -> str:
    if character == _EDGE:
        return "E"
    if character.isdigit():
        return "0"
    if character.isascii():
        return "a" if character.isalpha() else "."
    return "h" if character.isalpha() else "p"
