"""A legacy user: `python -m slskmesh.demo.soulseek.user --server HOST:PORT --name NAME [--share DIR] [--downloads DIR]
[--upload KIB] [--slots N] [--join ROOM] [--retry SECONDS]`. Another client than ours, on this machine only.

The first line written is {"ready":true,"name","port","files"}; then {"online": bool, "reason"} at each change and
{"said"|"whispered"|"answer"|"listing"|"download"|"upload": …} as they happen. Each line read is an order:
{"join": room} · {"leave": room} · {"say": text, "room": room} · {"whisper": text, "to": user} · {"search": text} ·
{"browse": user} · {"download": path, "from": user} · {"limit": KiB/s} · {"slots": uploads at once} · {"stop": true};
what cannot be done is answered by {"error": text}.

Rules:
- It comes back to the server after a loss, but not after a refusal of its name or a login elsewhere.
- Uploads that run when the server goes are let run. It ends with the process that started it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
from pathlib import Path
from typing import Any, Final

import msgspec
from aioslsk import commands, events
from aioslsk.exceptions import AioSlskException, AuthenticationError
from aioslsk.network.connection import ConnectionState, ServerConnection
from aioslsk.transfer.model import Transfer

from slskmesh.demo.soulseek import codec
from slskmesh.demo.soulseek.client import LegacyClient, settings
from slskmesh.engine.serve import end_with_parent, json_line
from slskmesh.errors import SlskmeshError, UserError

LOGIN_SECONDS: Final = 30.0
FILES_MAX: Final = 1000  # of an answer or a listing, told in a line


class Order(msgspec.Struct, forbid_unknown_fields=True, rename={"to_": "to", "from_": "from"}):
    """One line, as it comes."""

    join: str | None = None
    leave: str | None = None
    say: str | None = None
    room: str | None = None
    whisper: str | None = None
    to_: str | None = None
    search: str | None = None
    browse: str | None = None
    download: str | None = None
    from_: str | None = None
    limit: int | None = None
    slots: int | None = None
    stop: bool = False


class User:
    """One client and its lines. `retry` is the least time between two attempts to be on the server, in seconds."""

    def __init__(self, client: LegacyClient, rooms: list[str], retry: float, *, downloads: bool) -> None:
        self.client = client
        self.name = str(client.settings.credentials.username)
        self._downloads = downloads
        self._rooms = dict.fromkeys(rooms)
        self._retry = retry
        self._lost = asyncio.Event()
        self._stop = asyncio.Event()
        self._final = ""
        self._orders: asyncio.Queue[str] = asyncio.Queue(1000)
        self._listeners = {  # aioslsk keeps only weak references to them
            events.ConnectionStateChangedEvent: self._line_changed,
            events.KickedEvent: self._kicked,
            events.RoomMessageEvent: self._said,
            events.PrivateMessageEvent: self._whispered,
            events.SearchResultEvent: self._answered,
            events.TransferProgressEvent: self._moved,
        }

    def hear(self, line: str) -> None:
        """One order; must be called on the loop. One too many is dropped with a word."""
        try:
            self._orders.put_nowait(line)
        except asyncio.QueueFull:
            json_line({"error": "too many orders at once"})

    def stop(self) -> None:
        """Ends `run`."""
        self._stop.set()

    async def run(self) -> None:
        """Is a user until `stop`."""
        for event, listener in self._listeners.items():
            self.client.events.register(event, listener)
        await self.client.start(connect=False)
        try:
            await self.client.shares.scan()
            await self.client.network.connect_listening_ports()
            files = sum(len(shared.items) for shared in self.client.shares.shared_directories)
            port = self.client.network.get_listening_ports()[0]
            json_line({"ready": True, "name": self.name, "port": port, "files": files})
            await self._live()
        finally:
            await self.client.stop()

    async def _live(self) -> None:
        tasks = [asyncio.create_task(self._stay_online()), asyncio.create_task(self._obey_all())]
        stopping = asyncio.create_task(self._stop.wait())
        await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        for task in (*tasks, stopping):
            task.cancel()
        for result in await asyncio.gather(*tasks, stopping, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    # -- the server --------------------------------------------------------------------------------------------

    async def _stay_online(self) -> None:
        while True:
            self._lost.clear()
            reason = await self._log_in()
            if not reason:
                json_line({"online": True, "reason": ""})
                await self._lost.wait()
                reason = self._final or "connection lost"
            json_line({"online": False, "reason": reason})
            if self._final:
                await self._stop.wait()
            await asyncio.sleep(self._retry * random.uniform(1.0, 1.5))

    async def _log_in(self) -> str:
        try:
            async with asyncio.timeout(LOGIN_SECONDS):
                await self.client.network.connect_server()
                await self.client.login()
            for room in self._rooms:
                await self.client.execute(commands.JoinRoomCommand(room))
            return ""
        except AuthenticationError as error:
            reason = str(error.reason)
            self._final = reason if reason != "SVRFULL" else ""
        except TimeoutError:
            reason = "no answer"
        except AioSlskException as error:
            reason = str(error) or type(error).__name__
        await self.client.network.disconnect_server()
        return reason

    async def _line_changed(self, event: Any) -> None:
        if isinstance(event.connection, ServerConnection) and event.state is ConnectionState.CLOSED:
            self._lost.set()

    async def _kicked(self, _event: Any) -> None:
        self._final = "logged in elsewhere"

    # -- orders ------------------------------------------------------------------------------------------------

    async def _obey_all(self) -> None:
        while not self._stop.is_set():
            line = await self._orders.get()
            try:
                await self._obey(msgspec.json.decode(line, type=Order))
            except (msgspec.MsgspecError, UserError, AioSlskException, TimeoutError) as error:
                json_line({"error": str(error) or type(error).__name__})

    async def _obey(self, order: Order) -> None:
        do = self.client.execute
        if order.stop:
            self.stop()
        elif order.limit is not None:
            self.client.network.set_upload_speed_limit(max(0, order.limit))
        elif order.slots is not None:
            self.client.set_slots(max(0, order.slots))
        elif order.join is not None:
            self._rooms[order.join] = None
            await do(commands.JoinRoomCommand(order.join))
        elif order.leave is not None:
            self._rooms.pop(order.leave, None)
            await do(commands.LeaveRoomCommand(order.leave))
        elif order.say is not None and order.room is not None:
            await do(commands.RoomMessageCommand(order.room, order.say))
        elif order.whisper is not None and order.to_ is not None:
            await do(commands.PrivateMessageCommand(order.to_, order.whisper))
        elif order.download is not None and order.from_ is not None:
            if not self._downloads:
                raise UserError("this user has no folder for downloads")
            await self.client.transfers.download(order.from_, order.download)
        elif order.search is not None:
            await self._search(order.search)
        elif order.browse is not None:
            await self._browse(order.browse)
        else:
            raise UserError("this order is not whole")

    async def _search(self, text: str) -> None:
        if self.client.session is None:
            raise UserError("not on the server")
        await self.client.searches.search(text)

    async def _browse(self, name: str) -> None:
        folders, _locked = await self.client.execute(commands.PeerGetSharesCommand(name), response=True)
        told = [
            (folder.name, [[file.filename, file.filesize] for file in folder.files]) for folder in folders
        ]
        files = sum(len(inside) for _, inside in told)
        json_line(
            {"listing": dict(told[:FILES_MAX]) if files <= FILES_MAX else {}, "user": name, "files": files}
        )

    # -- what happens ------------------------------------------------------------------------------------------

    async def _said(self, event: Any) -> None:
        said = event.message
        json_line({"said": said.message, "room": said.room.name, "user": said.user.name})

    async def _whispered(self, event: Any) -> None:
        json_line({"whispered": event.message.message, "user": event.message.user.name})

    async def _answered(self, event: Any) -> None:
        result = event.result
        files = [[file.filename, file.filesize] for file in result.shared_items[:FILES_MAX]]
        json_line({"answer": files, "user": result.username, "free": bool(result.has_free_slots)})

    async def _moved(self, event: Any) -> None:
        for transfer, before, now in event.updates:
            if before.state != now.state or before.bytes_transfered != now.bytes_transfered:
                json_line(_told(transfer))


def _told(transfer: Transfer) -> dict[str, Any]:
    return {
        "upload" if transfer.is_upload() else "download": transfer.remote_path,
        "user": transfer.username,
        "state": transfer.state.VALUE.name,
        "done": transfer.bytes_transfered,
        "size": transfer.filesize or 0,
        "reason": transfer.fail_reason or transfer.abort_reason or "",
    }


async def _main(args: argparse.Namespace) -> int:
    if args.share is not None and not args.share.is_dir():
        raise UserError(f"{args.share}: no such folder to share")
    given = settings(
        args.server,
        args.name,
        args.password,
        share=args.share,
        downloads=args.downloads,
        upload_kib=args.upload,
        slots=args.slots,
    )
    user = User(LegacyClient(given), args.join, args.retry, downloads=args.downloads is not None)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, user.stop)

    def hand_over(line: str) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the user has left
            loop.call_soon_threadsafe(user.hear, line)

    end_with_parent(hand_over)
    await user.run()
    return 0


def main(argv: list[str] | None = None) -> int:
    """Runs until its parent is gone, an order to stop or a signal; returns the exit code."""
    parser = argparse.ArgumentParser(prog="slskmesh.demo.soulseek.user", description=__doc__)
    parser.add_argument("--server", required=True, metavar="HOST:PORT")
    parser.add_argument("--name", required=True)
    parser.add_argument("--password", default="demo")
    parser.add_argument("--share", type=Path, default=None, metavar="DIR")
    parser.add_argument("--downloads", type=Path, default=None, metavar="DIR")
    parser.add_argument(
        "--upload", type=int, default=0, metavar="KIB", help="KiB/s of all uploads; 0: no limit"
    )
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--join", action="append", default=[], metavar="ROOM")
    parser.add_argument("--retry", type=float, default=2.0, metavar="SECONDS")
    args = parser.parse_args(argv)
    codec.silence()
    try:
        return asyncio.run(_main(args))
    except SlskmeshError as error:
        print(f"slskmesh: {error}", file=sys.stderr)
        return error.exit_code
    except AioSlskException as error:
        print(f"slskmesh: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
