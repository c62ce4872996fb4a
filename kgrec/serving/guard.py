"""What every request passes first: key, rate, size, deadline; and what every answer carries."""

import asyncio
import logging
import time
import uuid
from collections.abc import MutableMapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kgrec.serving.problems import Problem, unavailable
from kgrec.serving.service import Service

log = logging.getLogger("kgrec.serving.access")

OPEN = ("/", "/health", "/openapi.json")
STATIC = "/static/"
SLOW = ("/refresh",)
"""Routes whose work takes as long as it takes."""
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
    "trusted-types 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Guard:
    """A pure ASGI middleware: it reads no body itself, so that nothing is held twice."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self.app, self.service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answer = _Answer(send, uuid.uuid4().hex[:16])
        scope["kgrec.request"] = answer.name
        started = time.perf_counter()
        try:
            self._admit(scope)
            limited = _limited(receive, self.service.config.max_body_bytes)
            await asyncio.wait_for(self.app(scope, limited, answer.send), self._seconds(scope))
        except Problem as problem:
            await answer.problem(problem, scope, receive)
        except TimeoutError:
            await answer.problem(unavailable("this took too long and was given up", 2), scope, receive)
        except Exception:
            log.exception("request %s failed", answer.name)
            await answer.problem(Problem(500, "the service failed; see `instance`"), scope, receive)
        finally:
            self._count(scope, answer.status, time.perf_counter() - started)

    def _admit(self, scope: Scope) -> None:
        """Raises Problem 401, 413 or 429."""
        headers = dict(scope["headers"])
        presented = headers.get(b"x-api-key", b"").decode("latin-1")
        key = self.service.keys.find(presented) if presented else None
        scope["kgrec.key"] = key
        path = scope["path"]
        if key is None and path not in OPEN and not path.startswith(STATIC):
            said = "no service key like that" if presented else "send a key in the header X-API-Key"
            raise Problem(401, said, headers={"WWW-Authenticate": "ApiKey"})
        if key is not None and (wait := self.service.buckets.take(key.name)):
            raise Problem(429, "too many requests with this key", headers={"Retry-After": str(wait)})
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self.service.config.max_body_bytes:
            raise _too_large(self.service.config.max_body_bytes)

    def _seconds(self, scope: Scope) -> float | None:
        return None if scope["path"] in SLOW else self.service.config.request_seconds

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _template(scope) or "other"
        method = scope["method"] if scope["method"] in ("GET", "POST", "PUT", "DELETE", "HEAD") else "other"
        self.service.metrics.observe(route, method, status, seconds)
        key = scope.get("kgrec.key")
        # The template and never the path or the query, which name people and what they look for.
        name = "nobody" if key is None else key.name
        log.info("%s %s %d %.1f ms, key %s", method, route, status, seconds * 1000, name)


class _Answer:
    """Sends an answer with the headers that all have, and remembers its status."""

    def __init__(self, send: Send, name: str) -> None:
        self._send, self.name = send, name
        self.status, self._started = 0, False

    async def send(self, message: Message) -> None:
        """One message of the application's."""
        if message["type"] == "http.response.start":
            self.status, self._started = message["status"], True
            message = self._with_headers(message)
        await self._send(message)

    async def problem(self, problem: Problem, scope: Scope, receive: Receive) -> None:
        """An error instead of an answer, unless that has begun."""
        if not self._started:
            await problem.response(self.name)(scope, receive, self.send)

    def _with_headers(self, message: Message) -> MutableMapping[str, Any]:
        own = [(name, value) for name, value in message.get("headers", []) if name.lower() != b"server"]
        named = (b"x-request-id", self.name.encode())
        return {**message, "headers": [*own, *HEADERS, named]}


def _template(scope: Scope) -> str | None:
    """The route that matched, without anybody's id in it."""
    if scope["path"].startswith(STATIC):
        return "/static"
    path: str | None = getattr(scope.get("route"), "path", None)
    return path and path.replace(":path}", "}")


def _limited(receive: Receive, most: int) -> Receive:
    """The same body, refused where it turns out larger than it said, or never said."""
    total = 0

    async def limited() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > most:
            # Of all errors while a body is read FastAPI passes on this kind alone.
            raise HTTPException(413, _too_large(most).detail)
        return message

    return limited


def _too_large(most: int) -> Problem:
    return Problem(413, f"the body is larger than {most:,} bytes; send less at once")
