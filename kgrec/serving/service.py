"""What every route needs, made once and handed to them by the application."""

import logging
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import Depends, Request

from kgrec.online.live_model import LiveModel
from kgrec.serving.config import ServingConfig
from kgrec.serving.keys import Key, Keys, Role
from kgrec.serving.metrics import Metrics
from kgrec.serving.problems import Problem
from kgrec.serving.rate_limit import TokenBuckets
from kgrec.serving.suggestions import Suggester
from kgrec.serving.workers import Workers

log = logging.getLogger(__name__)
T = TypeVar("T")


class Service:
    """The live model, who may ask, and the threads that answer.

    Short calls (recommendations, events) have threads of their own, so that no search makes them wait.
    """

    def __init__(self, live: LiveModel, config: ServingConfig, keys: Keys) -> None:
        self.live, self.config, self.keys = live, config, keys
        self.short = Workers("short", config.workers, config.waiting)
        self.long = Workers("long", config.workers, config.waiting)
        self.learning = Workers("learning", 1, config.waiting)
        # Of its own: a training takes minutes, and nobody who wants to be forgotten waits for that. The
        # second thread tells whoever asks for another refresh that one is under way.
        self.training = Workers("training", 2, 0)
        self.buckets = TokenBuckets(config.rate_per_second, config.burst)
        self.metrics = Metrics(live.status)
        self._suggester: tuple[object, Suggester] | None = None

    def suggester(self) -> Suggester:
        """The index of the present catalogue; made anew when that has changed."""
        titles = self.live.titles()
        if self._suggester is None or self._suggester[0] is not titles:
            self._suggester = (titles, Suggester(titles, self.live.names()))
        return self._suggester[1]

    def warm_up(self) -> None:
        """Build what first requests would wait for."""
        self.live.warm_up()
        if self.config.suggestions:
            self.suggester()

    def close(self) -> None:
        """Begin nothing more."""
        for workers in (self.short, self.long, self.learning, self.training):
            workers.close()


def service_of(request: Request) -> Service:
    """The application's service."""
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(service_of)]


def needs(role: Role) -> Callable[[Request], None]:
    """A dependency that refuses smaller roles; the key itself was checked before."""

    def check(request: Request) -> None:
        key: Key | None = request.scope.get("kgrec.key")
        if key is None:
            raise Problem(401, "this needs a key: send it in the header X-API-Key")
        if key.role < role:
            raise Problem(403, f"this needs a key of the role {role.name.lower()}; yours is for less")

    return check
