"""Nicotine+ as a process that speaks JSON lines: its unchanged core (`pynicotine`), driven from outside.

`python -m tests.e2e.nicotine_driver --home DIR --server HOST:PORT --name NAME --port PORT [--share DIR]`
It keeps all it has below DIR (downloads in DIR/downloads), listens on 127.0.0.1 only, and maps no port (the part of the
core that would is not started). tests/e2e/nicotine.py is the other end and says what the lines are.

The rescan of shares is a process of its own that imports this module again: nothing happens at import.
"""

from __future__ import annotations

import argparse
import functools
import json
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slskmesh.engine.serve import end_with_parent, json_line

HOST = "127.0.0.1"
TICK = 0.02  # seconds; the core's own main loop looks for events ten times a second
PARTS = {
    *("error_handler", "network_thread", "shares", "users", "notifications", "network_filter", "statistics"),
    *("search", "downloads", "uploads", "interests", "userbrowse", "userinfo", "buddies", "chatrooms"),
    *("privatechat", "pluginhandler"),
}


class Driver:
    """Orders to calls of the core, its events to lines."""

    def __init__(self, core: Any, config: Any, events: Any, messages: Any) -> None:
        self.core = core
        self.config = config
        self.events = events
        self.messages = messages

    def listen(self) -> None:
        """Writes what the core tells."""
        heard: dict[str, Callable[..., None]] = {
            "server-login": self._login,
            "server-disconnect": lambda *_: json_line({"event": "offline"}),
            "shares-ready": lambda ok: json_line({"event": "shares", "ok": bool(ok)}),
            "file-search-response": self._answer,
            "shared-file-list-response": self._listing,
            "update-download": functools.partial(self._transfer, "download"),
            "update-upload": functools.partial(self._transfer, "upload"),
            "abort-download": lambda transfer, *_: self._transfer("download", transfer),
            "abort-upload": lambda transfer, *_: self._transfer("upload", transfer),
            "say-chat-room": self._said,
            "join-room": lambda msg: json_line(
                {"event": "joined", "room": msg.room, "users": [user.username for user in msg.users]}
            ),
            "message-user": self._whispered,
            "user-info-response": self._info,
            "user-status": lambda msg: json_line({"event": "status", "user": msg.user, "status": msg.status}),
            "admin-message": lambda msg: json_line({"event": "announced", "text": msg.msg}),
            "log-message": self._log,
        }
        for name, handler in heard.items():
            self.events.connect(name, handler)

    def obey(self, order: dict[str, Any]) -> None:
        """Does one thing; runs on the core's main thread."""
        getattr(self, f"do_{order.pop('do')}")(**order)

    # -- orders ------------------------------------------------------------------------------------------------

    def do_connect(self) -> None:
        self.core.connect()

    def do_disconnect(self) -> None:
        self.core.disconnect()

    def do_search(self, text: str, mode: str = "global", users: list[str] | None = None) -> None:
        self.core.search.do_search(text, mode, users=users)

    def do_browse(self, user: str) -> None:
        self.core.userbrowse.browse_user(user, new_request=True)

    def do_download(self, user: str, path: str, size: int) -> None:
        self.core.downloads.enqueue_download(user, path, size=size)

    def do_download_folder(self, user: str, folder: str) -> None:
        self.core.downloads.enqueue_folder(user, folder)

    def do_pause(self, user: str, path: str) -> None:
        self.core.downloads.abort_downloads([self.core.downloads.transfers[user + path]])

    def do_retry(self, user: str, path: str) -> None:
        self.core.downloads.retry_download(self.core.downloads.transfers[user + path])

    def do_place(self, user: str, path: str) -> None:
        self.core.send_message_to_peer(user, self.messages.PlaceInQueueRequest(path))

    def do_join(self, room: str) -> None:
        self.core.chatrooms.show_room(room)

    def do_say(self, room: str, text: str) -> None:
        self.core.chatrooms.send_message(room, text)

    def do_whisper(self, user: str, text: str) -> None:
        self.core.privatechat.send_message(user, text)

    def do_info(self, user: str) -> None:
        self.core.userinfo.show_user(user, refresh=True)

    def do_watch(self, user: str) -> None:
        self.core.users.watch_user(user, context="driver")

    def do_ban(self, user: str) -> None:
        self.core.network_filter.ban_user(user)

    def do_unban(self, user: str) -> None:
        self.core.network_filter.unban_user(user)

    def do_limit(self, upload: int, slots: int = 2) -> None:
        self.set_limits(upload, slots)
        self.core.uploads.update_transfer_limits()

    def set_limits(self, upload: int, slots: int) -> None:
        """KiB/s of all uploads together (0: no limit), and slots."""
        transfers = self.config.sections["transfers"]
        transfers["use_upload_speed_limit"] = "primary" if upload else "unlimited"
        transfers["uploadlimit"] = upload
        transfers["limitby"] = True
        transfers["useupslots"] = True
        transfers["uploadslots"] = slots

    # -- events ------------------------------------------------------------------------------------------------

    def _login(self, msg: Any) -> None:
        json_line({"event": "login", "ok": bool(msg.success), "reason": msg.reason or ""})

    def _answer(self, msg: Any) -> None:
        if msg.token is None:
            return
        files = [
            {"path": path, "size": size, "attributes": {str(key): value for key, value in attributes.items()}}
            for _code, path, size, _ext, attributes, *_ in msg.list
        ]
        fields = {"user": msg.username, "free": bool(msg.freeulslots), "queue": msg.inqueue}
        json_line({"event": "answer", **fields, "files": files})

    def _listing(self, msg: Any) -> None:
        folders = {
            folder: [[name, size] for _code, name, size, *_ in files] for folder, files in msg.list or ()
        }
        json_line({"event": "listing", "user": msg.username, "folders": folders})

    def _transfer(self, kind: str, transfer: Any, _update_parent: bool = True) -> None:
        json_line(
            {
                "event": kind,
                "user": transfer.username,
                "path": transfer.virtual_path,
                "status": transfer.status,
                "done": transfer.current_byte_offset or 0,
                "moved": transfer.transferred_bytes_total,
                "size": transfer.size,
                "place": transfer.queue_position,
            }
        )

    def _said(self, msg: Any) -> None:
        json_line({"event": "said", "room": msg.room, "user": msg.user, "text": msg.message})

    def _whispered(self, msg: Any, queued_message: bool = False) -> None:
        if msg.message_id is not None and (
            queued_message or msg.user not in self.core.privatechat.private_message_queue
        ):
            fields = {"user": msg.user, "text": msg.message, "new": bool(msg.is_new_message)}
            json_line({"event": "whispered", **fields})

    def _info(self, msg: Any) -> None:
        fields = {
            "text": msg.descr,
            "slots": msg.totalupl,
            "queue": msg.queuesize,
            "free": bool(msg.slotsavail),
        }
        json_line({"event": "info", "user": msg.username, **fields})

    def _log(self, _timestamp: Any, message: str, *_: Any) -> None:
        print(message, file=sys.stderr, flush=True)


