"""What reading all texts of a catalogue gave, kept in a folder under a key of everything it depends on."""

import functools
import hashlib
import inspect
import logging
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from kgrec.errors import RunError
from kgrec.query import analyser, chinese, normalise, stop_words, words

Made = TypeVar("Made")
log = logging.getLogger(__name__)

_CODE = (analyser, chinese, normalise, stop_words, words)
_PACKAGES = ("jieba", "PyStemmer", "OpenCC", "bm25s")


def key_of(texts: Iterable[str], settings: str) -> str:
    """A name for what is made of texts, in their order, by the present analysis and ``settings``."""
    digest = hashlib.sha256(_analysis().encode())
    digest.update(f"{len(settings)} {settings}".encode())
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()[:32]


def kept(
    folder: Path | None,
    name: str,
    load: Callable[[Path], Made],
    make: Callable[[], Made],
    save: Callable[[Made, Path], None],
) -> Made:
    """What ``folder / name`` holds, else what ``make`` gives, saved there; ``None`` keeps nothing.

    What cannot be read (``load`` raises RunError) is made again; a folder that cannot be written to costs a
    warning and nothing else.
    """
    if folder is None:
        return make()
    path = folder / name
    if path.exists():
        try:
            return load(path)
        except RunError as error:
            log.warning("made again: %s", error)
    made = make()
    try:
        save(made, path)
    except OSError as error:
        log.warning("%s cannot be kept (%s); the next start makes it again", path, error)
    return made


@functools.cache
def _analysis() -> str:
    """The code and packages that make tokens of texts: with others, what was kept is not found."""
    code = "".join(inspect.getsource(module) for module in _CODE)
    return hashlib.sha256(code.encode()).hexdigest() + "".join(
        f" {name} {version(name)}" for name in _PACKAGES
    )
