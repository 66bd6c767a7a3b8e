"""Downloads from peers and Soulseek users in one list, uploads to both, rescue: what each key does in the real app."""

from __future__ import annotations

import threading

import msgspec
import pytest

from slskmesh.engine import commands as c
from slskmesh.engine import legacy_commands as lc
from slskmesh.engine.client import Batch
from slskmesh.engine.commands import Command
from slskmesh.engine.events import Event, Reply
from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyPhase, LegacyUploadsView
from slskmesh.engine.views import TransferState, TransfersView, UploadsView, UploadView, View
from tests.tui.fake import (
    NOW,
    FakeClient,
    everything,
    hit,
    peer_id,
    s,
    settings_view,
    status,
    transfer,
    transfers,
    uploads,
)
from tests.tui.fake_transfers import (
    CONTENT,
    both,
    downloads,
    key,
    legacy,
    rescue,
    rescue_map,
    sending,
    story,
    upload,
)
from tests.tui.stage import NARROW, WIDE, Stage, play, stage
from tui.actions import PANE_OF
from tui.bridge import linger
from tui.panes.swarm import SwarmPane
from tui.removing import AT_ONCE
from tui.switching import words_for
from tui.widgets.overlay import Menu


def pane(st: Stage) -> SwarmPane:
    found = st.app.panes["swarm"]
    assert isinstance(found, SwarmPane)
    return found


def since(st: Stage, number: int) -> list[Command]:
    return [one for one in st.client.commands[number:] if not isinstance(one, c.Watch | lc.WatchLegacy)]


def said(st: Stage, words: str) -> bool:
    """Whether a message has these words; the screen may have room for less."""
    return any(words in notice.text for notice in st.app.state.notices)


def users_only(*changes: View) -> tuple[View, ...]:
    """No folder: six downloads from Soulseek users, one in each phase."""
    return (settings_view(), status(), downloads(6, folder=s("")), sending(), *changes)


def test_one_list_and_the_timeline_of_the_one_under_the_cursor() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            await st.press("4")
            assert st.last() == lc.WatchLegacy(key(0))
            await st.push(downloads(6, folder=s(""), lines=story()))
            text = st.text()
            for words in (
                "downloads 6",
                "slsk:vinyl_b",
                "place 12",
                "again in 0:42",
                "paused",
                "failed",
                "done",
            ):
                assert words in text, words
            assert "vinyl_b sends, 5:40 to go" in text and "asked of vinyl_b: place 14" in text
            await st.press("j")
            assert st.last() == lc.WatchLegacy(key(1)) and "waits in tape_hiss's queue" in st.text()
            await st.press("1")
            assert st.last() == lc.WatchLegacy("")

    play(scene())


def test_waits_count_down_every_second() -> None:
    now = [NOW]

    async def scene() -> None:
        async with stage(*users_only(), clock=lambda: now[0]) as st:
            await st.press("4", "j", "j")
            assert st.text().count("again in 0:42") >= 3, "in the list, in the box and beside the source"
            now[0] += 41
            st.app.second()
            await st.settle()
            assert "again in 0:01" in st.text() and "again in 0:42" not in st.text()

    play(scene())


def test_while_the_server_is_away_a_queued_one_says_so() -> None:
    from slskmesh.engine.legacy_views import ModeView

    rows = LegacyDownloadsView((legacy(2, next_try=None),))

    async def scene() -> None:
        async with stage(settings_view(), status(), rows) as st:
            await st.press("4")
            assert "waits until dubmaster is asked" in st.text()
            await st.push(ModeView("disaster", "unavailable", NOW, s("no answer"), phase="waiting"))
            assert "waits for the Soulseek server" in st.text()

    play(scene())


def test_pausing_going_on_and_trying_again() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            await st.press("4", "p")
            assert st.last() == lc.PauseLegacy((key(0),))
            at = len(st.client.commands)
            await st.press("r")
            assert since(st, at) == [] and said(st, "it is active, not paused or failed")
            await st.press("j", "j", "r")
            assert st.last() == lc.ResumeLegacy((key(2),)), "one that waits for its time is tried at once"
            await st.press("j", "p")
            assert st.last() == lc.ResumeLegacy((key(3),))
            await st.press("j", "r")
            assert st.last() == lc.ResumeLegacy((key(4),))
            at = len(st.client.commands)
            await st.press("p", "j", "p", "r")
            assert since(st, at) == [] and said(st, "it is done, neither running nor paused")

    play(scene())


