"""The demo's Soulseek: a server, two legacy users with shares of their own, and the account of the demo's user.

Rules:
- `snail` sends slowly what peers have as well, byte for byte; `gull` sends steadily what nobody else has.
- The server keeps its port and its users' names for its return. A kill is a kill: nobody is told before.
- Which process belongs to whom is known here, how a process is started and ended is the network's matter.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from slskmesh.demo.child import Child, Said
from slskmesh.errors import SlskmeshError, StorageError

ROOM: Final = "harbour"
YOU: Final = "you"
PASSWORD: Final = "demo"
SLOW: Final = "snail"
STEADY: Final = "gull"
SLOW_KIB: Final = 6  # per second; below what `rescue.rate` calls too slow
STEADY_KIB: Final = 48  # above it
_RETRY: Final = 0.5  # seconds between two tries of a legacy user to be on the server


class Processes(Protocol):
    """How processes are started and ended (`demo.network.Network`)."""

    @property
    def root(self) -> Path:
        """The demo's folder."""

    def spawn(self, name: str, args: Sequence[str]) -> Child:
        """Starts a process that ends with the demo."""

    def end_hard(self, child: Child) -> None:
        """SIGKILL; returns when the process is gone."""


class LegacyUser(msgspec.Struct):
    """One of the other people on the demo's Soulseek."""

    name: str
    upload_kib: int
    child: Child | None = None
    files: int = 0  # by its own word
    online: bool = False


class Soulseek:
    """See the head of this file. `address` is "host:port" from the server's first ready line on."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._server: Child | None = None
        self._ready = False
        self.address = ""
        self.users = {name: LegacyUser(name, kib) for name, kib in ((SLOW, SLOW_KIB), (STEADY, STEADY_KIB))}
        self.whispers: list[tuple[str, str, str]] = []  # to whom, from whom, text

    @property
    def running(self) -> bool:
        """Whether the server takes logins."""
        return self._server is not None and self._ready

    def missing(self) -> list[str]:
        """Who is not yet where he should be: the server, or users who are not on it."""
        if not self.running:
            return ["Soulseek server"]
        return [user.name for user in self.users.values() if not user.online]

    # -- the server --------------------------------------------------------------------------------------------

    def start_server(self) -> None:
        """Starts it, at the port it had before; its ready line comes through `hear`."""
        if self._server is not None:
            return
        port = self.address.rpartition(":")[2] or "0"
        names = self._processes.root / "soulseek.users"
        args = ["slskmesh.demo.soulseek.server", "--port", port, "--users", str(names)]
        self._ready = False
        self._server = self._processes.spawn("soulseek", args)

    def stop_server(self) -> None:
        """SIGKILL; returns when it is gone. Nothing where it does not run."""
        if self._server is not None:
            server, self._server = self._server, None
            self._ready = False
            self._processes.end_hard(server)
            for user in self.users.values():
                user.online = False  # as he finds out by himself in this moment

    # -- users -------------------------------------------------------------------------------------------------

    def start_users(self, tapes: Sequence[Path]) -> None:
        """Gives each his share of the tapes and starts them; the server's address is known."""
        shares = {SLOW: tapes[:1], STEADY: tapes[1:]}
        for user in self.users.values():
            share = self._processes.root / "shares" / user.name / "tapes"
            furnish(share, shares[user.name])
            args = ["slskmesh.demo.soulseek.user", "--server", self.address, "--name", user.name]
            args += ["--share", str(share), "--upload", str(user.upload_kib), "--slots", "1"]
            args += ["--join", ROOM, "--retry", str(_RETRY)]
            user.child = self._processes.spawn(user.name, args)

    def order(self, name: str, **what: Any) -> None:
        """Tells a user to do something (`demo/soulseek/user.py` has the list)."""
        child = self.users[name].child
        if child is not None:
            child.tell(what)

    def hear(self, said: Said) -> None:
        """Takes one word of any process; those of others are nothing to it. SlskmeshError: one of ours ended."""
        if said.child is self._server:
            if said.what is None:
                raise SlskmeshError(f"the Soulseek server ended: {said.child.last_words()}")
            self._ready = self._ready or bool(said.what.get("ready"))
            self.address = said.what.get("server", self.address)
        for user in self.users.values():
            if said.child is user.child:
                self._hear_user(user, said)

    def _hear_user(self, user: LegacyUser, said: Said) -> None:
        if said.what is None:
            raise SlskmeshError(f"the legacy user {user.name} ended: {said.child.last_words()}")
        user.files = said.what.get("files", user.files) if said.what.get("ready") else user.files
        user.online = said.what.get("online", user.online)
        if "whispered" in said.what:
            self.whispers.append((user.name, said.what["user"], said.what["whispered"]))

    # -- the demo's user ---------------------------------------------------------------------------------------

    def account(self, home: Path, *, name: str, patience: int, rescue_over: int) -> dict[str, Any]:
        """Settings that put a home on this Soulseek, once there is a `name`. `patience`: seconds of silence before
        mesh-only mode begins, `rescue_over`: seconds that a transfer must be too slow. The password's file is for
        `write_password`.
        """
        return {
            "soulseek": {
                "server": self.address,
                "username": name,
                "password_file": str(home / "soulseek.password"),
                "listen": "127.0.0.1:0",
            },
            "mesh": {"disaster_mode": {"after": patience}},
            "rescue": {"over": rescue_over},
        }


def write_password(home: Path) -> None:
    """The password of the demo's user, readable by its owner only. StorageError."""
    try:
        handle = os.open(
            home / "soulseek.password", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
        )
        with open(handle, "w", encoding="utf-8") as file:
            file.write(f"{PASSWORD}\n")
    except OSError as error:
        raise StorageError(f"{home}: the password cannot be kept: {error}") from error


def furnish(share: Path, files: Sequence[Path]) -> None:
    """Puts files into a share, in the two folders they stand in, by links where the file system has them."""
    for path in files:
        target = share.joinpath(*path.parts[-3:])
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, target)
        except OSError:
            shutil.copy(path, target)
