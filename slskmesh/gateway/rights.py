"""Routes and what each of them asks for: nothing is served that does not say who may.

Rules:
- A route is added by `Routes` with its right; the app refuses to be built with a route that has none.
- The right is checked before anything of the request but its head is read.
"""

from __future__ import annotations

import enum
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from fastapi import Depends, FastAPI
from starlette.requests import Request
from starlette.responses import Response

from slskmesh.gateway.answers import JSON, GatewayError, Problem
from slskmesh.gateway.keys import Role

REF: Final = "#/components/schemas/{name}"
_Handler = TypeVar("_Handler", bound=Callable[..., Awaitable[Response]])


class Right(enum.Enum):
    """Who may use a route."""

    OPEN = "anybody on this machine"
    READ = "either key"
    WRITE = "the read-write key"


class Routes:
    """The routes of one part, below `prefix`. `shapes`: every struct they take or give."""

    def __init__(self, prefix: str, tag: str) -> None:
        self._added: list[Callable[[FastAPI], None]] = []
        self.shapes: set[Any] = set()
        self.rights: dict[tuple[str, str], Right] = {}
        self.tag = tag
        self._prefix = prefix

    def add_to(self, app: FastAPI) -> None:
        """Gives an app these routes."""
        for add in self._added:
            add(app)

    def get(self, path: str, **how: Any) -> Callable[[_Handler], _Handler]:
        """Reads: right READ unless `right` says otherwise. See `add`."""
        return self.add("GET", path, how.pop("right", Right.READ), **how)

    def post(self, path: str, **how: Any) -> Callable[[_Handler], _Handler]:
        """Does something: right WRITE unless `right` says otherwise. See `add`."""
        return self.add("POST", path, how.pop("right", Right.WRITE), **how)

    def put(self, path: str, **how: Any) -> Callable[[_Handler], _Handler]:
        """As `post`."""
        return self.add("PUT", path, how.pop("right", Right.WRITE), **how)

    def delete(self, path: str, **how: Any) -> Callable[[_Handler], _Handler]:
        """As `post`."""
        return self.add("DELETE", path, how.pop("right", Right.WRITE), **how)

    def add(
        self,
        method: str,
        path: str,
        right: Right,
        *,
        gives: Any = None,
        takes: Any = None,
        status: int = 200,
        also: dict[int, str] | None = None,
        optional: bool = False,
        stream: bool = False,
        lines: bool = False,
    ) -> Callable[[_Handler], _Handler]:
        """A route. `gives`, `takes`: the shapes of answer and body (`optional`: the body may be empty), `status` that
        of success, `also` other statuses and when they come, `stream`: it gives server-sent events, `lines`: or lines
        of JSON.
        """
        told: dict[int | str, dict[str, Any]] = {
            status: {"description": "Done", **self._content(gives, stream)}
        }
        if lines:
            told[status]["content"]["application/x-ndjson"] = {"schema": {"type": "string"}}
        self.shapes.add(Problem)
        for code, when in {400: "What was asked for makes no sense", **(also or {})}.items():
            told.setdefault(code, {"description": when, **(refused(self._prefix) if code >= 400 else {})})
        extra: dict[str, Any] = {"x-right": right.value}
        if takes is not None:
            extra["requestBody"] = {"required": not optional, **self._content(takes)}

        def decorate(handler: _Handler) -> _Handler:
            self.rights[method, self._prefix + path] = right
            self._added.append(
                lambda app: app.add_api_route(
                    self._prefix + path,
                    handler,
                    methods=[method],
                    tags=[self.tag],
                    dependencies=[Depends(CHECKS[right])],
                    status_code=status,
                    response_class=Response,
                    response_model=None,
                    responses=told,
                    openapi_extra=extra,
                    operation_id=f"{self.tag}_{handler.__name__}",
                )
            )
            return handler

        return decorate

    def _content(self, shape: Any, stream: bool = False) -> dict[str, Any]:
        if stream:
            return {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
        if shape is None:
            return {}
        self.shapes.add(shape)
        return content(shape)


def content(shape: Any) -> dict[str, Any]:
    """How OpenAPI says that this shape is sent as JSON."""
    (schema,), _ = msgspec.json.schema_components([shape], ref_template=REF)
    return {"content": {JSON: {"schema": schema}}}


def refused(path: str) -> dict[str, Any]:
    """The same of an error below `path`."""
    return content(str if path.startswith("/api/v0") else Problem)


async def _open(request: Request) -> None:
    """Anybody."""


async def _read(request: Request) -> None:
    if request.state.role is None:
        raise GatewayError(401, "this needs a key: header X-API-Key")


async def _write(request: Request) -> None:
    await _read(request)
    if request.state.role is not Role.WRITE:
        raise GatewayError(403, "this key only reads; what changes something needs the read-write key")


CHECKS: Final = {Right.OPEN: _open, Right.READ: _read, Right.WRITE: _write}
"""What is checked for each right."""