def test_all_are_paused_or_go_on() -> None:
    async def scene() -> None:
        async with stage(*both()[1:3], *everything()) as st:
            await st.press("4", "P")
            sent = since(st, 0)
            assert {type(one) for one in sent} == {c.Pause, lc.PauseLegacy}
            assert {one.transfer for one in sent if isinstance(one, c.Pause)} == {
                f"{n:064x}" for n in range(3)
            }
            stopped = tuple(transfer(n, state=TransferState.PAUSED) for n in range(2))
            await st.push(TransfersView(stopped), downloads(3, phase=LegacyPhase.PAUSED))
            at = len(st.client.commands)
            await st.press("P")
            assert since(st, at) == [
                c.Resume(f"{0:064x}"),
                c.Resume(f"{1:064x}"),
                lc.ResumeLegacy((key(0), key(1), key(2))),
            ]

    play(scene())


def test_a_folder_is_one_line_that_opens_and_acts_as_a_whole() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(), downloads(6)) as st:
            await st.press("4")
            assert len(pane(st).downloads) == 1 and "▸ Low Tide " in st.text() and "active 1/6" in st.text()
            await st.press("p")
            assert st.last() == lc.PauseLegacy((key(0), key(1), key(2)))
            await st.press("enter")
            assert len(pane(st).downloads) == 7 and "▾ Low Tide " in st.text()
            await st.press("j", "j", "j", "z")
            assert len(pane(st).downloads) == 1 and pane(st).list.cursor == 0, "z folds from inside"
            await st.press("z", "r")
            assert st.last() == lc.ResumeLegacy((key(2), key(3), key(4)))
            await st.press("slash")
            await st.type("tide failed")
            await st.press("enter")
            assert len(pane(st).downloads) == 2 and "/tide failed" in st.text()
            await st.press("escape")
            assert len(pane(st).downloads) == 7

    play(scene())


def test_marks_and_ranges_act_on_many() -> None:
    async def scene() -> None:
        async with stage(*users_only(TransfersView((transfer(0, folder=s(""), added=NOW),)))) as st:
            await st.press("4", "space", "space", "G", "space", "p")
            assert "3 marked" not in st.text()
            assert since(st, 0)[-2:] == [c.Pause("0" * 64), lc.PauseLegacy((key(0), key(1)))]
            await st.press("g", "g", "v", "j", "j", "j", "j")
            await st.press("r")
            assert st.last() == lc.ResumeLegacy((key(2), key(3), key(4)))
            assert pane(st).list.range_start is None
            await st.press("asterisk")
            assert len(pane(st).downloads.marked) == 7 and "7 marked" in st.text()
            await st.press("escape")
            assert not pane(st).downloads.marked
            at = len(st.client.commands)
            await st.press("g", "g", "j", "j", "j", "j", "j", "space", "space", "r")
            assert since(st, at) == []
            assert said(st, "none of these is paused, failed or waits")

    play(scene())


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_removed_folder_can_be_kept_for_ten_seconds() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(), downloads(6)) as st:
            st.app.monotonic = time = Time()
            await st.press("4", "d")
            assert "Low Tide (6 files): remove and delete" in st.text()
            await st.press("n")
            assert since(st, 0) == []
            await st.press("d", "y")
            assert st.last() == lc.PauseLegacy((key(0), key(1), key(2))) and "gone 10s" in st.text()
            await st.press("U")
            assert st.last() == lc.ResumeLegacy((key(0), key(1), key(2))) and "gone" not in st.text()
            await st.press("d", "y")
            time.now += 11
            st.app.second()
            assert st.last() == lc.RemoveLegacy(tuple(key(n) for n in range(6)))

    play(scene())


def test_quitting_carries_a_folder_s_removal_out() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(), downloads(2, phase=LegacyPhase.DONE)) as st:
            st.client.answer = lambda n, command: None
            await st.press("4", "d", "ctrl+q")
            assert st.last() == lc.RemoveLegacy((key(0), key(1))) and st.app.return_code is None
            st.client.push(Reply(len(st.client.commands), True))
            await st.settle()
            assert st.app.return_code == 0

    play(scene())


