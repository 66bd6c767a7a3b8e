"""A Nicotine+ that a test drives: the client none of us wrote, headless, on this machine only.

    with Nicotine(folder, server.address, "nic", share=music) as nic:
        nic.online()                                    # logged in, shares scanned
        answers = nic.search("slow ferries", 1)         # one answer a user
        folders = nic.browse("ann")                     # {folder: [(name, size)]}
        nic.download("ann", path, size)                 # then nic.progress(...), nic.finished(...)
        nic.kill(); nic.start()                         # the same home again: what was there is taken up

Needs `pip install --no-deps nicotine-plus==3.3.11`; `MISSING` is the reason to skip a test without it.
"""

from __future__ import annotations

import importlib.util
import queue
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from slskmesh.demo.child import Child, Said

T = TypeVar("T")
PATIENCE = 40.0
VERSION = "3.3.11"
MISSING = (
    "" if importlib.util.find_spec("pynicotine") else f"needs pip install --no-deps nicotine-plus=={VERSION}"
)
FINISHED, TRANSFERRING, QUEUED = "Finished", "Transferring", "Queued"


class Answer(NamedTuple):
    """One user's answer to a search: `files` are {"path", "size", "attributes": {number: value}}."""

    user: str
    files: list[dict[str, Any]]
    free: bool
    queue: int


