"""The headless demo's user through the loss of the Soulseek server: what he begins before, does meanwhile, finds after.

Rules:
- Nothing is taken on trust: each step waits until the engine's views show it, and a step that does not come ends the
  run with its name.
- The server is not this side's: it says {"outage": "begin" | "hurry" | "end"} and goes on when the same line comes back
  from who owns the server ("hurry": let the steady legacy user send as fast as he can).
- Three files of legacy users: one that is sent so slowly that peers finish it, one that runs while the server goes and
  ends without it, one that waits for a slot and is there when the server is back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from slskmesh.demo.asking import Asking
from slskmesh.demo.legacy import PASSWORD, YOU
from slskmesh.demo.losses import Losses, Things, held
from slskmesh.engine.commands import AddJob
from slskmesh.engine.console import TimedOut
from slskmesh.engine.job_views import JobPhase, JobsView
from slskmesh.engine.legacy_commands import GetHits, JoinRoom, RetryServer, SetAccount, Whisper
from slskmesh.engine.legacy_views import (
    ChatsView,
    ConversationView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    ModeView,
    RoomView,
    StatisticsView,
)
from slskmesh.engine.serve import json_line
from slskmesh.engine.views import HitView, TransfersView
from slskmesh.errors import SlskmeshError
from slskmesh.modes import Mode, Times

TIMES: Final = Times(unavailable_after=3.0, check_every=0.7, stable=1.5)  # seconds; as a demo has no minutes
PATIENCE: Final = 5  # seconds of silence before mesh-only mode
RESCUE_OVER: Final = 5  # seconds a transfer must be too slow
LETTER: Final = "The ferry is late, but it comes."
_SETTLE: Final = 6.0  # seconds for a counter to be shown
_KEPT: Final = (LegacyPhase.QUEUED, LegacyPhase.REQUESTED, LegacyPhase.CONNECTING)


class Words(NamedTuple):
    """What the user searches by: words of one file each, names of a room and of a user, and a release's."""

    slow: str
    steady: str
    queued: str
    room: str
    friend: str
    release: str
    known: tuple[str, ...]  # words that find files at peers


