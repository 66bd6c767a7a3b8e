"""`slskmesh gateway key|status|docs`: what programs need to reach a running instance.

JSON: key {"key", "role", "file", "new"}; status {"enabled", "url", "answers", "trouble"}. A key is printed alone on its
line, so that `$(slskmesh gateway key)` is the key. None of this needs the home free: it works beside a running engine.
"""

from __future__ import annotations

import http.client
import sys
from pathlib import Path
from typing import Final

from slskmesh.cli.output import Output
from slskmesh.gateway.keys import Role, key_file, new_key, read_key
from slskmesh.overlay.address import join_address, split_address
from slskmesh.paths import Home
from slskmesh.settings import load_settings

_PATIENCE: Final = 10.0  # seconds for an answer
_PATH: Final = "/api/slskmesh/openapi.json"


def show_key(home: Path, readonly: bool, new: bool, out: Output) -> None:
    """Prints a key. UserError: the file is no key, or others can read it."""
    place, role = Home(home).create(), Role.READ if readonly else Role.WRITE
    key = new_key(place, role) if new else read_key(place, role)
    out.row({"key": key, "role": role.value, "file": str(key_file(place, role)), "new": new}, key)
    if new:
        out.say("the old key holds until the engine starts anew")


def show_gateway(home: Path, out: Output) -> int:
    """Prints whether the gateway is switched on and answers to our key; returns 1 if it does not."""
    place = Home(home).create()
    settings = load_settings(home).gateway
    host, port = split_address(settings.listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    trouble = _trouble(host, port, read_key(place, Role.READ)) if settings.enabled else "switched off"
    url = f"http://{join_address(host, port)}"
    fields = {"enabled": settings.enabled, "url": url, "answers": not trouble, "trouble": trouble}
    told = f"{url}: {trouble or 'answers'}"
    out.row(fields, told if settings.enabled else "switched off: set gateway.enabled")
    return 1 if trouble else 0


def _trouble(host: str, port: int, key: str) -> str:
    """What keeps a gateway from answering us; empty if it answers."""
    if port == 0:
        return "gateway.listen has port 0, so the port is another at each start; the ready line of the daemon tells it"
    line = http.client.HTTPConnection(host, port, timeout=_PATIENCE)
    try:
        line.request("GET", _PATH, headers={"X-API-Key": key})
        status = line.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"does not answer: {getattr(error, 'strerror', None) or type(error).__name__}"
    finally:
        line.close()
    return (
        ""
        if status == 200
        else f"answers with status {status}: something else listens there, or the key is new"
    )


def write_reference() -> None:
    """Writes docs/api.md to standard output."""
    from slskmesh.gateway.reference import reference

    sys.stdout.write(reference())
