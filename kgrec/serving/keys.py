"""Who may do what: keys with a role each, kept as hashes alone."""

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from kgrec.errors import ConfigError
from kgrec.serving.config import read_mapping

KEYS_VARIABLE = "KGREC_KEYS"
SHORTEST_KEY = 16
_SHA256 = re.compile(r"sha256=([0-9a-fA-F]{64})")
# What fits in a header without a second thought.
_KEY = re.compile(r"[A-Za-z0-9._~+/=-]+")


class Role(IntEnum):
    """What a key is for; a larger role may do all that a smaller one may."""

    READ = 1
    WRITE = 2
    OPERATE = 3


@dataclass(frozen=True)
class Key:
    """A key as the service knows it."""

    name: str
    """What logs call it; says nothing about the key."""
    role: Role
    digest: bytes
    """SHA-256 of the key. Keys are long and random, so that no slow hash is needed."""


class Keys:
    """The keys of a service."""

    def __init__(self, keys: Iterable[Key]) -> None:
        """Raises ConfigError where there is none, or one key has two roles."""
        self._keys = tuple(keys)
        if not self._keys:
            raise ConfigError("a service needs a key")
        if len({key.digest for key in self._keys}) < len(self._keys):
            raise ConfigError("a key is given twice; one key has one role, and a larger covers a smaller")

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, presented: str) -> Key | None:
        """The key that was presented, if it is one. Takes equally long for every wrong key."""
        digest = hash_of(presented)
        found = None
        for key in self._keys:
            if hmac.compare_digest(key.digest, digest):
                found = key
        return found


def hash_of(key: str) -> bytes:
    """SHA-256 of a key."""
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def keys_from_text(text: str) -> Keys:
    """Keys as ``role:key,role:key``; for ``key`` also ``sha256=HEX``, so that the text holds no secret.

    Raises:
        ConfigError: a part is something else; the message never repeats a key.
    """
    return Keys(_key(part.strip(), f"key {n}") for n, part in enumerate(text.split(","), 1) if part.strip())


def keys_from_file(file: Path) -> Keys:
    """Keys of a YAML file: ``keys: {NAME: "role:key", ...}``, with ``sha256=HEX`` for ``key`` as well.

    ``printf %s KEY | sha256sum`` gives the HEX. Logs call a key by its NAME.

    Raises:
        ConfigError: the file cannot be read or holds something else.
    """
    given = read_mapping(file)
    entries = given.get("keys")
    if set(given) != {"keys"} or not isinstance(entries, dict) or not entries:
        raise ConfigError(f'{file}: write `keys:` and under it NAME: "role:key" lines, nothing else')
    return Keys(_key(str(value).strip(), str(name)) for name, value in entries.items())


def load_keys(file: Path | None) -> Keys | None:
    """The keys of a file, else of ``$KGREC_KEYS``, else None.

    Raises:
        ConfigError: a file or a variable is there and does not hold keys.
    """
    if file is not None:
        return keys_from_file(file)
    text = os.environ.get(KEYS_VARIABLE, "")
    return keys_from_text(text) if text.strip() else None


def random_keys() -> tuple[Keys, dict[Role, str]]:
    """A key for reading and one for everything, new and random, for a service that nobody else can reach."""
    secret = {role: secrets.token_urlsafe(24) for role in (Role.READ, Role.OPERATE)}
    made = [Key(f"random {role.name.lower()}", role, hash_of(text)) for role, text in secret.items()]
    return Keys(made), secret


def _key(text: str, name: str) -> Key:
    role, _, key = text.partition(":")
    if role.strip().upper() not in Role.__members__:
        roles = ", ".join(name.lower() for name in Role.__members__)
        raise ConfigError(f"{name} has no role before its first colon; write one of {roles}, then :KEY")
    hashed, key = _SHA256.fullmatch(key.strip()), key.strip()
    if hashed is None and (len(key) < SHORTEST_KEY or not _KEY.fullmatch(key)):
        raise ConfigError(
            f"{name} is too short or has odd characters: use {SHORTEST_KEY} or more of "
            "A-Z a-z 0-9 . _ ~ + / = -, or sha256=HEX"
        )
    digest = bytes.fromhex(hashed[1]) if hashed else hash_of(key)
    return Key(name, Role[role.strip().upper()], digest)