def test_finished_ones_go_at_once_and_only_those() -> None:
    async def scene() -> None:
        async with stage(*everything(), downloads(6)) as st:
            await st.press("4", "C")
            assert since(st, 0) == [c.Remove(f"{3:064x}"), lc.ClearLegacy()]
            assert said(st, "2 finished downloads off the list; the files stay")
            await st.push(TransfersView((transfer(0),)), LegacyDownloadsView((legacy(0),)))
            at = len(st.client.commands)
            await st.press("C")
            assert since(st, at) == [] and said(st, "nothing in the list is finished")

    play(scene())


def test_moving_goes_past_whole_folders_and_only_in_queue_order() -> None:
    rows = (
        legacy(0, folder=s("")),
        legacy(1, folder=s("F")),
        legacy(2, folder=s("F")),
        legacy(3, folder=s("")),
    )

    async def scene() -> None:
        async with stage(settings_view(), status(), LegacyDownloadsView(rows)) as st:
            await st.press("4", "J")
            assert st.last() == lc.MoveLegacy(key(0), 2)
            at = len(st.client.commands)
            await st.press("K")
            assert since(st, at) == [] and said(st, "it is the first of its queue")
            await st.press("j", "J")
            assert since(st, at) == [lc.MoveLegacy(key(2), 1), lc.MoveLegacy(key(1), 1)], "the last one first"
            await st.press("K")
            assert since(st, at)[2:] == [lc.MoveLegacy(key(1), -1), lc.MoveLegacy(key(2), -1)]
            await st.press("s", "j", "enter")
            assert pane(st).downloads.sort == "name" and "by name" in st.text()
            at = len(st.client.commands)
            await st.press("J")
            assert since(st, at) == [] and said(st, "the list is by name")
            await st.press("s", "j", "enter")
            assert pane(st).downloads.reverse and "by name, reversed" in st.text()

    play(scene())


def test_enter_shows_where_a_finished_one_is_and_y_copies_path_and_user() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            await st.press("4", "G", "enter")
            assert "file     /music/in/Low Tide/5.mp3" in st.text()
            await st.press("escape", "y", "p")
            assert st.app.clipboard == "/music/in/Low Tide/5.mp3"
            await st.press("y", "n")
            assert st.app.clipboard == "dubmaster"
            await st.press("y", "y")
            assert st.app.clipboard.startswith("06 Tidal.mp3\tslsk:dubmaster\t")

    play(scene())


def test_the_row_s_menu_has_what_can_be_done_with_it() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            await st.press("4", "x")
            menu = st.app.overlay
            assert isinstance(menu, Menu) and menu.title == "01 Night Ferry.mp3"
            off = {entry.key: entry.off for entry in menu.entries}
            assert not off["p"] and not off["d"] and not off["S"] and not off["u"]
            assert off["r"] == "it is active, not paused or failed"
            await st.press("escape", "u")
            assert st.last() == lc.AskUser("vinyl_b")
            await st.press("escape", "c")
            assert said(st, "peers have no part in it: it has no chunk map")

    play(scene())


@pytest.mark.parametrize(
    ("name", "folder", "words"),
    [
        ("03 - Low Sun.flac", "Marit Holm/Harbour Lights", "Low Sun"),
        ("04 Quay.flac", "Marit Holm/Harbour Lights (1998)", "Harbour Lights Quay"),
        ("1-07. The Long Way Home Again.mp3", "X", "The Long Way Home Again"),
        ("12.flac", "99 Luftballons", "99 Luftballons 12"),
        ("...", "", ""),
    ],
)
def test_the_words_of_a_file(name: str, folder: str, words: str) -> None:
    assert words_for(name, folder) == words


def soulseek_hit(number: int, **changes: object) -> object:
    values = {"via": "soulseek", "user": s("tape_hiss"), "peer": "", "content": "", "have": False} | changes
    return hit(number, **values)


async def switching_from(st: Stage, *found: object) -> int:
    """The failed one's source is to be changed; the query's number."""
    await st.press("4", "j", "j", "j", "j", "S")
    await st.settle()
    assert st.app.pane_name == "search"
    search = st.client.sent(c.Search)[-1]
    assert isinstance(search, c.Search) and search.text == "Glass Harbour"
    number = st.app.search.asked
    await st.push(*_found(number, found))
    await st.press("escape", "enter")
    return number


