"""What is published of the Soulseek plane, and how often: the real parts over a client a test speaks for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine import legacy_pulse, legacy_snapshots
from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import (
    ChatsView,
    ChatView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    LegacyUploadsView,
    PeopleView,
    StatisticsView,
    SumsView,
    WishesView,
)
from slskmesh.errors import StorageError
from slskmesh.shadow.capture import CaptureStatus
from slskmesh.shadow.capture_rows import Held
from slskmesh.soulseek.blocklist import BAN
from slskmesh.soulseek.offers import Offer, Source
from slskmesh.soulseek.values import (
    RemoteFile,
    RoomJoined,
    RoomSaid,
    ServerSaid,
    TransferChanged,
    TransferNews,
    TransferPhase,
    UserChanged,
    UserState,
    Whispered,
)
from tests.engine.legacy_stand import Stand

LISTS = (LegacyDownloadsView, LegacyUploadsView, ChatsView, PeopleView, WishesView)


async def add(stand: Stand, count: int, user: str = "ben") -> list[str]:
    """Adds paused downloads; their keys."""
    keys = []
    for number in range(count):
        command = leg.GetRemote(user, f"share\\Album\\{number:05}.flac", 100, paused=True)
        keys.append(await stand.value(command))
    return keys


def beat(stand: Stand) -> None:
    """One look at all lists, as the pulse does."""
    pulse = stand.pulse
    for look in (
        pulse.show_downloads,
        pulse._uploads,
        pulse._chats,
        pulse._people,
        pulse._wishes,
        pulse.chats.show,
    ):
        look()


async def test_everything_is_shown_once_and_then_only_what_changed(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await add(stand, 3)
        beat(stand)
        stand.take()
        assert {type(view) for view in stand.shown} == set(LISTS)
        for change, kind in (
            (lambda: stand.upload(1, "ben", "share\\a"), LegacyUploadsView),
            (lambda: stand.client.tell(Whispered("ben", "hi", 1.0)), ChatsView),
            (lambda: stand.client.tell(RoomJoined("jazz", ("ann",))), ChatsView),
            (lambda: stand.legacy.social.people.block("spam", BAN), PeopleView),
            (lambda: stand.legacy.social.wishes.add("words"), WishesView),
            (lambda: stand.client.tell(ServerSaid("hello")), None),
        ):
            stand.shown.clear()
            change()
            beat(stand)
            beat(stand)
            stand.take()
            assert [type(view) for view in stand.shown] == ([kind] if kind else []), kind


async def test_lists_are_published_twice_a_second_at_most_and_statistics_every_two_seconds(
    tmp_path: Path,
) -> None:
    stand = Stand(tmp_path)
    async with stand.runs() as stand:
        times: dict[type[Any], list[float]] = {}
        put = stand.mailbox.put_view

        def note(view: Any) -> None:
            times.setdefault(type(view), []).append(trio.current_time())
            put(view)

        stand.mailbox.put_view = note  # type: ignore[method-assign]
        began = trio.current_time()
        sent = 0
        while trio.current_time() < began + 2.5:
            sent += 1
            news = TransferNews(1, "ben", "share\\a", True, TransferPhase.ACTIVE, 10**9, sent)
            stand.client.tell(TransferChanged(news))
            stand.client.tell(Whispered("ben", f"line {sent}", float(sent)))
            await trio.sleep(0.01)
        took = trio.current_time() - began
        assert len(times[LegacyUploadsView]) <= took / 0.5 + 2 and len(times[ChatsView]) <= took / 0.5 + 2
        assert len(times[StatisticsView]) <= took / 2 + 2
        assert len(times[LegacyUploadsView]) >= 2


async def test_of_many_downloads_only_rows_that_changed_are_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    real = legacy_snapshots.download_view

    def count(state: Any, *more: Any) -> LegacyDownloadView:
        made.append(state.key)
        return real(state, *more)

    monkeypatch.setattr(legacy_pulse, "download_view", count)
    async with Stand(tmp_path).runs(pulse=False) as stand:
        keys = await add(stand, 300)
        beat(stand)
        first = await stand.view(LegacyDownloadsView)
        assert len(made) == len(first.downloads) == 300
        for _ in range(5):
            beat(stand)
        assert len(made) == 300
        await stand.do(leg.ResumeLegacy((keys[7],)))
        await stand.until(lambda: bool(stand.client.net.transfers))
        made.clear()
        beat(stand)
        second = await stand.view(LegacyDownloadsView)
        assert [key.hex() for key in set(made)] == [keys[7]]
        changed = [
            one.key for one, was in zip(second.downloads, first.downloads, strict=True) if one is not was
        ]
        assert changed == [keys[7]] and second.downloads[7].phase is LegacyPhase.REQUESTED
        await stand.do(leg.MoveLegacy(keys[7], -7))
        await stand.do(leg.RemoveLegacy((keys[0],)))
        beat(stand)
        third = await stand.view(LegacyDownloadsView)
        assert [one.key for one in third.downloads] == [keys[7], *keys[1:7], *keys[8:]]


async def test_a_wait_that_is_over_is_shown_without_anything_else_happening(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        [key] = await add(stand, 1)
        downloads = stand.legacy.downloads
        await stand.do(leg.ResumeLegacy((key,)))
        entry = downloads._list.entries[bytes.fromhex(key)]
        entry.ready = trio.current_time() + 0.2
        stand.now = downloads._list.wall()
        beat(stand)
        view = await stand.view(LegacyDownloadsView)
        assert view.downloads[0].next_try is not None
        await trio.sleep(0.3)
        stand.now += 2
        beat(stand)
        view = await stand.view(LegacyDownloadsView)
        assert view.downloads[0].next_try is None


async def test_the_watched_download_has_its_timeline_and_a_rescued_one_its_content(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        keys = await add(stand, 2)
        raw = [bytes.fromhex(key) for key in keys]
        await stand.do(leg.WatchLegacy(keys[0]))
        for key in raw:
            stand.legacy.downloads.say(key, "a\x1bline")
        beat(stand)
        one, other = (await stand.view(LegacyDownloadsView)).downloads
        assert [line for _, line in one.lines] == ["a\ufffdline"] and other.lines == ()
        stand.legacy.rescue.contents[raw[1]] = b"c" * 32
        beat(stand)
        one, other = (await stand.view(LegacyDownloadsView)).downloads
        assert (one.rescued, other.rescued, other.transfer) == (False, True, (b"c" * 32).hex())
        await stand.do(leg.WatchLegacy(keys[1]))
        stand.legacy.rescue.contents.clear()
        beat(stand)
        one, other = (await stand.view(LegacyDownloadsView)).downloads
        assert one.lines == () and len(other.lines) == 1 and not other.rescued
        await stand.do(leg.WatchLegacy(""))
        beat(stand)
        assert not (await stand.view(LegacyDownloadsView)).downloads[1].lines
        assert "32 hexadecimal" in await stand.refused(leg.WatchLegacy("nothing"))


async def test_uploads_rooms_talks_people_and_wishes_are_shown_as_they_stand(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        stand.upload(1, "ben", "share\\Al\x1bbum\\a.flac", TransferPhase.QUEUED)
        stand.upload(2, "cara", "share\\b.flac")
        await stand.do(leg.JoinRoom("jazz"))
        stand.client.tell(RoomSaid("jazz", "ben", "me: hello", 5.0))
        stand.client.tell(Whispered("dora", "first\nsecond", 6.0))
        await stand.do(leg.AddBuddy("dora", "a friend"))
        stand.client.tell(UserChanged("dora", UserState.AWAY))
        await stand.do(leg.AddRule("192.0.2.0/24", ("chat",), address=True))
        wish = int(await stand.value(leg.AddWish("words", "lossless", auto=True)))
        stand.legacy.social.wishes.found(
            wish, [Offer(Source.SOULSEEK, "ben", "a", (RemoteFile("a\\b.flac", 1),))]
        )
        beat(stand)
        uploads = await stand.view(LegacyUploadsView)
        assert [(one.key, one.user, one.folder, one.name, one.phase) for one in uploads.uploads] == [
            (2, "cara", "share", "b.flac", LegacyPhase.ACTIVE),
            (1, "ben", "share/Al\ufffdbum", "a.flac", LegacyPhase.QUEUED),
        ]
        assert (uploads.active, uploads.slots, uploads.uploads[0].rate) == (
            1,
            stand.legacy.policy.slots(),
            10,
        )
        chats = await stand.view(ChatsView)
        [room], [talk] = chats.rooms, chats.conversations
        assert (room.name, room.joined, room.users, room.unread, room.mentions) == ("jazz", True, 2, 1, 1)
        assert (talk.user, talk.text, talk.unread, talk.state) == ("dora", "first second", 1, "away")
        people = await stand.view(PeopleView)
        [buddy], [rule] = people.buddies, people.rules
        assert (buddy.name, buddy.state, buddy.note) == ("dora", "away", "a friend")
        assert (rule.target, rule.address, rule.scope) == ("192.0.2.0/24", True, ("chat",))
        wishes = await stand.view(WishesView)
        [one] = wishes.wishes
        assert (one.wish, one.text, one.filter, one.auto, one.phase, one.fresh) == (
            *(wish, "words", "lossless", True, "looking", 1),
        )
        assert wishes.next_in % 5 == 0


async def test_a_room_that_is_forgotten_and_joined_anew_is_told_from_its_beginning(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs() as stand:
        await stand.do(leg.JoinRoom("jazz"))
        await stand.do(leg.WatchChat("jazz"))
        for number in range(3):
            stand.client.tell(RoomSaid("jazz", "ben", f"old {number}", 1.0))
        await stand.event(ChatLines, lambda event: event.lines and event.lines[-1].text == "old 2")
        await stand.do(leg.LeaveRoom("jazz", forget=True))
        await stand.do(leg.JoinRoom("jazz"))
        stand.client.tell(RoomSaid("jazz", "ben", "new", 2.0))
        event = await stand.event(ChatLines, lambda event: event.lines and event.lines[-1].text == "new")
        assert event.lines[-1].number == 1
        await stand.view(ChatView, lambda view: view.joined)


async def test_statistics_are_sums_hooks_rescues_and_what_is_captured(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    async with stand.runs(pulse=False):
        stand.legacy.capture.standing = CaptureStatus(Held(5, 50, 4, 3, 2), 7, 1)
        for done in (0, 300):
            news = TransferNews(1, "b\x1ben", "a", False, TransferPhase.ACTIVE, 500, done)
            stand.client.tell(TransferChanged(news))
        stand.legacy.rescue.counts.begun = 2
        await stand.pulse._count_captured()
        stand.pulse._statistics()
        view = await stand.view(StatisticsView)
        assert view.session == view.all_time == SumsView(300, 0, 0, 0)
        assert [(one.user, one.sums.received) for one in view.users] == [("b\ufffden", 300)]
        assert view.rescue.begun == 2 and view.hooks == ()
        held = view.capture
        assert (held.seen, held.recordings, held.users, held.tracks, held.dropped) == (5, 2, 3, 7, 1)
        stand.legacy.capture.standing = CaptureStatus()
        await stand.pulse._count_captured()  # is not looked at again so soon
        stand.pulse._statistics()
        assert (await stand.view(StatisticsView)).capture.seen == 5
        await stand.do(leg.ForgetCapture())
        await stand.pulse._count_captured()
        stand.pulse._statistics()
        assert (await stand.view(StatisticsView)).capture.seen == 0

        async def full() -> CaptureStatus:
            raise StorageError("the disk\x1b is full")

        stand.legacy.capture.status = full
        stand.pulse.forgot_capture()
        await stand.pulse._count_captured()
        stand.pulse._statistics()
        assert (await stand.view(StatisticsView)).capture.trouble == "the disk\ufffd is full"


async def test_rules_that_stay_are_not_shown_anew_when_a_buddy_comes(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await stand.do(leg.AddBuddy("ben"))
        await stand.do(leg.AddRule("spam", ("chat",)))
        beat(stand)
        before = await stand.view(PeopleView)
        stand.client.tell(UserChanged("ben", UserState.ONLINE))
        beat(stand)
        after = await stand.view(PeopleView)
        assert after.rules is before.rules and after.buddies[0].state == "online"
        assert msgspec.structs.replace(after, buddies=before.buddies) == before
