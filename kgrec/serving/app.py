"""The service as an ASGI application."""

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException

from kgrec.errors import KgrecError
from kgrec.online.live_model import LiveModel
from kgrec.serving import routes_learn, routes_operate, routes_people, routes_recommend, routes_search
from kgrec.serving.config import ServingConfig
from kgrec.serving.guard import OPEN, Guard
from kgrec.serving.keys import Keys
from kgrec.serving.problems import PROBLEM_TYPE, Problem, problem_of, problem_of_validation
from kgrec.serving.service import Service

WEB = Path(__file__).parent / "web"
ROUTERS = (
    routes_recommend.router,
    routes_search.router,
    routes_learn.router,
    # After the routes that are longer, for an item's id may hold slashes.
    routes_learn.details,
    routes_people.router,
    routes_operate.public,
    routes_operate.router,
)
ERRORS = (400, 401, 403, 404, 413, 422, 429, 503)


def create_app(live: LiveModel, config: ServingConfig, keys: Keys) -> FastAPI:
    """The service over a live model. Whoever made ``live`` closes it, once the application has ended."""
    service = Service(live, config, keys)
    app = FastAPI(
        title="kgrec",
        summary="Recommendations, search and reasons over a knowledge graph, learning from every event.",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
        responses={code: {"description": Problem(code, "").title, "content": _PROBLEM} for code in ERRORS},
    )
    app.state.service = service
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/", _page, include_in_schema=False)
    app.mount("/static", StaticFiles(directory=WEB), "static")
    app.add_middleware(Guard, service=service)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(KgrecError, _library_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    _document_keys(app)
    return app


_PROBLEM: dict[str, Any] = {PROBLEM_TYPE: {"schema": {"type": "object"}}}


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    if service.config.warm_up:
        threading.Thread(target=service.warm_up, name="kgrec-warm-up", daemon=True).start()
    yield
    service.close()


async def _page() -> FileResponse:
    return FileResponse(WEB / "index.html")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response(_name(request))


async def _library_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, KgrecError)
    return problem_of(error).response(_name(request))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return problem_of_validation(error).response(_name(request))


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Problem(error.status_code, str(error.detail), headers=dict(error.headers or {})).response(
        _name(request)
    )


def _name(request: Request) -> str:
    name: str = request.scope.get("kgrec.request", "")
    return name


def _document_keys(app: FastAPI) -> None:
    """Say in the OpenAPI document which routes need a key; the check itself is `Guard`'s."""
    made = app.openapi

    def openapi() -> dict[str, Any]:
        document = made()
        document.setdefault("components", {})["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        }
        for path, methods in document["paths"].items():
            for operation in methods.values():
                operation["security"] = [] if path in OPEN else [{"key": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