def _found(number: int, found: tuple[object, ...]) -> tuple[Event, ...]:
    from slskmesh.engine.events import Found, SearchEnded

    return Found(number, found), SearchEnded(number, 4, 4, 0, 0)  # type: ignore[arg-type]


def test_a_hit_of_another_user_s_becomes_the_source_after_a_yes() -> None:
    async def scene() -> None:
        async with stage(*users_only(), status()) as st:
            number = await switching_from(st, soulseek_hit(2))
            text = st.text()
            assert "fetch it from slsk:tape_hiss instead of slsk:tape_hiss?" in text and "y yes" in text
            assert "05 Glass Harbour.mp3: 03 The Long Pier.flac, 20.0M, not 26.0M: begun anew" in text
            await st.press("y")
            assert st.last() == lc.SwitchSource(key(4), number, 2) and st.app.switching is None
            await st.press("enter")
            assert not isinstance(st.last(), lc.SwitchSource), "the next hit is a download of its own again"

    play(scene())


def test_a_hit_of_a_peer_s_is_fetched_and_the_old_one_goes() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            st.app.monotonic = time = Time()
            await switching_from(st, hit(2, size=26 * 1024**2))
            assert "begun anew" not in st.text(), "the size is the same"
            await st.press("y")
            got = st.client.sent(c.Download)[-1]
            assert isinstance(got, c.Download) and got.content == f"{2:064x}"
            time.now += 11
            st.app.second()
            assert st.last() == lc.RemoveLegacy((key(4),))

    play(scene())


def test_no_and_a_second_press_keep_the_source() -> None:
    async def scene() -> None:
        async with stage(*users_only()) as st:
            await switching_from(st, soulseek_hit(2))
            await st.press("n")
            assert st.app.switching is None and not st.client.sent(lc.SwitchSource)
            await st.press("4", "S", "4", "S")
            assert st.app.switching is None and said(st, "stays with slsk:tape_hiss")
            await st.press("S")
            await st.push(downloads(2, folder=s("")))
            await st.push(*_found(st.app.search.asked, (soulseek_hit(2),)))
            await st.press("escape", "enter")
            assert st.app.switching is None and not st.client.sent(lc.SwitchSource), (
                "it left the list meanwhile"
            )

    play(scene())


def test_what_cannot_be_switched_says_why() -> None:
    async def scene() -> None:
        async with stage(*everything(), downloads(3), LegacyUploadsView(())) as st:
            for keys, why in (
                (("4", "S"), "one file at a time: enter opens the folder"),
                (("enter", "j", "S"), "only a Soulseek user can be changed"),
            ):
                await st.press(*keys)
                assert said(st, why)
        async with stage(*users_only()) as st:
            await st.press("4", "G", "S")
            assert said(st, "it is done") and st.app.pane_name == "swarm"

    play(scene())


def test_a_rescue_shows_both_sides_on_one_map() -> None:
    download, peers = rescue()

    async def scene() -> None:
        async with stage(
            settings_view(), status(), TransfersView((peers,)), LegacyDownloadsView((download,))
        ) as st:
            await st.press("4")
            assert st.client.sent(c.Watch)[-1] == c.Watch(CONTENT)
            assert st.client.sent(lc.WatchLegacy)[-1] == lc.WatchLegacy(download.key)
            await st.push(rescue_map())
            text = st.text()
            assert "rescued by peers" in text and "S from Soulseek" in text and "slsk:vinyl_b+mesh" in text
            assert "SSSSSSSSSS SSSSSSSSSS SSSSSSSSSS SSSSSSsss" in text and "S slsk:vinyl_b" in text
            await st.press("p")
            assert st.last() == lc.PauseLegacy((download.key,))
            await st.press("d", "y")
            st.app.monotonic = lambda: 1e12
            st.app.second()
            assert st.last() == lc.RemoveLegacy((download.key,))
            assert not st.client.sent(c.Remove), "the rescue gives way by itself"

    play(scene())


