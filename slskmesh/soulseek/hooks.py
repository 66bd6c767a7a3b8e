"""After a file or a folder is finished: a command or a webhook of the person's, and a log of how each went.

Rules:
- A command is a list of arguments, never a shell's line; the path is its last argument, what else is known of it is in
  its environment (SLSKMESH_EVENT, SLSKMESH_USER, SLSKMESH_REMOTE). It runs in a process group of its own, with nothing
  to read; after its time the whole group is killed, as is what it leaves running when it ends.
- A webhook is one POST of JSON, sent to that address only: no proxy, no redirect, ten seconds for all of it.
- Of what either says the first line is kept, sanitised; the rest is read and thrown away up to a bound.
- At most ACTIVE run at once. What finds no room in the queue is not run, and the log says so.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import trio

from slskmesh.errors import UserError
from slskmesh.text import SafeStr, sanitize

ACTIVE: Final = 2
QUEUE_MAX: Final = 500
LOG_MAX: Final = 200
HOOKS_MAX: Final = 20
COMMAND_SECONDS: Final = 60.0
WEBHOOK_SECONDS: Final = 10.0
_OUTPUT_MAX: Final = 64 << 10  # bytes
_LINGER: Final = 1.0  # seconds for the output of a group that was killed
_THREADS: Final = 8  # webhooks whose server never ends its answer hold one for a while

_FORMS: Final = "write “file PROGRAM ARGUMENT…”, “folder PROGRAM ARGUMENT…” or “file https://host/path”"

Event = Literal["file", "folder"]


class Hook(msgspec.Struct, frozen=True):
    """One thing to do; `command` or `url`, for the events it is for."""

    on: Event
    command: tuple[str, ...] = ()
    url: str = ""
    seconds: float = COMMAND_SECONDS

    def checked(self) -> Hook:
        """Itself. UserError: it cannot be done."""
        if bool(self.command) == bool(self.url):
            raise UserError("a hook is a command or a webhook")
        if self.command and (not self.command[0] or any("\0" in word for word in self.command)):
            raise UserError("a hook's command is a list: the program, then its arguments")
        if self.url:
            try:
                parts = urllib.parse.urlsplit(self.url)
                there = parts.scheme in ("http", "https") and parts.hostname is not None and parts.port != 0
            except ValueError:
                there = False
            if not there or not self.url.isascii() or not self.url.isprintable() or " " in self.url:
                raise UserError("a webhook's address begins with https:// or http:// and names a host")
        if not 0 < self.seconds <= 3600:
            raise UserError("a hook has up to 3600 seconds")
        return self

    @property
    def name(self) -> SafeStr:
        """What the log calls it: the program, or the host; an address may hold a secret."""
        if self.command:
            return sanitize(os.path.basename(self.command[0]), 60)
        parts = urllib.parse.urlsplit(self.url)
        return sanitize(f"{parts.scheme}://{parts.hostname or ''}", 60)


def parse_hook(text: str) -> Hook:
    """The hook of a line: when, then a program with its arguments or an address. UserError says what is allowed.

    Words are parted as a shell parts them, quotes and backslashes included; nothing else of a shell is there.
    """
    shown = sanitize(text, 60)
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UserError(f"“{shown}”: a quote in it is not closed, or it ends with a backslash") from error
    if len(words) < 2 or words[0] not in ("file", "folder"):
        raise UserError(f"“{shown}” is no hook: {_FORMS}")
    event: Event = "file" if words[0] == "file" else "folder"
    if "://" not in words[1]:
        return Hook(event, command=tuple(words[1:])).checked()
    if len(words) > 2:
        raise UserError(f"“{shown}”: a webhook is one address; what happened is sent to it as JSON")
    return Hook(event, url=words[1]).checked()


class Happened(msgspec.Struct, frozen=True):
    """What a hook is told."""

    event: Event
    path: Path
    user: str
    remote: str = ""


class HookRan(msgspec.Struct, frozen=True):
    """One line of the log. `code`: exit code, negative for a signal, or the HTTP status; None: neither."""

    when: float  # Unix seconds
    event: Event
    hook: SafeStr
    target: SafeStr
    seconds: float
    code: int | None
    line: SafeStr  # the first of what it said, or what was wrong
    good: bool


class Hooks:
    """See the head of this file. On the engine's loop."""

    def __init__(
        self,
        hooks: Sequence[Hook] = (),
        *,
        wall: Callable[[], float] = time.time,
        on_ran: Callable[[HookRan], None] = lambda ran: None,
    ) -> None:
        self._hooks: tuple[Hook, ...] = ()
        self._wall = wall
        self._on_ran = on_ran
        self._log: deque[HookRan] = deque(maxlen=LOG_MAX)
        self._send, self._take = trio.open_memory_channel[tuple[Hook, Happened]](QUEUE_MAX)
        self._threads = trio.CapacityLimiter(_THREADS)
        self.set_hooks(hooks)

    def set_hooks(self, hooks: Sequence[Hook]) -> None:
        """What is done from now on. UserError: one cannot be."""
        if len(hooks) > HOOKS_MAX:
            raise UserError(f"there are at most {HOOKS_MAX} hooks")
        self._hooks = tuple(hook.checked() for hook in hooks)

    def happened(self, what: Happened) -> None:
        """Queues the hooks of an event; never waits."""
        for hook in self._hooks:
            if hook.on == what.event:
                try:
                    self._send.send_nowait((hook, what))
                except trio.WouldBlock:
                    self._ran(hook, what, 0.0, None, "not run: too many wait", False)

    async def test(self, hook: Hook, what: Happened) -> HookRan:
        """Runs one now; how it went."""
        return await self._one(hook.checked(), what)

    def log(self) -> tuple[HookRan, ...]:
        """The latest, oldest first."""
        return tuple(self._log)

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Works on the queue until cancelled; commands that run then are killed."""
        async with trio.open_nursery() as nursery:
            for _ in range(ACTIVE):
                nursery.start_soon(self._work)
            task_status.started()

    async def _work(self) -> None:
        while True:
            hook, what = await self._take.receive()
            await self._one(hook, what)

    async def _one(self, hook: Hook, what: Happened) -> HookRan:
        began = trio.current_time()
        try:
            code, said = await (self._command(hook, what) if hook.command else self._webhook(hook, what))
            good = code == 0 if hook.command else 200 <= code < 300
            return self._ran(hook, what, began, code, said, good)
        except trio.TooSlowError:
            return self._ran(hook, what, began, None, f"took more than {self._seconds(hook):g} s", False)
        except OSError as error:
            return self._ran(hook, what, began, None, error.strerror or str(error), False)

    def _ran(
        self, hook: Hook, what: Happened, began: float, code: int | None, said: str | bytes, good: bool
    ) -> HookRan:
        raw = said if isinstance(said, bytes) else said.encode("utf-8", "replace")
        lines = raw[:4096].strip().splitlines()
        first = sanitize(lines[0] if lines else b"", 200)
        seconds = trio.current_time() - began if began else 0.0
        target = sanitize(what.path.name, 120)
        ran = HookRan(self._wall(), what.event, hook.name, target, seconds, code, first, good)
        self._log.append(ran)
        self._on_ran(ran)
        return ran

    @staticmethod
    def _seconds(hook: Hook) -> float:
        return hook.seconds if hook.command else min(hook.seconds, WEBHOOK_SECONDS)

    # -- commands ----------------------------------------------------------------------------------------------

    async def _command(self, hook: Hook, what: Happened) -> tuple[int, bytes]:
        words = {"EVENT": what.event, "USER": what.user, "REMOTE": what.remote}
        clean = {
            f"SLSKMESH_{name}": text.replace("\0", "").encode("utf-8", "replace").decode()
            for name, text in words.items()
        }
        process = await trio.lowlevel.open_process(
            [*hook.command, str(what.path.absolute())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env={**os.environ, **clean},
        )
        said = bytearray()
        read = trio.Event()
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._read, process, said, read)
                try:
                    with trio.move_on_after(hook.seconds) as time_left:
                        await process.wait()
                finally:
                    _kill(process)
                with trio.move_on_after(_LINGER):
                    await read.wait()
                nursery.cancel_scope.cancel()
        finally:
            with trio.CancelScope(shield=True):
                await process.wait()
                if process.stdout is not None:
                    await process.stdout.aclose()
        if time_left.cancelled_caught:
            raise trio.TooSlowError
        return process.returncode or 0, bytes(said)

    @staticmethod
    async def _read(process: trio.Process, said: bytearray, read: trio.Event) -> None:
        """Takes what it says, keeps the beginning."""
        if process.stdout is not None:
            async for data in process.stdout:
                said += data[: _OUTPUT_MAX - len(said)]
        read.set()

    # -- webhooks ----------------------------------------------------------------------------------------------

    async def _webhook(self, hook: Hook, what: Happened) -> tuple[int, bytes]:
        body = json.dumps(
            {"event": what.event, "path": str(what.path), "user": what.user, "remote": what.remote}
        ).encode()
        post = partial(_post, hook.url, body, self._seconds(hook))
        with trio.fail_after(self._seconds(hook)):
            return await trio.to_thread.run_sync(post, abandon_on_cancel=True, limiter=self._threads)


def _kill(process: trio.Process) -> None:
    """Its whole group, also what it left running."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # all of it has ended


class _Stay(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: a redirect is the answer."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def _post(url: str, body: bytes, seconds: float) -> tuple[int, bytes]:
    """Status and beginning of the answer. OSError, also where it is not HTTP."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay())
    headers = {"Content-Type": "application/json", "User-Agent": "slskmesh"}
    request = urllib.request.Request(url, body, headers, method="POST")
    try:
        with opener.open(request, timeout=seconds) as answer:
            return answer.status, answer.read(4096)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(4096)
    except urllib.error.URLError as error:
        raise OSError(f"cannot be reached: {error.reason}") from error
    except (HTTPException, ValueError) as error:
        raise OSError(f"does not speak HTTP: {type(error).__name__}") from error
