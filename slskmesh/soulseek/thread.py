"""A plain asyncio loop on a thread of its own, called from the engine's trio loop (design.md 2.1).

Rules:
- A call runs as one asyncio task. Cancelling the trio side cancels that task, and trio goes on only after the task
  has unwound: nothing of a cancelled call is left running.
- What a call raises comes back as it was raised. A call that finds the thread ended raises `ThreadEnded`.
- Nothing of asyncio is patched; objects of that loop are touched on that loop only.
- The engine's loop may end first: news for it is then dropped. Stopping cancels what runs, closes the loop and its
  worker threads, joins the thread.
- A fault in a task nobody waits for is counted and logged by its kind only (its text may hold names).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, TypeVarTuple

import trio

from slskmesh.errors import SlskmeshError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_log = logging.getLogger(__name__)


class ThreadEnded(SlskmeshError):
    """The network's thread is not there (any more)."""


class _Call:
    """One call: the trio task that waits, the asyncio task that works, and how it went."""

    __slots__ = ("error", "raise_cancel", "value", "waiter", "worker")

    def __init__(self, waiter: trio.lowlevel.Task) -> None:
        self.waiter = waiter
        self.worker: asyncio.Task[Any] | None = None
        self.raise_cancel: Callable[[], Any] | None = None
        self.value: Any = None
        self.error: BaseException | None = None

    def cancel(self) -> None:
        """On the asyncio loop; `begin` came before it in the same queue."""
        if self.worker is not None:
            self.worker.cancel()


class AsyncioThread:
    """The thread; used from one trio loop, once."""

    def __init__(self, name: str) -> None:
        self.faults = 0  # of tasks nobody waited for
        self._thread = threading.Thread(target=self._main, name=name, daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._token = trio.lowlevel.current_trio_token()
        self._started = trio.Event()
        self._ended = trio.Event()
        self._calls: set[_Call] = set()

    async def start(self) -> None:
        """Starts the thread; back when its loop runs."""
        self._thread.start()
        with trio.CancelScope(shield=True):
            await self._started.wait()

    async def call(self, fn: Callable[[*Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        """What `await fn(*args)` gives there."""
        call = _Call(trio.lowlevel.current_task())

        def begin() -> None:
            call.worker = asyncio.get_running_loop().create_task(fn(*args))
            call.worker.add_done_callback(lambda task: self._worked(call, task))

        self._calls.add(call)
        try:
            self._post(begin)
        except ThreadEnded:
            self._calls.discard(call)
            raise

        def abort(raise_cancel: Callable[[], Any]) -> trio.lowlevel.Abort:
            call.raise_cancel = raise_cancel
            with contextlib.suppress(ThreadEnded):
                self._post(call.cancel)
            return trio.lowlevel.Abort.FAILED

        await trio.lowlevel.wait_task_rescheduled(abort)
        if isinstance(call.error, asyncio.CancelledError):
            if call.raise_cancel is not None:
                call.raise_cancel()
            raise ThreadEnded("the Soulseek thread was stopped")
        if call.error is not None:
            raise call.error
        result: T = call.value
        return result

    def post(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        """Runs `fn` there soon; dropped when the thread has ended."""
        with contextlib.suppress(ThreadEnded):
            self._post(lambda: fn(*args))

    async def stop(self) -> None:
        """Ends the loop and joins the thread; calls that still wait end with `ThreadEnded`. Also while it starts."""
        if self._thread.ident is None:
            return
        with trio.CancelScope(shield=True):
            await self._started.wait()
            if self._stop is not None:
                self.post(self._stop.set)
            await self._ended.wait()
            await trio.to_thread.run_sync(self._thread.join)

    # -- the trio side -----------------------------------------------------------------------------------------

    def _finish(self, call: _Call, value: Any, error: BaseException | None) -> None:
        if call in self._calls:
            self._calls.discard(call)
            call.value, call.error = value, error
            trio.lowlevel.reschedule(call.waiter)

    def _over(self) -> None:
        for call in list(self._calls):
            self._finish(call, None, asyncio.CancelledError())
        self._started.set()
        self._ended.set()

    def _post(self, fn: Callable[[], object]) -> None:
        if self._loop is None:
            raise ThreadEnded("the Soulseek thread was not started")
        try:
            self._loop.call_soon_threadsafe(fn)
        except RuntimeError as error:  # the loop is closed
            raise ThreadEnded("the Soulseek thread has ended") from error

    # -- the asyncio side --------------------------------------------------------------------------------------

    def _main(self) -> None:
        try:
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._serve())
        finally:
            self._tell(self._over)

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._fault)
        self._tell(self._started.set)
        await self._stop.wait()

    def _worked(self, call: _Call, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            self._tell(self._finish, call, None, asyncio.CancelledError())
            return
        error = task.exception()
        self._tell(self._finish, call, None if error else task.result(), error)

    def _tell(self, fn: Callable[[*Ts], object], *args: *Ts) -> None:
        with contextlib.suppress(trio.RunFinishedError):
            self._token.run_sync_soon(lambda: fn(*args))

    def _fault(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.faults += 1
        error = context.get("exception")
        _log.warning(
            "a task of the Soulseek network failed: %s", type(error).__name__ if error else "unknown"
        )