def test_a_rescue_that_ends_or_begins_under_the_cursor_changes_the_box() -> None:
    download, peers = rescue()
    alone = msgspec.structs.replace(download, rescued=False, transfer="", phase=LegacyPhase.ACTIVE)

    async def scene() -> None:
        async with stage(settings_view(), status(), LegacyDownloadsView((alone,))) as st:
            await st.press("4", "tab")
            assert pane(st).box.id == "timeline"
            await st.push(TransfersView((peers,)), LegacyDownloadsView((download,)))
            assert pane(st).box.id == "map" and st.client.sent(c.Watch)[-1] == c.Watch(CONTENT)
            await st.push(TransfersView(()), LegacyDownloadsView((alone,)))
            assert pane(st).box.id == "timeline" and st.client.sent(c.Watch)[-1] == c.Watch("")
            await st.press("m")
            assert pane(st).size_step == 2 and pane(st).box.id == "timeline"

    play(scene())


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_uploads_to_both_have_keys_of_their_own(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*everything(), sending(), size=size) as st:
            await st.press("4")
            while pane(st).box.id != "uploads":
                await st.press("tab")
            assert pane(st).place == "uploads" and PANE_OF["uploads"] == "swarm"
            await st.pilot.pause()
            for words in (
                "uploads 5",
                "slsk 1 of 3 slots",
                "3 wait",
                "k:22ab..9c",
                "slsk:vinyl_b",
                "sending",
            ):
                assert words in st.text(), words
            at = len(st.client.commands)
            for press in "dDamow":
                await st.press(press)
                assert said(st, "this is a peer's stream")
            assert since(st, at) == []
            await st.press("B", "y")
            assert st.last() == c.Block(peer_id(1))
            await st.press("j", "d")
            assert st.last() == lc.CancelUpload(100)
            await st.press("D", "n")
            assert not st.client.sent(lc.CancelUploads)
            await st.press("D", "y")
            assert st.last() == lc.CancelUploads("vinyl_b")
            await st.press("a", "enter")
            assert st.last() == lc.AddBuddy("vinyl_b")
            await st.press("B", "1")
            assert isinstance(st.last(), lc.AddRule) and st.last().target == "vinyl_b"  # type: ignore[attr-defined]
            await st.press("enter")
            assert "group   buddies" in st.text()
            await st.press("escape", "y", "n")
            assert st.app.clipboard == "vinyl_b"
            await st.press("w")
            assert st.last() == lc.AskUser("vinyl_b")
            await st.press("escape", "o")
            assert (
                st.client.sent(lc.BrowseUser) == [lc.BrowseUser("vinyl_b")] and st.app.pane_name == "search"
            )
            await st.press("4", "m")
            assert st.app.pane_name == "scenes"

    play(scene())


def test_uploads_are_filtered_with_the_list_and_keep_their_cursor() -> None:
    async def scene() -> None:
        async with stage(*everything(), downloads(6, folder=s("")), sending()) as st:
            await st.press("4", "tab", "tab", "tab", "tab", "j", "j")
            assert pane(st).uploads.cursor_key == "slsk 101"
            await st.push(LegacyUploadsView((upload(3), upload(1), upload(0))))
            assert pane(st).uploads.cursor_key == "slsk 101"
            await st.press("slash")
            await st.type("tape_hiss")
            await st.press("enter")
            assert [u.key for u in pane(st).sent.items] == [101]  # type: ignore[union-attr]
            assert len(pane(st).downloads) == 2
            await st.press("escape")
            await st.push(LegacyUploadsView(()), UploadsView(()))
            at = len(st.client.commands)
            await st.press("d", "D", "B", "a", "m", "o", "w", "enter")
            assert since(st, at) == [] and "nobody is sent anything now" in st.text()

    play(scene())


def test_twenty_files_of_a_folder_are_one_message_and_one_bell(monkeypatch: pytest.MonkeyPatch) -> None:
    rung: list[int] = []

    async def scene() -> None:
        async with stage(settings_view(), status(), downloads(20, phase=LegacyPhase.ACTIVE)) as st:
            monkeypatch.setattr(st.app, "bell", lambda: rung.append(1))
            st.app.ringing = True
            for done in range(1, 21):
                rows = [
                    legacy(n, phase=LegacyPhase.DONE if n < done else LegacyPhase.ACTIVE) for n in range(20)
                ]
                await st.push(LegacyDownloadsView(tuple(rows)))
            told = [n.text for n in st.app.state.notices]
            assert told == ["Low Tide: 20 files complete"] and rung == [1]
            assert "Low Tide: 20 files complete" in st.text(), "in every pane"

    play(scene())


