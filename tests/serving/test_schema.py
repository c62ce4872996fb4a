"""The OpenAPI document attacked: whatever it allows, and what it does not, is answered and never with 5xx."""

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kgrec.serving.keys import Role

ROUTES = [
    ("GET", "/health"), ("GET", "/recommend"), ("POST", "/recommend"), ("GET", "/search"),
    ("GET", "/suggest"), ("GET", "/similar"), ("GET", "/explain"), ("POST", "/events"), ("PUT", "/items"),
    ("GET", "/items/{item}"),
    ("GET", "/users/{user}"), ("DELETE", "/users/{user}"), ("GET", "/status"), ("GET", "/metrics"),
    ("POST", "/rollback"),
]  # fmt: skip
"""All but /refresh, which trains."""
SETTINGS = settings(
    max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None
)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_request_makes_the_service_fail(serve: Callable[..., Any], method: str, path: str) -> None:
    asked = serve(rate_per_second=0)
    schema = schemathesis.openapi.from_asgi("/openapi.json", asked.client.app)
    operation = schema[path][method]
    headers = {"X-API-Key": f"{Role.OPERATE.name.lower()}-key-0123456789"}
    modes = schemathesis.GenerationMode
    cases = st.one_of(
        *(operation.as_strategy(generation_mode=mode) for mode in (modes.POSITIVE, modes.NEGATIVE))
    )

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(cases)
    def attack(case: Any) -> None:
        answer = case.call(headers={**(case.headers or {}), **headers})
        assert answer.status_code < 500, answer.text
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"]

    attack()
