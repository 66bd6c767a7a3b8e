"""The legacy client as the engine has it (port.Client): calls in, events out, aioslsk behind a thread of its own.

Rules:
- Nothing of aioslsk is imported or touched here: its part is loaded on the thread at the first connect, so that a
  start without Soulseek costs nothing and a first paint never waits for it.
- Every call that asks server or users takes a `LocalBudget`, by type and at run time.
- The handler runs on the engine's loop, in order; what it raises ends `run`, like any fault of ours. It hears no answer
  to a search before its asker has the token (`unnamed`), who must know it by then without waiting for anything.
- Ending `run` leaves the server, ends transfers where they are (files stay), joins the thread. From the moment it is
  cancelled the handler hears nothing more: what it starts tasks in may be gone. Calls raise `Offline` from then on.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, TypeVarTuple

import trio

from slskmesh.soulseek.inbox import Inbox
from slskmesh.soulseek.port import Answers, Line, Offline, UploadRule
from slskmesh.soulseek.thread import AsyncioThread, ThreadEnded
from slskmesh.soulseek.unnamed import Unnamed
from slskmesh.soulseek.values import LegacyEvent, Listing, Outcome, RemoteFile, UserInfo
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.soulseek.calls import LegacyCalls

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_BATCH = 256
_COST = 1
_STOPPED = "the Soulseek client was stopped"


class LegacyClient:
    """One client. `answers` and `rule` are called on its thread."""

    def __init__(self, answers: Answers, rule: UploadRule) -> None:
        self._answers = answers
        self._rule = rule
        self._inbox = Inbox()
        self._unnamed = Unnamed()
        self._handler: Callable[[LegacyEvent], None] | None = None
        self._token: trio.lowlevel.TrioToken | None = None
        self._more = trio.Event()
        self._starting = trio.Lock()
        self._thread: AsyncioThread | None = None
        self._calls: LegacyCalls | None = None
        self._limits = (0, 0)
        self._fault: BaseException | None = None
        self._over = False

    def on_event(self, handler: Callable[[LegacyEvent], None]) -> None:
        """One handler, called on the engine's loop."""
        self._handler = handler

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Hands events on until it is cancelled; then ends the thread."""
        self._token = trio.lowlevel.current_trio_token()
        self._over = False
        task_status.started()
        try:
            while True:
                self._more = trio.Event()
                if self._fault is not None:
                    raise self._fault
                await trio.lowlevel.checkpoint_if_cancelled()
                events = [*self._unnamed.release(), *self._inbox.take(_BATCH)]
                for event in events:
                    if self._handler is not None and not self._unnamed.holds(event):
                        self._handler(event)
                if events:
                    await trio.lowlevel.checkpoint()
                else:
                    await self._more.wait()
        finally:
            with trio.CancelScope(shield=True):
                await self._end()

    @property
    def online(self) -> bool:
        """Whether there is a session."""
        return self._calls is not None and self._calls.online

    @property
    def listening(self) -> tuple[str, int] | None:
        """Where legacy users reach us, once it listens."""
        return None if self._calls is None else self._calls.listening

    # -- the line ----------------------------------------------------------------------------------------------

    async def connect(self, line: Line) -> Outcome:
        """Connects and logs in, 30 s at most; the socket is closed again unless ONLINE."""
        calls = await self._started()
        self._inbox.clear()
        return await self._on_thread(calls.connect, line)

    async def disconnect(self) -> None:
        """Leaves the server; running transfers with users go on."""
        if self._calls is not None:
            await self._on_thread(self._calls.disconnect)

    async def ping(self, budget: LocalBudget) -> float | None:
        """Seconds until the server's answer, None without one; one at a time."""
        return await self._on_thread(self._asking(budget).ping)

    def limit(self, upload: int, download: int) -> None:
        """Bytes per second of all legacy transfers together; 0: no limit."""
        self._limits = (upload, download)
        self._soon(lambda calls: calls.limit(upload, download))

    async def shares_changed(self) -> None:
        """Tells the server how much is shared now."""
        if self._calls is not None:
            await self._on_thread(self._calls.shares_changed)

    # -- searches and users ------------------------------------------------------------------------------------

    async def search(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> int:
        """Sends a search; its token. Answers come as events for as long as they come."""
        return await self._named(self._asking(budget).search, text, room, user)

    async def wish(self, text: str, budget: LocalBudget) -> int:
        """Sends a wishlist search; its token."""
        return await self._named(self._asking(budget).wish, text)

    def forget_search(self, token: int) -> None:
        """No more answers to it are wanted."""
        self._soon(lambda calls: calls.forget_search(token))

    async def browse(self, user: str, budget: LocalBudget) -> AsyncIterator[Listing]:
        """A user's shares in portions of at most 1,000 files, the last one `done`. One browse a user at a time."""
        calls = self._asking(budget)
        await self._on_thread(calls.begin_browse, user)
        try:
            done = False
            while not done:
                listing = await self._on_thread(calls.next_portion, user)
                done = listing.done
                yield listing
        finally:
            self._soon(lambda calls: calls.end_browse(user))

    async def folder(self, user: str, folder: str, budget: LocalBudget) -> Listing:
        """One folder with its sub-folders."""
        return await self._on_thread(self._asking(budget).folder, user, folder)

    async def user_info(self, user: str, budget: LocalBudget) -> UserInfo:
        """What a user says of himself."""
        return await self._on_thread(self._asking(budget).user_info, user)

    async def shares_of(self, user: str, budget: LocalBudget) -> tuple[int, int] | None:
        """Folders and files that the server says a user shares; None: it does not say."""
        return await self._on_thread(self._asking(budget).shares_of, user)

    async def watch(self, user: str, on: bool) -> None:
        """Hears of a user's state, or no longer. Kept over sessions."""
        await self._on_thread((await self._started()).watch, user, on)

    # -- transfers ---------------------------------------------------------------------------------------------

    async def download(self, user: str, file: RemoteFile, local: Path, budget: LocalBudget) -> int:
        """Asks for a file into `local` (what is there already is taken as its beginning); the transfer's key."""
        return await self._on_thread(self._asking(budget).download, user, file, local)

    async def pause(self, key: int) -> None:
        """Stops a transfer; what is there stays."""
        if self._calls is not None:
            await self._on_thread(self._calls.pause, key)

    async def abort(self, key: int) -> None:
        """Ends a transfer; a download's partial file stays (its owner decides)."""
        if self._calls is not None:
            await self._on_thread(self._calls.abort, key)

    async def place(self, key: int, budget: LocalBudget) -> int | None:
        """Place in the other side's queue, None where it does not say."""
        return await self._on_thread(self._asking(budget).place, key)

    # -- rooms and messages ------------------------------------------------------------------------------------

    async def rooms(self, budget: LocalBudget) -> None:
        """Asks for the list; it comes as an event."""
        await self._on_thread(self._asking(budget).rooms)

    async def join(self, room: str, budget: LocalBudget) -> None:
        """Joins a room. UserError where the server does not let us."""
        await self._on_thread(self._asking(budget).join, room)

    async def leave(self, room: str) -> None:
        """Leaves it."""
        if self._calls is not None and self._calls.online:
            await self._on_thread(self._calls.leave, room)

    async def say(self, room: str, text: str, budget: LocalBudget) -> None:
        """Says a line in a room we are in."""
        await self._on_thread(self._asking(budget).say, room, text)

    async def ticker(self, room: str, text: str, budget: LocalBudget) -> None:
        """Sets our ticker there."""
        await self._on_thread(self._asking(budget).ticker, room, text)

    async def whisper(self, user: str, text: str, budget: LocalBudget) -> None:
        """Sends a private message; the server keeps it for who is offline."""
        await self._on_thread(self._asking(budget).whisper, user, text)

    def acknowledge(self, number: int) -> None:
        """A private message of this session is on disk."""
        self._soon(lambda calls: calls.acknowledge(number))

    # -- the thread --------------------------------------------------------------------------------------------

    async def _started(self) -> LegacyCalls:
        async with self._starting:
            if self._over:  # who shares our nursery may take one more step while it is being cancelled
                raise Offline(_STOPPED)
            if self._token is None:
                raise RuntimeError("the client is not run")
            if self._calls is None:
                if self._thread is None:
                    self._thread = AsyncioThread("slskmesh soulseek")
                    await self._thread.start()
                calls = await self._on_thread(self._load)
                if self._over:
                    raise Offline(_STOPPED)
                self._calls = calls
                self.limit(*self._limits)
            return self._calls

    async def _load(self) -> LegacyCalls:
        from slskmesh.soulseek.calls import LegacyCalls  # on its thread, at the first connect

        return LegacyCalls(self._answers, self._rule, self._put, self._fail)

    async def _end(self) -> None:
        thread, self._thread = self._thread, None
        calls, self._calls = self._calls, None
        self._token = None
        self._over = True
        if thread is not None:
            try:
                if calls is not None:
                    with contextlib.suppress(ThreadEnded):
                        await thread.call(calls.stop)
            finally:
                await thread.stop()

    def _put(self, event: LegacyEvent) -> bool:
        """On the network's thread."""
        taken = self._inbox.put(event)
        token = self._token
        if token is not None:
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(self._wake, idempotent=True)
        return taken

    def _fail(self, error: BaseException) -> None:
        """On the network's thread: a fault of ours ends `run`."""
        if self._token is not None:
            with contextlib.suppress(trio.RunFinishedError):
                self._token.run_sync_soon(self._failing, error)

    def _failing(self, error: BaseException) -> None:
        self._fault = error
        self._more.set()

    def _wake(self) -> None:
        self._more.set()

    def _asking(self, budget: LocalBudget) -> LegacyCalls:
        if not isinstance(budget, LocalBudget):
            raise TypeError("only work of this machine's own person, programs and timers may ask Soulseek")
        if self._calls is None:
            raise Offline("there is no session with the Soulseek server; connect first")
        budget.spend(_COST)
        return self._calls

    def _soon(self, fn: Callable[[LegacyCalls], object]) -> None:
        if self._thread is not None and self._calls is not None:
            self._thread.post(fn, self._calls)

    async def _named(self, search: Callable[[*Ts], Coroutine[Any, Any, int]], *args: *Ts) -> int:
        """Sends a search. What was answered before is told after the caller, who runs on from here, has its token."""
        try:
            with self._unnamed.sending():
                return self._unnamed.name(await self._on_thread(search, *args))
        finally:
            self._wake()

    async def _on_thread(self, fn: Callable[[*Ts], Coroutine[Any, Any, T]], *args: *Ts) -> T:
        if self._thread is None:
            raise Offline(_STOPPED)
        with _gone():
            return await self._thread.call(fn, *args)


@contextlib.contextmanager
def _gone() -> Iterator[None]:
    try:
        yield
    except ThreadEnded as error:
        raise Offline(_STOPPED) from error
