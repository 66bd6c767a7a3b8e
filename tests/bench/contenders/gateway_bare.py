"""The plain thing beside the gateway: `python -m tests.bench.contenders.gateway_bare FOLDER`.

A FastAPI app on Hypercorn's trio worker as their documentation sets them up, without keys, guard or engine: GET /NAME
gives the bytes of FOLDER/NAME, read once, as JSON. Prints {"port": int}; ends with its standard input.
"""

from __future__ import annotations

import socket
import sys
from functools import partial
from pathlib import Path
from typing import Any, cast

import hypercorn.trio
import trio
from fastapi import FastAPI
from hypercorn.config import Config
from starlette.responses import Response

from tests.bench.contenders.report import say, wait_for_end


def app_of(folder: Path) -> FastAPI:
    """A route that gives what the folder holds."""
    bodies = {path.name: path.read_bytes() for path in folder.iterdir()}
    app = FastAPI()

    @app.get("/{name}")
    async def read(name: str) -> Response:
        return Response(bodies[name], media_type="application/json")

    return app


async def main(folder: Path) -> None:
    """See the head of this file."""
    listener = socket.create_server(("127.0.0.1", 0))
    say(port=listener.getsockname()[1])
    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.accesslog = config.errorlog = None
    config.keep_alive_timeout = 600.0
    ended = partial(trio.to_thread.run_sync, wait_for_end)
    await hypercorn.trio.serve(cast(Any, app_of(folder)), config, shutdown_trigger=ended)


if __name__ == "__main__":
    trio.run(main, Path(sys.argv[1]))
