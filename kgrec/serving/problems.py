"""Every error as `application/problem+json` (RFC 9457, https://www.rfc-editor.org/rfc/rfc9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.responses import Response

from kgrec.errors import (
    ConfigError,
    DataError,
    EventLogError,
    FeatureError,
    KgrecError,
    RunError,
    UnknownIdError,
)

PROBLEM_TYPE = "application/problem+json"
MAX_ERRORS = 20
# Messages may quote what was sent; nobody needs a megabyte of it back.
_MAX_TEXT = 500


class Problem(Exception):  # noqa: N818 (the noun of the RFC)
    """An answer that is an error, with what a person needs to know about it."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.errors = status, detail, list(errors)
        self.headers = dict(headers or {})

    @property
    def title(self) -> str:
        """What this status is called."""
        return HTTPStatus(self.status).phrase

    def response(self, instance: str = "") -> Response:
        """The answer; ``instance`` names this occurrence."""
        record: dict[str, Any] = {"type": "about:blank", "title": self.title, "status": self.status}
        record |= {"detail": _clean(self.detail), "instance": instance}
        if self.errors:
            record["errors"] = self.errors
        body = json.dumps(record, allow_nan=False).encode("ascii")
        return Response(body, self.status, self.headers, PROBLEM_TYPE)


def unavailable(detail: str, seconds: int = 1) -> Problem:
    """503 that says when to come back."""
    return Problem(503, detail, headers={"Retry-After": str(seconds)})


def problem_of(error: KgrecError) -> Problem:
    """What an error of the library is to a client."""
    # Only these messages are about what the client sent; any other could name files of this machine.
    if isinstance(error, UnknownIdError):
        return Problem(404, str(error))
    if isinstance(error, DataError | ConfigError):
        return Problem(422, str(error))
    if isinstance(error, FeatureError | RunError):
        return unavailable("this part of the service is not available: see the log of the service", 30)
    if isinstance(error, EventLogError):
        return unavailable("the event log cannot be written: nothing was recorded, send it again later", 5)
    return Problem(500, "the service failed; the request's id is in `instance`")


def problem_of_validation(error: RequestValidationError) -> Problem:
    """422 with the place and the reason of every fault; what was sent is not repeated."""
    faults = error.errors()
    errors = [
        {
            "loc": [_clean(part) if isinstance(part, str) else part for part in fault["loc"]],
            "msg": _clean(fault["msg"]),
            "type": fault["type"],
        }
        for fault in faults[:MAX_ERRORS]
    ]
    first = errors[0]
    place = ".".join(str(part) for part in first["loc"])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Problem(422, f"{place}: {first['msg']}{more}", errors)


def _clean(text: object) -> str:
    """Text that any JSON reader takes: a lone surrogate is no character."""
    return str(text)[:_MAX_TEXT].encode("utf-8", "replace").decode("utf-8")