def test_quitting_counts_downloads_from_soulseek_users() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(), downloads(6)) as st:
            await st.press("q")
            assert "3 downloads not finished" in st.text()

    play(scene())


def test_a_crowd_of_commands_goes_a_few_at_a_time_and_fails_once() -> None:
    rows = tuple(transfer(n, state=TransferState.QUEUED, folder=s("")) for n in range(AT_ONCE + 50))

    async def scene() -> None:
        async with stage(settings_view(), status(), TransfersView(rows)) as st:
            await st.press("4")
            st.client.answer = lambda n, command: None
            at = len(st.client.commands)
            await st.press("P")
            asked = since(st, at)
            assert len(asked) == AT_ONCE
            first = len(st.client.commands) - AT_ONCE + 1
            await st.push(*(Reply(first + n, n % 2 == 0, s("busy")) for n in range(AT_ONCE)))
            assert len(since(st, at)) == AT_ONCE + 50
            await st.push(*(Reply(first + AT_ONCE + n, True) for n in range(50)))
            assert [str(n.text) for n in st.app.state.notices].count("busy (50 of 150)") == 1

    play(scene())


def test_an_engine_that_stopped_turns_every_action_off() -> None:
    from tests.tui.fake import ended

    async def scene() -> None:
        async with stage(*users_only(), uploads()) as st:
            await st.press("4")
            await st.push(ended())
            at = len(st.client.commands)
            await st.press("p", "r", "P", "C", "d", "S", "u", "J", "K", "space")
            while pane(st).box.id != "uploads":
                await st.press("tab")
            await st.press("d", "D", "B", "a", "m", "o", "w")
            assert since(st, at) == [] and st.app.prompt.question is None

    play(scene())


def test_ten_thousand_downloads_are_followed_and_reached() -> None:
    rows = [
        legacy(n, folder=s(f"Folder {n // 10}"), phase=LegacyPhase.QUEUED, next_try=None)
        for n in range(10_000)
    ]

    async def scene() -> None:
        async with stage(
            settings_view(), status(), LegacyDownloadsView(tuple(rows)), TransfersView(())
        ) as st:
            await st.press("4", "G")
            assert pane(st).list.cursor == 999 and "downloads 10,000" in st.text()
            await st.press("enter", "j")
            assert pane(st).file is not None and pane(st).file.key == key(9_990)  # type: ignore[union-attr]
            rows[9_990] = msgspec.structs.replace(rows[9_990], phase=LegacyPhase.ACTIVE, rate=1e5)
            await st.push(LegacyDownloadsView(tuple(rows)))
            assert "97.7k/s" in st.text() and pane(st).list.cursor == 1000
            await st.press("slash")
            await st.type("folder 777")
            assert len(pane(st).downloads) == 11
            await st.press("escape")
            assert len(pane(st).downloads) == 1010

    play(scene())


def test_lingering_waits_for_downloads_from_soulseek_users() -> None:
    class Counting(FakeClient):
        drained = 0

        def drain(self) -> Batch:
            self.drained += 1
            if self.drained == 3:
                self.push(downloads(1, phase=LegacyPhase.PAUSED))
            return super().drain()

    client = Counting(downloads(2))
    linger(client, threading.Event(), running=0, poll=0.001, legacy=2)
    assert client.drained == 3


def test_a_job_s_transfer_that_is_folded_away_is_shown() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("4")
            pane(st).aim(f"{4:064x}")
            await st.settle()
            assert pane(st).list.cursor_key == f"{4:064x}" and pane(st).downloads.row(0).open  # type: ignore[union-attr]
            await st.push(transfers(3))
            assert pane(st).list.cursor_key

    play(scene())


def test_an_upload_to_a_peer_that_waits_is_told_as_such() -> None:
    waits = UploadView(peer_id(2), "k:90fe..9c", s("x.flac"), s("place 3 in queue"), 0.0, 0, 9000)

    async def scene() -> None:
        async with stage(*everything(), UploadsView((waits,))) as st:
            await st.press("4")
            assert "1 wait" in st.text() and "place 3 i" in st.text()

    play(scene())
