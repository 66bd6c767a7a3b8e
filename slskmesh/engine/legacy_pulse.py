"""Publishes the Soulseek plane: transfers, rooms, conversations, people, wishes, statistics.

Rules:
- Lists at 2 Hz, sooner for a command that changed them; statistics every two seconds; each only when it changed.
- What has a version is not looked at while that stays; of a list that changed the views of rows that did not are kept.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import trio

from slskmesh.engine.beat import Beat
from slskmesh.engine.chat_pulse import ChatPulse
from slskmesh.engine.legacy_snapshots import (
    buddy_view,
    capture_view,
    conversation_view,
    download_view,
    hook_view,
    rescue_view,
    room_view,
    rule_view,
    sums_view,
    upload_view,
    user_sums_view,
    wish_view,
)
from slskmesh.engine.legacy_views import (
    ChatsView,
    ConversationView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyUploadsView,
    PeopleView,
    RuleView,
    StatisticsView,
    WishesView,
)
from slskmesh.engine.views import View
from slskmesh.errors import StorageError
from slskmesh.shadow.capture import CaptureStatus
from slskmesh.soulseek.blocklist import Rule
from slskmesh.soulseek.download_entry import LegacyDownload
from slskmesh.soulseek.letters import ConversationStanding
from slskmesh.soulseek.values import TransferPhase

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine
    from slskmesh.engine.legacy import Legacy

_LISTS_EVERY: Final = 0.5
_STATISTICS_EVERY: Final = 2.0
_CAPTURE_EVERY: Final = 30.0  # counting is a look at every row
_NEXT_STEP: Final = 5  # seconds in which the wait of wishes is told
_PAST: Final = 1.0  # seconds after its time until a wait is looked at
_RUNNING: Final = (TransferPhase.ACTIVE, TransferPhase.CONNECTING)


class _Row(NamedTuple):
    """A download as it was last shown."""

    state: LegacyDownload
    content: bytes | None
    view: LegacyDownloadView


class LegacyPulse:
    """Publishes for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.lists = Beat(_LISTS_EVERY)
        self.chats = ChatPulse(engine)
        self._last: dict[type[View], View] = {}
        self._seen: dict[type[View], object] = {}  # by what each list was last made
        self._watched: dict[int, bytes] = {}  # by front end: whose timeline it shows
        self._rows: dict[bytes, _Row] = {}
        self._due = math.inf  # when the wait of some download is over, which nothing else tells
        self._talks: list[ConversationStanding] = []
        self._rules: tuple[list[Rule], tuple[RuleView, ...]] = ([], ())
        self._capture = CaptureStatus()
        self._capture_due = 0.0

    @property
    def _legacy(self) -> Legacy:
        return self._engine.legacy

    async def run(self) -> None:
        """Beats until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._beat_lists)
            nursery.start_soon(self.chats.run)
            nursery.start_soon(self._beat_statistics)

    async def _beat_lists(self) -> None:
        while True:
            self.show_downloads()
            self._uploads()
            self._chats()
            self._people()
            self._wishes()
            self.chats.show()
            await self.lists.rest()

    def _put(self, view: View) -> None:
        if self._last.get(type(view)) != view:
            self._last[type(view)] = view
            self._engine.hub.put_view(view)

    def _changed(self, kind: type[View], seen: object) -> bool:
        """Whether a list is to be made anew, which is known by `seen`."""
        if kind in self._seen and self._seen[kind] == seen:
            return False
        self._seen[kind] = seen
        return True

    # -- transfers -----------------------------------------------------------------------------------------------

    def watch(self, viewer: int, key: bytes) -> None:
        """Streams the timeline of this download from now on, for one front end; empty: none."""
        self._rows.pop(self._watched.pop(viewer, b""), None)
        self._rows.pop(key, None)
        if key:
            self._watched[viewer] = key
        self._seen.pop(LegacyDownloadsView, None)

    def show_downloads(self) -> None:
        """Shows the downloads where they changed."""
        downloads, rescue = self._legacy.downloads, self._legacy.rescue
        contents = {key: rescue.content_of(key) for key in rescue.rescues()}
        due = self._engine.clock() > self._due + _PAST
        if not self._changed(LegacyDownloadsView, (downloads.version, contents, due)):
            return
        rows: dict[bytes, _Row] = {}
        self._due = math.inf
        for state in downloads.views():
            rows[state.key] = self._row(state, contents.get(state.key))
            if state.next_try is not None and state.next_try < self._due:
                self._due = state.next_try
        self._rows = rows
        self._put(LegacyDownloadsView(tuple(row.view for row in rows.values())))

    def _row(self, state: LegacyDownload, content: bytes | None) -> _Row:
        """The row of a download: the former one where nothing of it changed."""
        row = self._rows.get(state.key)
        watched = state.key in self._watched.values()
        if row is not None and not watched and row.content == content and row.state is state:
            return row
        lines = self._legacy.downloads.timeline(state.key) if watched else ()
        return _Row(state, content, download_view(state, lines, content))

    def _uploads(self) -> None:
        legacy = self._legacy
        slots = legacy.policy.slots()
        if not self._changed(LegacyUploadsView, (legacy.uploads.version, slots)):
            return
        states = legacy.uploads.views()
        active = sum(state.phase in _RUNNING for state in states)
        self._put(LegacyUploadsView(tuple(map(upload_view, states)), active, slots))

    # -- rooms and messages --------------------------------------------------------------------------------------

    def _chats(self) -> None:
        social = self._legacy.social
        versions = social.versions["rooms"], social.versions["mail"]
        if self._changed(ConversationView, versions):
            self._talks = social.mail.standings()
        talks = self._talks
        states = [social.watches.state(talk.user) for talk in talks]
        if not self._changed(ChatsView, (versions, states)):
            return
        self._put(
            ChatsView(
                tuple(map(room_view, social.rooms.standings())),
                tuple(map(conversation_view, talks, states)),
            )
        )

    # -- people and wishes ---------------------------------------------------------------------------------------

    def _people(self) -> None:
        people, version = self._legacy.social.people, self._legacy.social.versions["people"]
        if not self._changed(PeopleView, version):
            return
        rules = people.rules()
        if rules != self._rules[0]:
            self._rules = (rules, tuple(map(rule_view, rules)))
        buddies = tuple(buddy_view(one, state) for one, state in people.buddies())
        self._put(PeopleView(buddies, self._rules[1]))

    def _wishes(self) -> None:
        wishes, version = self._legacy.social.wishes, self._legacy.social.versions["wishes"]
        wait = wishes.wait() if wishes.next() is not None else 0.0
        next_in = math.ceil(wait / _NEXT_STEP) * _NEXT_STEP
        if self._changed(WishesView, (version, next_in)):
            self._put(WishesView(tuple(map(wish_view, wishes.wishes())), next_in))

    # -- statistics ----------------------------------------------------------------------------------------------

    def forgot_capture(self) -> None:
        """What is captured changed at once."""
        self._capture_due = 0.0

    async def _beat_statistics(self) -> None:
        while True:
            await self._count_captured()
            self._statistics()
            await trio.sleep(_STATISTICS_EVERY)

    async def _count_captured(self) -> None:
        now = trio.current_time()
        if now < self._capture_due:
            return
        self._capture_due = now + _CAPTURE_EVERY
        try:
            self._capture = await self._legacy.capture.status()
        except StorageError as error:
            self._capture = msgspec.structs.replace(self._capture, trouble=str(error))

    def _statistics(self) -> None:
        legacy = self._legacy
        self._put(
            StatisticsView(
                session=sums_view(legacy.tally.session),
                all_time=sums_view(legacy.tally.all_time()),
                users=tuple(map(user_sums_view, legacy.tally.users())),
                hooks=tuple(map(hook_view, legacy.hooks.log())),
                rescue=rescue_view(legacy.rescue.counts),
                capture=capture_view(self._capture),
            )
        )
