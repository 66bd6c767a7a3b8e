"""Rescue: what a Soulseek user sends too slowly is finished by peers of the mesh (000 section 7.2).

Rules:
- Transfers are judged by `lagging`. A candidate has exactly the file's size; the beginning that came is held
  against its chunk list before anything else is fetched (`swarm.splice`). With no whole chunk to compare, only a
  content that is told of under the very recording will do. Else there is no rescue; the transfer's lines say why.
- The uploader is asked for nothing: his transfer is paused, never aborted, once peers can bring the rest, and ended
  only when the whole file stands in its place, hashed.
- A link between both sides is in the database before the download is: after a kill either goes on as it was.
- When the person pauses, removes or gets the file another way, the rescue gives way; what came from him stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Final, Protocol

import msgspec
import trio

from slskmesh.acquire import rescue_rows
from slskmesh.acquire.lagging import Rules, Watch
from slskmesh.errors import StorageError, UserError
from slskmesh.library.manifest import chunk_size_for
from slskmesh.soulseek.values import TransferPhase
from slskmesh.store.database import Store
from slskmesh.swarm.splice import Head
from slskmesh.swarm.state import DownloadState, Phase
from slskmesh.text import safe_name
from slskmesh.work import Budget, BudgetSpent, LocalBudget, Origin

LOOK_SECONDS: Final = 5.0
FIND_SECONDS: Final = 60.0  # for somebody to send the chunk list
CANDIDATES_MAX: Final = 4
WATCHED_MAX: Final = 10_000


class Sent(Protocol):
    """One download from a Soulseek user as it stands (`soulseek.download_entry.LegacyDownload`)."""

    @property
    def key(self) -> bytes:
        """Its name in the list; the same after a restart."""

    @property
    def user(self) -> str:
        """Who sends it; not sanitised."""

    @property
    def path(self) -> str:
        """The remote path; not sanitised."""

    @property
    def size(self) -> int:
        """Bytes, as the listing told."""

    @property
    def done(self) -> int:
        """Bytes that are here."""

    @property
    def phase(self) -> TransferPhase:
        """Where it stands."""

    @property
    def folder(self) -> str:
        """Where it goes below the downloads folder."""

    @property
    def name(self) -> str:
        """What it will be called there; not sanitised."""


class Legacy(Protocol):
    """The list of downloads from Soulseek users (`soulseek.downloads.LegacyDownloads`)."""

    def views(self) -> Iterable[Sent]:
        """All of them."""

    def state(self, key: bytes) -> Sent | None:
        """One of them, None if it is not in the list."""

    def partial_of(self, key: bytes) -> Path:
        """Where its bytes are, from the beginning of the file on. UserError: it is gone."""

    async def pause(self, key: bytes) -> None:
        """Stops it, whatever it does; what is there stays. UserError: it is done or gone."""

    async def resume(self, key: bytes) -> None:
        """Lets it go on. UserError: it is done or gone."""

    async def done_elsewhere(self, key: bytes, path: Path) -> None:
        """The whole file stands at `path`: it is done, its partial file is not needed. UserError: it is gone."""


class Swarm(Protocol):
    """The list of downloads from peers (`swarm.downloads.Downloads`)."""

    async def add(
        self,
        content: bytes,
        size: int,
        name: str,
        folder: str = "",
        *,
        group: str = "",
        head: Head | None = None,
    ) -> None:
        """Queues one. UserError: it is in the list."""

    def join(self, content: bytes, head: Head | None) -> None:
        """Takes what the Soulseek user sends into one that is in the list."""

    async def remove(self, content: bytes) -> None:
        """Takes it off the list with its partial file."""

    async def pause(self, content: bytes) -> None:
        """Stops it."""

    async def resume(self, content: bytes) -> None:
        """Lets it go on."""

    def state(self, content: bytes) -> DownloadState | None:
        """As it stands, None if it is not in the list."""

    async def settled(self, content: bytes) -> DownloadState | None:
        """Waits until it is done, failed or paused; None once it is gone."""


class Candidate(msgspec.Struct, frozen=True):
    """A content that may be the file. `sure`: told of under the recording itself. `why` in words."""

    content: bytes
    size: int
    sure: bool
    why: str


class Finder(Protocol):
    """Finds contents of peers for a file, and sees to it that their holders are connected."""

    async def find(self, sent: Sent, budget: Budget) -> Sequence[Candidate]:
        """Candidates, best first. BudgetSpent."""


class RescueCounts(msgspec.Struct):
    """Since the start: rescues begun, files finished, bytes of those that peers brought, attempts that led nowhere."""

    begun: int = 0
    rescued: int = 0
    bytes: int = 0
    refused: int = 0


class _Head:
    """See `swarm.splice.Head`: one download from a Soulseek user."""

    def __init__(self, legacy: Legacy, key: bytes, user: str, paused: bool = False) -> None:
        self.path = legacy.partial_of(key)
        self.user = user
        self.paused = paused
        self.different = ""
        self._legacy, self._key = legacy, key

    def grows(self) -> bool:
        """Whether its user sends now."""
        sent = self._legacy.state(self._key)
        return sent is not None and sent.phase is TransferPhase.ACTIVE

    async def pause(self) -> bool:
        """False where it is done or gone."""
        sent = self._legacy.state(self._key)
        if sent is None or sent.phase is TransferPhase.DONE:
            return False
        if sent.phase is TransferPhase.FAILED:
            return True  # it does not run
        self.paused = True
        try:
            await self._legacy.pause(self._key)
        except UserError:
            self.paused = False
        return self.paused

    async def resume(self) -> None:
        """Lets it go on if it was paused for this."""
        if self.paused:
            self.paused = False
            with contextlib.suppress(UserError):  # gone meanwhile
                await self._legacy.resume(self._key)

    def differs(self, why: str) -> None:
        """Another file."""
        self.different = why


class Rescue:
    """See the head of this file. `run` owns everything; `rules` is asked at each look."""

    def __init__(
        self,
        store: Store,
        legacy: Legacy,
        swarm: Swarm,
        finder: Finder,
        rules: Callable[[], Rules],
        *,
        say: Callable[[bytes, str], None],
        throttled: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = trio.current_time,
    ) -> None:
        """`say` gets lines for a legacy download's timeline; `throttled` tells whether the person's own limit is what
        holds legacy downloads back now.
        """
        self._store, self._legacy, self._swarm, self._finder = store, legacy, swarm, finder
        self._rules, self._say, self._throttled, self._clock = rules, say, throttled, clock
        self._watches: dict[bytes, Watch] = {}
        self._running: set[bytes] = set()
        self._contents: dict[bytes, bytes] = {}  # of those that peers are asked for
        self._left = trio.Event()  # one of these ended
        self.counts = RescueCounts()

    def rescues(self) -> frozenset[bytes]:
        """Keys of legacy downloads that are being rescued."""
        return frozenset(self._running)

    def content_of(self, key: bytes) -> bytes | None:
        """The content that peers finish a legacy download with; None: they do not, or not yet."""
        return self._contents.get(key)

    async def given_up(self, key: bytes) -> None:
        """Returns once peers finish this download no longer."""
        while key in self._contents:
            await self._left.wait()

    async def run(self, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Looks at all transfers every few seconds, until cancelled. Both lists are loaded before."""
        links = await self._store.run(rescue_rows.load)
        async with trio.open_nursery() as nursery:
            for key, content in links:
                self._running.add(key)
                nursery.start_soon(self._continue, key, content)
            task_status.started()
            while True:
                self._look(nursery)
                await trio.sleep(LOOK_SECONDS)

    def _look(self, nursery: trio.Nursery) -> None:
        rules, now, throttled = self._rules(), self._clock(), self._throttled()
        there = {sent.key: sent for sent in self._legacy.views()}
        self._watches = {key: watch for key, watch in self._watches.items() if key in there}
        for key, sent in there.items():
            if key in self._running or (key not in self._watches and len(self._watches) >= WATCHED_MAX):
                continue
            watch = self._watches.setdefault(key, Watch(now))
            trouble = watch.look(rules, sent.phase, sent.size, sent.done, now, throttled)
            if trouble and len(self._running) < rules.at_once:
                self._running.add(key)
                nursery.start_soon(self._begin, key, trouble)

    # -- one rescue --------------------------------------------------------------------------------------------

    async def _begin(self, key: bytes, trouble: str) -> None:
        try:
            why = await self._try(key, trouble)
        except StorageError as error:
            why = str(error)
        finally:
            self._running.discard(key)
        if why:
            self.counts.refused += 1
            wait = self._watch(key).put_off(self._clock())
            self._say(key, f"not rescued: {why}; tried again in {wait / 60:.0f} min at the earliest")

    def _watch(self, key: bytes) -> Watch:
        return self._watches.setdefault(key, Watch(self._clock()))

    async def _try(self, key: bytes, trouble: str) -> str:
        """Why there was no rescue; empty when there was, or it is not wanted any more."""
        sent = self._legacy.state(key)
        if sent is None:
            return ""
        self._say(key, f"{trouble}: looking for peers with the same file")
        try:
            found = await self._finder.find(sent, LocalBudget(Origin.AUTOMATION))
        except BudgetSpent as error:
            return str(error)
        sent = self._legacy.state(key)
        if sent is None or sent.phase in (TransferPhase.DONE, TransferPhase.PAUSED):
            return ""
        fits, why = choose(sent, found)
        for candidate in fits:
            refused = await self._with(sent, candidate)
            if not refused:
                return ""
            why = refused
        return why

    async def _with(self, sent: Sent, candidate: Candidate) -> str:
        """Why this candidate will not do; empty: the rescue came to an end with it."""
        content = candidate.content
        if self._legacy.state(sent.key) is None:
            return ""
        if self._swarm.state(content) is not None:
            return "the same content is in the list of downloads from peers"
        head = _Head(self._legacy, sent.key, sent.user)
        await self._store.run(rescue_rows.save, sent.key, content)
        name = safe_name(sent.name)
        with self._joined(sent.key, content):
            try:
                await self._swarm.add(content, sent.size, name, sent.folder, head=head)
            except UserError as error:
                await self._store.run(rescue_rows.delete, sent.key)
                return str(error)
            self.counts.begun += 1
            self._say(sent.key, f"peers are asked for the rest: {candidate.why}")
            return await self._follow(sent.key, content, head)

    async def _continue(self, key: bytes, content: bytes) -> None:
        """A rescue that a former run began."""
        try:
            sent = self._legacy.state(key)
            if sent is not None and self._swarm.state(content) is not None:
                head = _Head(self._legacy, key, sent.user, sent.phase is TransferPhase.PAUSED)
                self._swarm.join(content, head)
                with self._joined(key, content):
                    why = await self._follow(key, content, head)
                if why:
                    self._say(key, f"not rescued: {why}")
                return
            await self._store.run(rescue_rows.delete, key)  # a kill came before the download was in the list
        except StorageError as error:
            self._say(key, f"not rescued: {error}")
        finally:
            self._running.discard(key)

    @contextlib.contextmanager
    def _joined(self, key: bytes, content: bytes) -> Iterator[None]:
        """While both sides are one transfer: from before there are two until the end."""
        self._contents[key] = content
        try:
            yield
        finally:
            del self._contents[key]
            self._left.set()
            self._left = trio.Event()

    async def _follow(self, key: bytes, content: bytes, head: _Head) -> str:
        begun = self._clock()
        mine = False  # the download was paused here, because the person paused the transfer
        while True:
            settled = False
            state = self._swarm.state(content)
            with trio.move_on_after(LOOK_SECONDS):
                if not (mine or (state is not None and state.phase in (Phase.PAUSED, Phase.FAILED))):
                    state, settled = await self._swarm.settled(content), True
                else:
                    await trio.sleep(LOOK_SECONDS)
            state = state if settled else self._swarm.state(content)
            if state is None:
                await self._leave(key, head)
                self._watch(key).put_off(self._clock(), long=True)
                self._say(key, "the download from peers was removed; the transfer goes on alone")
                return ""
            if state.phase is Phase.DONE:
                return await self._finished(key, state)
            sent = self._legacy.state(key)
            if sent is None or sent.phase in (TransferPhase.DONE, TransferPhase.ABORTED):
                if state.phase is not Phase.FINISHING:
                    await self._drop(key, content, head)
                    return ""
            elif head.different or (state.phase is Phase.FINDING and self._clock() - begun > FIND_SECONDS):
                await self._drop(key, content, head)
                if head.different:
                    return f"peers have another file: {head.different}"
                return state.reason or "no peer sent the chunk list"
            elif state.phase in (Phase.FAILED, Phase.PAUSED) and not mine:
                await head.resume()
            mine = await self._follow_person(sent, state, head, content, mine)

    async def _follow_person(
        self, sent: Sent | None, state: DownloadState, head: _Head, content: bytes, mine: bool
    ) -> bool:
        """A transfer that the person pauses pauses its rescue, and takes it along when it goes on."""
        paused = sent is not None and sent.phase is TransferPhase.PAUSED and not head.paused
        with contextlib.suppress(UserError):  # it ended in this moment
            if paused and not mine and state.phase not in (Phase.PAUSED, Phase.FAILED, Phase.FINISHING):
                await self._swarm.pause(content)
                return True
            if mine and not paused:
                await self._swarm.resume(content)
                return False
        return mine

    async def _finished(self, key: bytes, state: DownloadState) -> str:
        with contextlib.suppress(UserError):  # the person took it off the list in this moment
            await self._legacy.done_elsewhere(key, Path(state.path))
        await self._store.run(rescue_rows.delete, key)
        came = sum(source.received for source in state.sources if not source.user)
        peers = sum(source.received > 0 and not source.user for source in state.sources)
        self.counts.rescued += 1
        self.counts.bytes += came
        who = f"{peers} peer{'' if peers == 1 else 's'}"
        self._say(key, f"rescued: {came:,} of {state.size:,} bytes came from {who}, all verified")
        return ""

    async def _drop(self, key: bytes, content: bytes, head: _Head) -> None:
        with contextlib.suppress(UserError):  # the person was first
            await self._swarm.remove(content)
        await self._leave(key, head)

    async def _leave(self, key: bytes, head: _Head) -> None:
        await head.resume()
        await self._store.run(rescue_rows.delete, key)


def choose(sent: Sent, found: Sequence[Candidate]) -> tuple[list[Candidate], str]:
    """Those that may be the file, at most CANDIDATES_MAX; why there is none."""
    if not found:
        return [], "no peer in reach is known to have it"
    size = [candidate for candidate in found if candidate.size == sent.size]
    if not size:
        sizes = ", ".join(f"{candidate.size:,}" for candidate in found[:3])
        return [], f"peers have it with other sizes ({sizes} bytes, not {sent.size:,})"
    whole = sent.done // chunk_size_for(sent.size) > 0
    fits = [candidate for candidate in size if candidate.sure or whole]
    if not fits:
        return [], "too little has come to tell whether a peer's file is the same"
    once = {candidate.content: candidate for candidate in sorted(fits, key=lambda one: one.sure)}
    return sorted(once.values(), key=lambda one: not one.sure)[:CANDIDATES_MAX], ""
