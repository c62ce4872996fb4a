"""What people type beside a query: filters, price ranges, files of queries."""

import sys
from pathlib import Path

from kgrec.errors import ConfigError, DataError
from kgrec.retrieval.filters import Filters


def filters_from(conditions: list[str], price: str | None) -> Filters | None:
    """``["brand=NIKE", ...]`` and ``"10:20"`` as filters; None without any.

    Raises:
        ConfigError: a condition has no name or no value, or the price is no range of numbers.
    """
    attributes: dict[str, list[str]] = {}
    for condition in conditions:
        name, _, value = condition.partition("=")
        if not name.strip() or not value.strip():
            raise ConfigError(f"--filter {condition!r} is no condition; write relation=value")
        attributes.setdefault(name.strip(), []).append(value.strip())
    if price is None:
        return Filters(attributes) if attributes else None
    bounds = price.split(":")
    try:
        if len(bounds) != 2 or not "".join(bounds).strip():
            raise ValueError
        least, largest = (float(bound) if bound.strip() else None for bound in bounds)
    except ValueError:
        raise ConfigError(f"--price {price!r} is no range; write 10:20, 10: or :20") from None
    return Filters(attributes, (least, largest))


def queries_from(name: str) -> list[str]:
    """Lines of a file, or of standard input for ``-``; bytes that are no UTF-8 are replaced.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise DataError(
            f"{name}: cannot be read ({error.strerror}); give a file with one query a line"
        ) from error
    # Not splitlines(), which also cuts at characters that stand inside lines, such as U+2028.
    lines = raw.decode("utf-8-sig", errors="replace").split("\n")
    return [line.rstrip("\r") for line in lines if line.strip()]