def _configure(driver: Driver, args: argparse.Namespace) -> None:
    host, _, port = args.server.rpartition(":")
    server = driver.config.sections["server"]
    server["server"] = (host, int(port))
    server["login"], server["passw"] = args.name, args.password
    server["portrange"] = (args.port, args.port)
    server["upnp"] = False
    server["autoaway"] = 0
    transfers = driver.config.sections["transfers"]
    transfers["downloaddir"] = str(args.home / "downloads")
    transfers["incompletedir"] = str(args.home / "incomplete")
    transfers["shared"] = [("Music", str(args.share))] if args.share is not None else []
    driver.set_limits(args.upload, args.slots)


def main(argv: list[str] | None = None) -> int:
    """Runs until its parent is gone or a signal."""
    parser = argparse.ArgumentParser(prog="nicotine_driver")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--server", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--password", default="secret")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--share", type=Path, default=None)
    parser.add_argument("--upload", type=int, default=0, help="KiB/s")
    parser.add_argument("--slots", type=int, default=2)
    args = parser.parse_args(argv)

    from pynicotine import slskmessages
    from pynicotine.config import config
    from pynicotine.core import core
    from pynicotine.events import events

    config.set_config_file(str(args.home / "config"))
    config.set_data_folder(str(args.home / "data"))
    core.cli_interface_address = HOST
    core.init_components(enabled_components=PARTS, isolated_mode=True)
    driver = Driver(core, config, events, slskmessages)
    _configure(driver, args)
    driver.listen()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, core.quit)
    end_with_parent(lambda line: events.invoke_main_thread(driver.obey, json.loads(line)))
    core.start()
    json_line({"event": "ready", "port": args.port})
    while events.process_thread_events():
        time.sleep(TICK)
    return 0


if __name__ == "__main__":
    sys.exit(main())
