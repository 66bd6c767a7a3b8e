"""The engine on one side, Textual's loop on the other: views and events up, commands down.

Rules: nothing here blocks the loop; the engine's thread only schedules a drain; drains are at least `interval` seconds
apart, the first one immediate; commands given before the engine is up wait, in order and bounded.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable

from slskmesh.engine.client import Batch, EngineClient
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Reply
from slskmesh.engine.job_views import JobsView
from slskmesh.engine.legacy_views import LegacyDownloadsView
from slskmesh.engine.views import TransfersView
from tui.viewmodel.state import ACTIVE, at_work, legacy_at_work

WAITING_MAX = 200
REPLIES_MAX = 2_000
OnReply = Callable[[Reply], None]


class Bridge:
    """One engine client as the app uses it."""

    def __init__(
        self,
        client: EngineClient,
        interval: float,
        on_batch: Callable[[Batch], None],
        on_failed: Callable[[Exception], None],
    ) -> None:
        self.client = client
        self.interval = interval
        self._on_batch = on_batch
        self._on_failed = on_failed
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.Context()
        self._kicked = threading.Event()
        self._last = 0.0
        self.ready = asyncio.Event()
        self._waiting: deque[tuple[Command, OnReply | None, Callable[[int], None] | None]] = deque()
        self._replies: dict[int, OnReply] = {}
        self._closed = False

    def start(self) -> None:
        """Starts the engine from a thread of its own, so that its imports do not delay a key."""
        self._loop = asyncio.get_running_loop()
        self._context = (
            contextvars.copy_context()
        )  # Textual finds its app in it, for timers made in callbacks
        threading.Thread(target=self._start, name="slskmesh-start", daemon=True).start()

    def _start(self) -> None:
        try:
            self.client.start(self.wake)
        except Exception as error:  # noqa: BLE001 - every failure to start is shown by the app, none is lost
            self._to_loop(self._on_failed, error)
        else:
            self._to_loop(self._started)

    def _to_loop(self, call: Callable[..., object], *args: object) -> None:
        try:
            if self._loop is not None:
                self._loop.call_soon_threadsafe(call, *args, context=self._context)
        except RuntimeError:
            self._closed = True  # the loop has ended: nobody is left to tell

    def _started(self) -> None:
        self.ready.set()
        while self._waiting:
            self._post(*self._waiting.popleft())
        self._drain()

    def wake(self) -> None:
        """The engine has something; any thread."""
        if not self._kicked.is_set() and not self._closed:
            self._kicked.set()
            self._to_loop(self._schedule)

    def _schedule(self) -> None:
        assert self._loop is not None
        delay = self._last + self.interval - self._loop.time()
        if delay <= 0:
            self._drain()
        else:
            self._loop.call_later(delay, self._drain)

    def _drain(self) -> None:
        if self._closed or self._loop is None:
            return
        self._kicked.clear()
        self._last = self._loop.time()
        batch = self.client.drain()
        for event in batch.events:
            if isinstance(event, Reply):
                reply = self._replies.pop(event.request, None)
                if reply is not None:
                    reply(event)
        self._on_batch(batch)

    def ask(
        self, command: Command, on_reply: OnReply | None = None, on_sent: Callable[[int], None] | None = None
    ) -> None:
        """Sends a command. `on_sent` gets its request number, `on_reply` its answer."""
        if self.ready.is_set():
            self._post(command, on_reply, on_sent)
        elif len(self._waiting) < WAITING_MAX:
            self._waiting.append((command, on_reply, on_sent))

    def _post(
        self, command: Command, on_reply: OnReply | None, on_sent: Callable[[int], None] | None
    ) -> None:
        request = self.client.post(command)
        if on_reply is not None:
            if len(self._replies) >= REPLIES_MAX:
                self._replies.pop(next(iter(self._replies)))
            self._replies[request] = on_reply
        if on_sent is not None:
            on_sent(request)

    def close(self) -> None:
        """The app ends: nothing is drained any more."""
        self._closed = True


def linger(
    client: EngineClient,
    ended: threading.Event,
    running: int,
    jobs: int = 0,
    poll: float = 1.0,
    legacy: int = 0,
) -> None:
    """After a hang-up with `ui.on_hangup = "keep-running"`: stays until no download and no job is at work, or `ended`
    is set. `running` (from peers), `jobs` and `legacy` (from Soulseek users) are how many were when the screen went."""
    downloads = running
    while not ended.is_set():
        for view in client.drain().views:
            if isinstance(view, TransfersView):
                downloads = sum(1 for t in view.transfers if t.state in ACTIVE)
            elif isinstance(view, LegacyDownloadsView):
                legacy = legacy_at_work(view.downloads)
            elif isinstance(view, JobsView):
                jobs = at_work(view.jobs)
        if not downloads and not jobs and not legacy:
            return
        ended.wait(poll)
