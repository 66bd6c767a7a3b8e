"""The OpenAPI description of the gateway: every route, its right, what it takes and gives, how it refuses.

Rules: shapes are those of the structs that are sent; what every request may meet on its way (`guard`) is told of every
route. Nothing in it is of one instance, so that the documentation is made of the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from slskmesh.gateway.exchange import BODY_MAX, BODY_SECONDS
from slskmesh.gateway.rights import REF, Right, Routes, refused

_ABOUT: Final = (
    "What clients of slskd call, jobs by MusicBrainz id, and all of slskmesh's own. Every request needs a key in the "
    "header `X-API-Key` (or as `Authorization: Bearer`), but for the routes that say otherwise. A trailing slash means "
    "nothing. Errors are a JSON string below `/api/v0`, elsewhere an object with the field `error`."
)
_MET: Final = {
    401: "No key where one is needed, or not one of ours",
    403: "The Host or Origin is not let in, or the key only reads",
    429: "Too many requests, or too many wrong keys",
    500: "A fault of slskmesh",
    503: "Too many requests at once",
    504: "The engine did not answer in time",
}
_MET_WITH_BODY: Final = {
    408: f"The body did not come within {BODY_SECONDS:.0f} seconds",
    413: f"The body is over {BODY_MAX:,} bytes",
}
_RETRY: Final = {
    "Retry-After": {"description": "Seconds until it makes sense again", "schema": {"type": "integer"}}
}


def describe(app: FastAPI, parts: Iterable[Routes]) -> dict[str, Any]:
    """The description as one JSON object."""
    parts = tuple(parts)
    told = get_openapi(title=app.title, version=app.version, routes=app.routes, description=_ABOUT)
    components = told.setdefault("components", {})
    # FastAPI's own answer to a bad parameter, which is never given here: it is ours with status 400.
    components["schemas"] = {
        **_schemas(parts),
        **{
            name: schema
            for name, schema in components.get("schemas", {}).items()
            if name not in ("HTTPValidationError", "ValidationError")
        },
    }
    components["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        "token": {"type": "http", "scheme": "bearer"},
    }
    told["security"] = [{"key": []}, {"token": []}]
    told["tags"] = [{"name": tag} for tag in dict.fromkeys(part.tag for part in parts)]
    for path, operation in operations(told):
        _complete(path, operation)
    return told


def operations(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(path, operation) of each route of a description."""
    for path, methods in told["paths"].items():
        for operation in methods.values():
            yield path, operation


def _schemas(parts: Iterable[Routes]) -> dict[str, Any]:
    shapes = sorted({shape for part in parts for shape in part.shapes}, key=repr)
    _, schemas = msgspec.json.schema_components(shapes, ref_template=REF)
    return schemas


def _complete(path: str, operation: dict[str, Any]) -> None:
    """Tells of one route what holds for all."""
    responses = operation["responses"]
    responses.pop("422", None)
    met = {
        **_MET,
        **(_MET_WITH_BODY if "requestBody" in operation else {}),
        **({404: "There is nothing of this name"} if "{" in path else {}),
    }
    for status, when in met.items():
        responses.setdefault(str(status), {"description": when, **refused(path)})
    for late in ("429", "503"):
        responses[late].setdefault("headers", _RETRY)
    if operation["x-right"] == Right.OPEN.value:
        operation["security"] = []
    operation["responses"] = dict(sorted(responses.items()))