class Transfer(NamedTuple):
    """How a transfer stands: `status` in Nicotine+'s words, bytes done, bytes moved by this process (without what was
    there when it began), the file's size, its place in the queue.
    """

    status: str
    done: int
    moved: int
    size: int
    place: int


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Nicotine:
    """One client. `share` is a folder it shares as "Music"; `upload` its limit in KiB/s (0: none)."""

    def __init__(
        self,
        folder: Path,
        server: str,
        name: str,
        *,
        share: Path | None = None,
        password: str = "secret",
        upload: int = 0,
        slots: int = 2,
    ) -> None:
        self.name = name
        self.home = folder / f"nicotine-{name}"
        self.downloads = self.home / "downloads"
        self.home.mkdir(parents=True, exist_ok=True)
        self._args = ["--home", str(self.home), "--server", server, "--name", name, "--password", password]
        self._args += ["--upload", str(upload), "--slots", str(slots)]
        self._args += ["--share", str(share)] if share is not None else []
        self.start()

    def start(self) -> None:
        """Starts the process; again after `kill`, with the same home and another port."""
        self._inbox: queue.SimpleQueue[Said] = queue.SimpleQueue()
        self.heard: list[dict[str, Any]] = []
        self._transfers: dict[tuple[str, str, str], Transfer] = {}
        self._statuses: dict[tuple[str, str, str], list[str]] = {}
        self._ended = False
        words = ["tests.e2e.nicotine_driver", *self._args, "--port", str(free_port())]
        self._child = Child(self.name, words, self.home / "stderr.log", self._inbox)

    def __enter__(self) -> Nicotine:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._child.pid

    def end(self) -> None:
        """Ends it in order."""
        self._child.end(PATIENCE)

    def kill(self) -> None:
        """Ends it at once, as a power cut does."""
        self._child.kill()

    # -- what it is told ---------------------------------------------------------------------------------------

    def do(self, what: str, **fields: Any) -> None:
        """Any order of the driver, without waiting for what comes of it."""
        self._child.tell({"do": what, **fields})

    def online(self) -> None:
        """Waits until it is ready and has scanned its shares, logs in, and waits for that."""
        self.wait("ready")
        self.wait("shares")
        self.do("connect")
        login = self.wait("login")
        assert login["ok"], login["reason"]

    def login(self) -> str:
        """Tries to log in; the refusal in the server's words, empty if there was none."""
        self.wait("ready")
        self.do("connect")
        login = self.wait("login")
        return "" if login["ok"] else str(login["reason"])

    def search(self, text: str, answers: int, *, user: str = "") -> list[Answer]:
        """Searches everybody (or one user) and waits for so many answers."""
        before = len(self.heard)
        if user:
            self.do("search", text=text, mode="user", users=[user])
        else:
            self.do("search", text=text)

        def found() -> list[Answer] | None:
            got = [e for e in self.heard[before:] if e["event"] == "answer"]
            made = [Answer(e["user"], e["files"], e["free"], e["queue"]) for e in got]
            return made if len(made) >= answers else None

        return self.until(found, f"{answers} answers to {text!r}")

    def browse(self, user: str) -> dict[str, list[tuple[str, int]]]:
        """A user's shares: folder -> names and sizes."""
        self.do("browse", user=user)
        listing = self.wait("listing", user=user)
        return {
            folder: [(name, size) for name, size in files] for folder, files in listing["folders"].items()
        }

    def download(self, user: str, path: str, size: int) -> None:
        """Asks a user for a file of his; it comes to `downloads`."""
        self.do("download", user=user, path=path, size=size)

    def download_folder(self, user: str, folder: str) -> None:
        """Asks a user for a folder of his; it comes to a folder of its name in `downloads`."""
        self.do("download_folder", user=user, folder=folder)

    def retry(self, user: str, path: str) -> None:
        """Asks again for a download that failed or was paused."""
        self.do("retry", user=user, path=path)

    def pause(self, user: str, path: str) -> None:
        """Pauses a download."""
        self.do("pause", user=user, path=path)

    def join(self, room: str) -> list[str]:
        """Joins a room; who is in it."""
        self.do("join", room=room)
        return list(self.wait("joined", room=room)["users"])

    def say(self, room: str, text: str) -> None:
        """Says a line in a room it is in."""
        self.do("say", room=room, text=text)

    def whisper(self, user: str, text: str) -> None:
        """Sends a private message."""
        self.do("whisper", user=user, text=text)

    # -- what it tells -----------------------------------------------------------------------------------------

    def transfer(self, user: str, path: str, *, kind: str = "download") -> Transfer | None:
        """The newest state of a download (or "upload")."""
        return self._transfers.get((kind, user, path))

    def statuses(self, user: str, path: str, *, kind: str = "download") -> list[str]:
        """What a transfer went through, in order."""
        return list(self._statuses.get((kind, user, path), ()))

    def left(self, user: str, path: str, *, kind: str = "download") -> Transfer:
        """Waits until a transfer has run and does not any more."""

        def over() -> Transfer | None:
            now = self.transfer(user, path, kind=kind)
            ran = TRANSFERRING in self.statuses(user, path, kind=kind)
            return now if now is not None and ran and now.status != TRANSFERRING else None

        return self.until(over, f"the end of {path}")

    def progress(self, user: str, path: str, least: int, *, kind: str = "download") -> Transfer:
        """Waits until at least so many bytes of a transfer are through."""

        def far() -> Transfer | None:
            now = self.transfer(user, path, kind=kind)
            return now if now is not None and now.done >= least else None

        return self.until(far, f"{least} bytes of {path}")

    def finished(
        self, user: str, path: str, *, kind: str = "download", timeout: float = PATIENCE
    ) -> Transfer:
        """Waits until a transfer is whole."""
        return self.reach(user, path, FINISHED, kind=kind, timeout=timeout)

    def reach(
        self, user: str, path: str, status: str, *, kind: str = "download", timeout: float = PATIENCE
    ) -> Transfer:
        """Waits until a transfer has this status."""

        def there() -> Transfer | None:
            now = self.transfer(user, path, kind=kind)
            return now if now is not None and now.status == status else None

        return self.until(there, f"{path} to be {status}", timeout)

    def place(self, user: str, path: str) -> int:
        """Asks for and waits for the place of a download in the other side's queue, from 1."""
        self.do("place", user=user, path=path)

        def told() -> int | None:
            now = self.transfer(user, path)
            return now.place or None if now is not None else None

        return self.until(told, f"the place of {path}")

    def wait(self, event: str, timeout: float = PATIENCE, **fields: Any) -> dict[str, Any]:
        """The first event of a kind with these fields since the last one that was waited for; it is taken away."""

        def come() -> dict[str, Any] | None:
            for place, heard in enumerate(self.heard):
                if heard["event"] == event and all(heard.get(key) == value for key, value in fields.items()):
                    return self.heard.pop(place)
            return None

        return self.until(come, f"the event {event} with {fields}", timeout)

    def until(self, ready: Callable[[], T | None], what: str, timeout: float = PATIENCE) -> T:
        """Hears until `ready` gives something; AssertionError if it does not in time or the process ends."""
        deadline = time.monotonic() + timeout
        while (found := ready()) is None:
            left = deadline - time.monotonic()
            try:
                said = self._inbox.get(timeout=max(left, 0.001)).what
            except queue.Empty:
                raise AssertionError(f"{self.name}: no {what} in {timeout:g} s. {self.state()}") from None
            if said is None:
                raise AssertionError(f"{self.name} ended while waiting for {what}. {self.state()}")
            self._hear(said)
        return found

    def state(self) -> str:
        """Its transfers, the last events and the last line of its log, for a failing test."""
        return f"{self._transfers} {self.heard[-8:]} {self._child.last_words()}"

    def _hear(self, said: dict[str, Any]) -> None:
        if said["event"] in ("download", "upload"):
            now = Transfer(said["status"], said["done"], said["moved"], said["size"], said["place"])
            key = (said["event"], said["user"], said["path"])
            self._transfers[key] = now
            statuses = self._statuses.setdefault(key, [])
            statuses += [now.status] if statuses[-1:] != [now.status] else []
        else:
            self.heard.append(said)
