"""A small Soulseek server for a network on one machine:
`python -m slskmesh.demo.soulseek.server --port 0 [--full] [--private] [--users FILE] [--login-seconds S]`.

Rules:
- The first line written is {"ready":true,"server":"127.0.0.1:PORT"}; each line read is an order (control.py) and is
  answered by one line. It ends with the process that started it, and then closes every line without a word.
- It listens on loopback only. LINES_MAX lines; a line whose reader does not read is cut at OUTBOX_MAX bytes.
- The users' file holds names and salted hashes; it is always either old or new.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from slskmesh.demo.soulseek import codec, control
from slskmesh.demo.soulseek.accounts import NAMES_MAX, Accounts, is_secret
from slskmesh.demo.soulseek.hub import Hub, Session
from slskmesh.engine.serve import end_with_parent, json_line
from slskmesh.errors import PeerError, SlskmeshError, StorageError, UserError
from slskmesh.paths import atomic_write

LINES_MAX: Final = 1000
OUTBOX_MAX: Final = 4 << 20
LOGIN_SECONDS: Final = 75.0
_CLOSING_SECONDS: Final = 5.0


class StreamLine:
    """One client's socket."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        peer = writer.get_extra_info("peername")
        self.host = str(peer[0]) if peer else "0.0.0.0"

    def send(self, message: Any) -> None:
        """Queues a message; a reader that is too far behind is cut off."""
        if self._writer.transport.get_write_buffer_size() > OUTBOX_MAX:
            self.abort()
        elif not self._writer.is_closing():
            self._writer.write(codec.encode(message))

    def close(self) -> None:
        """Ends it once what is queued is sent, or soon in any case."""
        if not self._writer.is_closing():
            self._writer.close()
            asyncio.get_running_loop().call_later(_CLOSING_SECONDS, self.abort)

    def abort(self) -> None:
        """Ends it now."""
        self._writer.transport.abort()


class Server:
    """The hub behind sockets. `users` is the file of names, if they are to outlive the server."""

    def __init__(self, hub: Hub, users: Path | None = None, login_seconds: float = LOGIN_SECONDS) -> None:
        self.hub = hub
        self.address = ""
        self._users = users
        self._login_seconds = login_seconds
        self._lines: dict[StreamLine, asyncio.Task[None] | None] = {}
        self._kept = hub.accounts.changes
        self._changed = asyncio.Event()
        self._stop = asyncio.Event()

    async def run(self, port: int = 0) -> None:
        """Serves until `stop`; says so on standard output. OSError if the port cannot be had."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        host, port = server.sockets[0].getsockname()[:2]
        self.address = f"{host}:{port}"
        keeping = asyncio.create_task(self._keep_names())
        try:
            json_line({"ready": True, "server": self.address})
            await self._stop.wait()
        finally:
            server.close()
            await self._end_lines()
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
        self._write_names()

    def stop(self) -> None:
        """Ends `run`."""
        self._stop.set()

    def order(self, text: str) -> None:
        """One line of standard input; must be called on the loop."""
        answer, ends = control.obey(self.hub, text)
        json_line(answer)
        if ends:
            self.stop()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = StreamLine(writer)
        session = Session(line)
        if len(self._lines) >= LINES_MAX or self.hub.accounts.address_banned(line.host):
            line.abort()
            return
        self._lines[line] = asyncio.current_task()
        waiting = asyncio.get_running_loop().call_later(self._login_seconds, self._too_late, session)
        try:
            while (data := await codec.read_message(reader)) is not None:
                self._hear(session, data)
                await asyncio.sleep(0)
        except PeerError:
            pass  # a bad message costs the line, and the line ends here
        finally:
            waiting.cancel()
            self.hub.gone(session)
            line.close()
            del self._lines[line]

    def _hear(self, session: Session, data: bytes) -> None:
        message = codec.decode(data)
        if message is None:
            self.hub.hear_unknown(session)
        else:
            self.hub.hear(session, message)
        if self.hub.accounts.changes != self._kept:
            self._changed.set()

    @staticmethod
    def _too_late(session: Session) -> None:
        if not session.name:
            session.line.close()

    async def _end_lines(self) -> None:
        tasks = [task for task in self._lines.values() if task is not None]
        for line in list(self._lines):
            line.abort()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _keep_names(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await asyncio.to_thread(self._write_names)
            except StorageError as error:  # they are written again with the next name, and at the end
                print(f"slskmesh: {error}", file=sys.stderr)

    def _write_names(self) -> None:
        changes, known = self.hub.accounts.changes, self.hub.accounts.known
        if self._users is not None and changes != self._kept:
            atomic_write(self._users, json.dumps(known).encode())
        self._kept = changes


def read_names(path: Path | None) -> dict[str, str]:
    """Names and salted hashes of a users' file; empty if there is none yet. UserError if it is something else."""
    if path is None or not path.exists():
        return {}
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, str])
        if len(known) > NAMES_MAX or not all(is_secret(secret) for secret in known.values()):
            raise UserError(f"{path}: this is not a file of names made by this server")
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    except msgspec.MsgspecError as error:
        raise UserError(f"{path}: this is not a file of names made by this server: {error}") from error
    return known


async def _main(args: argparse.Namespace) -> None:
    accounts = Accounts(time.monotonic, lambda: os.urandom(16), read_names(args.users))
    accounts.full, accounts.private = args.full, args.private
    server = Server(Hub(accounts, time.time), args.users, args.login_seconds)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, server.stop)
    end_with_parent(lambda text: _hand_over(loop, partial(server.order, text)))
    await server.run(args.port)


def _hand_over(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: the server has stopped
        loop.call_soon_threadsafe(call)


def main(argv: list[str] | None = None) -> int:
    """Serves until its parent is gone, an order to stop or a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.soulseek.server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--full", action="store_true", help="refuse every login as a full server does")
    parser.add_argument("--private", action="store_true", help="refuse new names")
    parser.add_argument("--users", type=Path, default=None, metavar="FILE", help="keep names here")
    parser.add_argument(
        "--login-seconds", type=float, default=LOGIN_SECONDS, help="patience with a silent line"
    )
    args = parser.parse_args(argv)
    codec.silence()
    try:
        asyncio.run(_main(args))
    except SlskmeshError as error:
        print(f"slskmesh: {error}", file=sys.stderr)
        return error.exit_code
    except OSError as error:
        print(f"slskmesh: port {args.port}: {error.strerror or error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