class Failover:
    """See the head of this file. `begin` while peers send, `act` when all other work is done."""

    def __init__(self, asking: Asking, words: Words) -> None:
        self._ask = asking
        self._words = words
        self._losses = Losses()
        self._heard: set[str] = set()
        self._entered = self._left = False
        self._searches = 0
        self._lost = 0

    def hear(self, stage: str) -> None:
        """The owner of the server did what was asked for."""
        self._heard.add(stage)

    # -- before ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Sets the account, joins a room, searches both networks at once, fetches from the slow user."""
        self._ask.console.ask(SetAccount(YOU, PASSWORD))
        self._online()
        self._ask.console.ask(JoinRoom(self._words.room))
        query, hits = self._ask.search(self._words.slow, _from_both)
        if not _from_both(hits):
            raise SlskmeshError(f"the search for {self._words.slow} did not find it on both networks")
        slow = next(hit for hit in hits if hit.via == "soulseek")
        self._ask.console.ask(GetHits(query, (slow.key,)))
        json_line({"searched": len(hits)})

    @property
    def begun(self) -> bool:
        """Whether an earlier run came as far as to have the slow file in its list."""
        self._ask.latest(LegacyDownloadsView, "the list of downloads from Soulseek users")
        return self._find(self._words.slow) is not None

    def slow_done(self) -> bool:
        """Whether the slow file is here. SlskmeshError: it failed."""
        slow = self._find(self._words.slow)
        return slow is not None and slow.phase is LegacyPhase.DONE

    def _queue_up(self) -> None:
        """One download that runs, and one that has to wait for it."""
        self._fetch(self._words.steady)
        self._reach(self._words.steady, lambda one: one.phase is LegacyPhase.ACTIVE and one.done > 0)
        self._fetch(self._words.queued)
        self._reach(self._words.queued, lambda one: one.phase is LegacyPhase.REQUESTED)

    def _fetch(self, words: str) -> None:
        """From whichever legacy user has it."""
        query, hits = self._ask.search(words, bool, "soulseek")
        if not hits:
            raise SlskmeshError(f"no legacy user has {words}")
        self._ask.console.ask(GetHits(query, (hits[0].key,)))

    # -- the whole -----------------------------------------------------------------------------------------------

    def act(self) -> None:
        """The server goes and comes back; returns when everything that waited for it is done."""
        self._online()
        self._until_room(lambda room: room.joined, "the room")
        self._queue_up()
        self._look()
        before = self._one(self._words.steady).done
        self._outage("begin")
        self._ask.until(lambda: self._mode is Mode.DISASTER, "mesh-only mode to begin")
        self._entered = any(change.entered_disaster for change in self._ask.changes)
        json_line({"disaster": "entered"})
        self._carry_on(before)
        self._look()
        self._outage("end")
        self._ask.console.post(RetryServer())  # as a person does who knows that it is back
        self._ask.until(lambda: self._mode is Mode.NORMAL, "hybrid mode to be back")
        self._left = any(change.left_disaster for change in self._ask.changes)
        json_line({"disaster": "left"})
        self._reach(self._words.queued, lambda one: one.phase is LegacyPhase.DONE)
        self._until_room(lambda room: room.joined, "the room to be joined again")
        self._until_letters(lambda one: not one.waiting, "the message to be sent")
        self._lost = self._losses.lost(self._things())

    def _carry_on(self, before: int) -> None:
        """Without the server: searches, a job by id, a message that waits, a transfer that runs and one that waits."""
        for words in self._words.known[:2]:
            _, hits = self._ask.search(words, lambda hits: any(hit.via == "mesh" for hit in hits))
            self._searches += bool(hits) and self._mode is Mode.DISASTER
        self._job()
        self._until_room(lambda room: room.wanted and not room.joined, "the room to be away")
        self._ask.console.ask(Whisper(self._words.friend, LETTER))
        self._until_letters(lambda one: one.waiting > 0, "the message to wait")
        self._reach(self._words.steady, lambda one: one.done > before)
        self._outage("hurry")
        self._reach(self._words.steady, lambda one: one.phase is LegacyPhase.DONE)
        waiting = self._one(self._words.queued)
        if waiting.phase not in _KEPT or self._mode is not Mode.DISASTER:
            raise SlskmeshError(f"{waiting.name} did not wait for the server: it is {waiting.phase.value}")

    def _job(self) -> None:
        release = self._ask.look_up(self._words.release)
        plan = self._ask.resolve(release).plan
        if plan is None or not plan.holders:
            raise SlskmeshError(f"nobody was found who has {self._words.release}")
        number = int(self._ask.console.ask(AddJob("mb_release", release, title=self._words.release)).value)

        def done() -> bool:
            view = self._ask.console.latest(JobsView)
            row = next((job for job in view.jobs if job.job == number), None) if view is not None else None
            if row is not None and row.phase is JobPhase.FAILED:
                raise SlskmeshError(f"the job for {row.title}: {row.reason}")
            return row is not None and row.phase is JobPhase.DONE

        self._ask.until(done, f"the job for {self._words.release}")

    def summary(self) -> dict[str, Any]:
        """{"rescued", "disaster_entered", "disaster_left", "searches_in_disaster", "lost"}."""
        with contextlib.suppress(TimedOut):  # then nothing was, and the summary says so
            self._ask.until(lambda: self._rescued, "the count of rescues", _SETTLE)
        return {
            "rescued": self._rescued,
            "disaster_entered": self._entered,
            "disaster_left": self._left,
            "searches_in_disaster": self._searches,
            "lost": self._lost,
        }

    # -- looking -------------------------------------------------------------------------------------------------

    @property
    def _mode(self) -> Mode | None:
        view = self._ask.console.latest(ModeView)
        return Mode(view.mode) if view is not None else None

    @property
    def _rescued(self) -> int:
        view = self._ask.console.latest(StatisticsView)
        return view.rescue.rescued if view is not None else 0

    def _online(self) -> None:
        def there() -> bool:
            view = self._ask.console.latest(ModeView)
            if view is not None and view.phase == "stopped":
                raise SlskmeshError(f"the Soulseek server: {view.what}")
            return view is not None and view.phase == "online"

        self._ask.until(there, "the Soulseek server")

    def _outage(self, stage: str) -> None:
        json_line({"outage": stage})
        self._ask.until(lambda: stage in self._heard, f"the server's owner ({stage})")

    def _find(self, words: str) -> LegacyDownloadView | None:
        view = self._ask.console.latest(LegacyDownloadsView)
        one = next((d for d in view.downloads if words in d.name), None) if view is not None else None
        if one is not None and one.phase in (LegacyPhase.FAILED, LegacyPhase.ABORTED):
            raise SlskmeshError(f"{one.name} from {one.user}: {one.reason or one.phase.value}")
        return one

    def _one(self, words: str) -> LegacyDownloadView:
        one = self._find(words)
        if one is None:
            raise SlskmeshError(f"{words} vanished from the list of downloads")
        return one

    def _reach(self, words: str, wanted: Callable[[LegacyDownloadView], bool]) -> None:
        self._ask.until(
            lambda: (one := self._find(words)) is not None and wanted(one), f"the download of {words}"
        )

    def _until_room(self, wanted: Callable[[RoomView], bool], what: str) -> None:
        def there() -> bool:
            view = self._ask.console.latest(ChatsView)
            rooms = view.rooms if view is not None else ()
            return any(wanted(room) for room in rooms if room.name == self._words.room)

        self._ask.until(there, what)

    def _until_letters(self, wanted: Callable[[ConversationView], bool], what: str) -> None:
        def there() -> bool:
            view = self._ask.console.latest(ChatsView)
            letters = view.conversations if view is not None else ()
            return any(wanted(one) for one in letters if one.user == self._words.friend)

        self._ask.until(there, what)

    def _things(self) -> Things:
        kinds = (LegacyDownloadsView, TransfersView, JobsView, ChatsView)
        return held(*(self._ask.console.latest(kind) for kind in kinds))

    def _look(self) -> None:
        self._losses.look(self._things())


def _from_both(hits: list[HitView]) -> bool:
    return {"mesh", "soulseek"} <= {hit.via for hit in hits}
