"""What all scripts share: errors that kgrec raises on purpose are shown without a traceback."""

import functools
import sys
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from kgrec.errors import KgrecError

P = ParamSpec("P")
T = TypeVar("T")


def refuse_politely(function: Callable[P, T]) -> Callable[P, T]:
    """Print a KgrecError on standard error and exit with 2; anything else keeps its traceback."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except KgrecError as error:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            sys.exit(2)

    return wrapped
