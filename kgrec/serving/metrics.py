"""What the service counts, in Prometheus' text format."""

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Requests by route, method and status, and the live model's numbers.

    Routes are templates (``/users/{user}``), never paths: nobody's id, and no label without bound.
    """

    def __init__(self, state: Callable[[], dict[str, object]]) -> None:
        """``state``: the live model's status; its numbers become gauges whenever somebody looks."""
        self._registry = CollectorRegistry()
        labels = ("route", "method")
        self._requests = Counter(
            "kgrec_requests", "Requests answered.", (*labels, "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "kgrec_request_seconds", "Time to answer.", labels, buckets=BOUNDS, registry=self._registry
        )
        self._registry.register(_Gauges(state))

    def observe(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route, method).observe(seconds)

    def text(self) -> bytes:
        """All of it."""
        return generate_latest(self._registry)


class _Gauges:
    """Numbers of a status, read when they are asked for."""

    def __init__(self, state: Callable[[], dict[str, object]]) -> None:
        self._state = state

    def describe(self) -> list[Metric]:
        """Nothing in advance, so that nothing is read before it is asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """A gauge a number."""
        for name, value in self._state().items():
            if isinstance(value, int | float):
                yield GaugeMetricFamily(f"kgrec_live_{name}", name.replace("_", " "), float(value))
