"""What the gateway says: JSON by msgspec, and errors as sentences.

Rules:
- A shape is a struct; its JSON schema goes into the OpenAPI as it stands, so the two cannot differ. What is None is
  left out (clients of slskd expect that).
- An error's text is ours or the engine's for people; never a traceback, a path outside the roots, or a key.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from slskmesh.errors import SlskmeshError, StorageError

JSON: Final = "application/json"
_encoder: Final = msgspec.json.Encoder()


class Camel(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A shape of slskd's API: camelCase, absent where unknown. Give no default but None to what is always there."""


class Snake(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A shape of the documents' API: snake_case, absent where unknown."""


class Problem(Snake, frozen=True, kw_only=True):
    """What went wrong, for people."""

    error: str


class GatewayError(SlskmeshError):
    """Ends a request with a status and a sentence. `retry`: seconds after which it makes sense again."""

    def __init__(self, status: int, text: str, retry: float | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.retry = retry


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON."""
    return Response(_encoder.encode(value), status, media_type=JSON)


def nothing(status: int = 204) -> Response:
    """No content."""
    return Response(status_code=status)


def refusal(error: SlskmeshError, path: str) -> Response:
    """An error as an answer: {"error": sentence}; below /api/v0 the bare sentence as a JSON string, as slskd does."""
    status = 400
    headers: dict[str, str] = {}
    if isinstance(error, GatewayError):
        status = error.status
        if status == 401:
            headers["WWW-Authenticate"] = "Bearer"
        if error.retry is not None:
            headers["Retry-After"] = str(max(1, round(error.retry + 0.5)))
    elif isinstance(error, StorageError):
        status = 507
    said = str(error)
    body = _encoder.encode(said if path.startswith("/api/v0") else Problem(error=said))
    return Response(body, status, headers, JSON)
