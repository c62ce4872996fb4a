"""Keyed pseudonyms: the only form in which user ids reach an experiment tracker."""

import hashlib
import hmac
import logging
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from kgrec.errors import ConfigError

log = logging.getLogger(__name__)

KEY_VARIABLE = "KGREC_PSEUDONYM_KEY"
KEY_BYTES = 32
SHORTEST_SAFE_KEY = 16


class Pseudonyms:
    """Maps user ids to ``HMAC-SHA256(key, id)``, the first 64 bits as 16 hexadecimal digits.

    HMAC: Krawczyk, Bellare, Canetti, RFC 2104 (https://www.rfc-editor.org/rfc/rfc2104). Equal ids get equal
    pseudonyms under one key, so tables of several runs can be compared; without the key nobody can test a
    guess, which a plain hash would allow. Two of n users collide with probability about ``n^2 / 2^65``.
    """

    def __init__(self, key: bytes) -> None:
        if not key:
            raise ConfigError(f"the key of the pseudonyms is empty; set {KEY_VARIABLE}")
        self._key = key

    def of(self, user: object) -> str:
        """The pseudonym of one user id; ids are strings, so ``196`` and ``"196"`` are the same user."""
        digest = hmac.new(self._key, str(user).encode(), hashlib.sha256).hexdigest()
        return f"user-{digest[:16]}"

    def of_all(self, users: Iterable[object]) -> list[str]:
        """The pseudonyms of user ids, in their order."""
        return [self.of(user) for user in users]

    def in_frame(self, frame: pl.DataFrame, column: str = "user") -> pl.DataFrame:
        """The table with pseudonyms in ``column``; each distinct id is hashed once."""
        ids = frame[column].cast(pl.String)
        distinct = ids.drop_nulls().unique()
        names = pl.Series(self.of_all(distinct), dtype=pl.String)
        return frame.with_columns(ids.replace_strict(distinct, names, default=None).alias(column))


def load_pseudonyms() -> Pseudonyms:
    """Pseudonyms under ``$KGREC_PSEUDONYM_KEY``, or under a key file made once in the cache folder.

    Raises:
        ConfigError: the key file is not 32 bytes.
        OSError: the key file can be neither read nor made.
    """
    key = os.environ.get(KEY_VARIABLE, "").encode()
    if key:
        if len(key) < SHORTEST_SAFE_KEY:
            log.warning("%s has %d bytes; a short key can be guessed, use 16 or more", KEY_VARIABLE, len(key))
        return Pseudonyms(key)
    return Pseudonyms(_key_file(key_path()))


def key_path() -> Path:
    """Where the random key lives: ``$KGREC_CACHE/pseudonym.key``, else in the user's cache folder."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get("KGREC_CACHE") or Path(base) / "kgrec") / "pseudonym.key"


def _key_file(path: Path) -> bytes:
    if not path.exists():
        _make_key(path)
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ConfigError(f"{path} has {len(key)} bytes, a key has {KEY_BYTES}; remove it to get a new key")
    return key


def _make_key(path: Path) -> None:
    """Write a random key that only its owner can read; the first of several writers wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.parent / f".{path.name}.{secrets.token_hex(4)}.part"
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        # A hard link, not a rename: it fails where another process was first, whose key then counts.
        os.link(part, path)
    except FileExistsError:
        log.debug("%s was made by another process", path)
    finally:
        part.unlink(missing_ok=True)
