"""Front ends in other processes: several on one engine by its socket, each told its own; who breaks the rules goes."""

from __future__ import annotations

import contextlib
import os
import random
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from slskmesh.engine import attach_client, attach_place
from slskmesh.engine import attach_wire as wire
from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.attach_client import NobodyAnswers, TurnedAway, attach
from slskmesh.engine.console import EngineStopped, Refused
from slskmesh.engine.events import EngineEnded, Found, Reply
from slskmesh.engine.hub import VIEWER_BITS, VIEWERS_MAX
from slskmesh.engine.job_views import JobsView, JobView
from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatsView, ChatView
from slskmesh.engine.views import (
    ChunkMapView,
    DoorView,
    LibraryView,
    SettingsView,
    StatusView,
    TransfersView,
)
from slskmesh.paths import Home
from slskmesh.text import sanitize
from tests.demo.soulseek_line import LegacyUser, ServerProcess
from tests.engine.attach_ground import WAIT, Guest, guests, host
from tests.engine.nodes import furnish, running

CONTENT = "11" * 32
NAMES = ("tide", "harbour")
RELEASES = ("b84ee12a-09ef-421b-82de-0441a926375b", "c84ee12a-09ef-421b-82de-0441a926375b")


# -- one and several ---------------------------------------------------------------------------------------------------


def test_a_late_comer_is_shown_everything_and_asks_like_the_first(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        first.wait_view(StatusView, lambda view: bool(view.listening), WAIT, "the status")
        late = Guest(first.home.root)
        for kind in list(first._views):
            late.wait_view(kind, lambda view: True, WAIT, kind.__name__)
        assert late.ask(cmd.MakeInvite()).value.startswith("slskmesh:")
        with pytest.raises(Refused, match="content id"):
            late.ask(cmd.Pause("x"))
        late.ask(cmd.SetSetting("overlay.name", "seen by both"))
        for one in (first, late):
            one.wait_view(
                SettingsView,
                lambda view: ("overlay.name", "seen by both") in {(s.key, s.value) for s in view.settings},
                WAIT,
                "the new name",
            )
        assert late.stop()
        assert first.ask(cmd.MakeInvite()).value, "the engine goes on"


def test_two_watch_different_downloads_and_jobs_and_get_their_own_answers(tmp_path: Path) -> None:
    share = tmp_path / "share"
    share.mkdir()
    for name in NAMES:
        (share / f"{name}.bin").write_bytes(random.Random(name).randbytes(200_000))
    with contextlib.ExitStack() as stack:
        [holder] = stack.enter_context(running([furnish(tmp_path, "holder", share)]))
        holder.wait_view(LibraryView, lambda view: view.files == 2, WAIT, "its files")
        first = stack.enter_context(host(tmp_path, home=furnish(tmp_path, "me")))
        first.ask(cmd.Connect(holder.ask(cmd.MakeInvite()).value))
        two = stack.enter_context(guests(first.home.root, 2))
        contents = []
        for one, name, release in zip(two, NAMES, RELEASES, strict=True):
            one.post(cmd.Search(name, where="mesh"))
            [hit] = one.hear(Found)[0].hits
            contents.append(hit.content)
            one.ask(cmd.Download(hit.content, hit.size, str(hit.name)))
            one.ask(cmd.Watch(hit.content))
            one.wait_view(ChunkMapView, lambda view: True, WAIT, "its map")
            job = int(one.ask(cmd.AddJob("mb_release", release)).value)
            one.ask(cmd.WatchJob(job))
            one.wait_view(JobView, lambda view, job=job: view.row.job == job, WAIT, "its job")  # type: ignore[misc]
        for one in two:
            one.wait_view(TransfersView, lambda view: len(view.transfers) == 2, WAIT, "both downloads")
            one.wait_view(JobsView, lambda view: len(view.jobs) == 2, WAIT, "both jobs")
            one.pulse()
        maps = [{v.transfer for v in one.shown if isinstance(v, ChunkMapView)} for one in two]
        jobs = [{v.row.job for v in one.shown if isinstance(v, JobView)} for one in two]
        assert maps == [{content} for content in contents]
        assert jobs[0] and jobs[1] and jobs[0].isdisjoint(jobs[1])
        asked = [{event.request >> VIEWER_BITS for event in one.told(Reply)} for one in two]
        assert len(asked[0]) == len(asked[1]) == 1 and asked[0].isdisjoint(asked[1])
        assert all(event.request >> VIEWER_BITS == 0 for event in first.seen if isinstance(event, Reply))


def test_two_watch_different_rooms_and_each_gets_its_own_hits(tmp_path: Path) -> None:
    share = tmp_path / "share" / "Slow Ferries"
    share.mkdir(parents=True)
    for name in ("01 Tide Table.flac", "02 Harbour Lights.flac"):
        (share / name).write_bytes(random.Random(name).randbytes(50_000))
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(ServerProcess(tmp_path))
        words = ("--share", str(share.parent), "--downloads", str(tmp_path / "got"), "--join", "harbour")
        stack.enter_context(LegacyUser(tmp_path, server.address, "ann", *words)).online()
        first = stack.enter_context(host(tmp_path, server=server.address))
        two = stack.enter_context(guests(first.home.root, 2))
        first.mode("hybrid", "healthy")
        for one, room, words_of in zip(
            two, ("harbour", "pier"), ("tide table", "harbour lights"), strict=True
        ):
            one.ask(leg.JoinRoom(room))
            one.wait_view(
                ChatsView,
                lambda v, r=room: any(x.name == r and x.joined for x in v.rooms),
                WAIT,
                room,  # type: ignore[misc]
            )
            one.ask(leg.WatchChat(room))
            one.ask(leg.Say(room, f"hello {room}"))
            one.wait_for(
                lambda o=one, r=room: any(f"hello {r}" == x.text for e in o.told(ChatLines) for x in e.lines),  # type: ignore[misc]
                WAIT,
                "what was said",
            )
            query = one.post(cmd.Search(words_of))
            one.wait_for(lambda o=one: bool(o.told(Found)), WAIT, "a hit")  # type: ignore[misc]
            assert {event.query for event in one.told(Found)} == {query}
        for one in two:
            one.pulse()
        rooms = [{str(v.name) for v in one.shown if isinstance(v, ChatView)} for one in two]
        assert rooms == [{"harbour"}, {"pier"}]
        assert [{str(e.name) for e in one.told(ChatLines)} for one in two] == rooms
        names = [{str(hit.name) for e in one.told(Found) for hit in e.hits} for one in two]
        assert names == [{"01 Tide Table.flac"}, {"02 Harbour Lights.flac"}]
        assert not [event for event in first.seen if isinstance(event, Found | ChatLines)]


def test_those_who_look_are_counted_and_those_who_went_are_not(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        one, other, script = (Guest(first.home.root, screen=screen) for screen in (True, True, False))
        first.attached(2)
        script.ask(cmd.MakeInvite())
        one.stop()
        first.attached(1)
        other.wait_view(DoorView, lambda view: view.attached == 1, WAIT, "the other to be gone")
        other.stop()
        script.stop()
        first.attached(0)


def test_too_many_are_told_so_and_room_comes_back(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        with guests(first.home.root, VIEWERS_MAX - 1) as all_of_them:
            with pytest.raises(TurnedAway, match="attached already"):
                attach(first.home.root)
            all_of_them[0].stop()
            first.attached(VIEWERS_MAX - 2)
            Guest(first.home.root).stop()


# -- ends --------------------------------------------------------------------------------------------------------------


def test_the_end_of_the_engine_is_told_in_order(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        one = Guest(first.home.root)
        one.ask(cmd.MakeInvite())
        assert first.stop(WAIT)
        [ended] = one.hear(EngineEnded)
        assert ended.clean and "stopped" in ended.text
        with pytest.raises(EngineStopped):
            one.ask(cmd.MakeInvite())
        request = one.client.post(cmd.MakeInvite())
        assert Reply(request, False, sanitize("the engine is stopped")) in one.client.drain().events
        assert one.stop()
    assert not attach_place.socket_path(first.home).exists()
    with pytest.raises(NobodyAnswers, match=r"attach\.sock"):
        attach(first.home.root)


def test_an_end_without_a_word_is_told_too(tmp_path: Path) -> None:
    """A daemon that was killed closes the line and says nothing."""
    home = Home(tmp_path)
    listener = attach_place.listen_at(home)
    listener.setblocking(True)

    def die() -> None:
        line, _ = listener.accept()
        line.recv(1000)
        line.sendall(wire.encode_answer(wire.Welcome("x")))
        listener.close()
        line.close()

    thread = threading.Thread(target=die)
    thread.start()
    one = Guest(tmp_path)
    thread.join()
    [ended] = one.hear(EngineEnded)
    assert not ended.clean and "the daemon is gone" in ended.text
    assert one.stop()


def test_nonsense_from_below_is_told_as_such(tmp_path: Path) -> None:
    home = Home(tmp_path)
    listener = attach_place.listen_at(home)
    listener.setblocking(True)

    def babble() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(1000)
            line.sendall(wire.encode_answer(wire.Welcome("x")) + b"\xff\xff\xff\xff")

    thread = threading.Thread(target=babble)
    thread.start()
    one = Guest(tmp_path)
    thread.join()
    [ended] = one.hear(EngineEnded)
    assert not ended.clean and "cannot be read" in ended.text and "restart" in ended.text
    one.stop()
    listener.close()


def test_who_is_killed_is_dismissed_with_what_he_watched(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from tests.engine.attach_ground import Guest\n"
        "from slskmesh.engine import commands as cmd\n"
        "from pathlib import Path\n"
        "one = Guest(Path(sys.argv[1]))\n"
        f"one.ask(cmd.Watch({CONTENT!r}))\n"
        "print(one.client._numbers, flush=True)\n"
        "time.sleep(600)\n"
    )
    with host(tmp_path) as first:
        first.ask(cmd.Download(CONTENT, 1000, "x.flac"))
        child = subprocess.Popen(
            [sys.executable, "-c", script, str(first.home.root)], stdout=subprocess.PIPE, cwd=os.getcwd()
        )
        assert child.stdout is not None
        with child.stdout:
            assert child.stdout.readline()
            assert first.engine.pulse._watched and len(first.engine.hub) == 2
            child.kill()
            child.wait(WAIT)
        first.attached(0)
        assert len(first.engine.hub) == 1 and not first.engine.pulse._watched


# -- the client --------------------------------------------------------------------------------------------------------


def test_words_that_cannot_cross_are_refused_like_the_engine_does(tmp_path: Path) -> None:
    with host(tmp_path) as first, guests(first.home.root, 1) as [one]:
        for command in (cmd.Search("\ud800"), cmd.Search("x", limit=1 << 70), cmd.Search("y" * wire.UP_MAX)):
            with pytest.raises(Refused):
                one.ask(command)
        assert one.ask(cmd.MakeInvite()).ok


def test_posting_never_blocks_and_the_full_queue_says_so(tmp_path: Path) -> None:
    """Nobody reads on the other side."""
    listener = attach_place.listen_at(Home(tmp_path))
    listener.setblocking(True)
    lines: list[socket.socket] = []

    def welcome() -> None:
        line, _ = listener.accept()
        line.recv(1000)
        line.sendall(wire.encode_answer(wire.Welcome("x")))
        lines.append(line)

    thread = threading.Thread(target=welcome)
    thread.start()
    one = Guest(tmp_path)
    thread.join()
    numbers = [one.post(cmd.Search("x" * 1000)) for _ in range(attach_client.POSTS_MAX + 2_000)]
    refused = [event for event in one.client.drain().events if isinstance(event, Reply)]
    assert refused and all(not reply.ok and "waiting" in reply.text for reply in refused)
    assert {reply.request for reply in refused} < set(numbers)
    assert one.client.stop(1.0), "and letting go does not wait for ever"
    lines[0].close()
    listener.close()


def test_what_the_engine_left_out_is_counted(tmp_path: Path) -> None:
    listener = attach_place.listen_at(Home(tmp_path))
    listener.setblocking(True)

    def tell() -> None:
        line, _ = listener.accept()
        with line:
            line.recv(1000)
            line.sendall(wire.encode_answer(wire.Welcome("x")))
            for count in (7, 5):
                line.sendall(wire.encode_tell(wire.Dropped(count)))
            line.sendall(wire.encode_tell(EngineEnded(True, sanitize("over"))))

    thread = threading.Thread(target=tell)
    thread.start()
    client = attach(tmp_path)
    client.start(lambda: None)
    client._reader.join(WAIT)
    thread.join(WAIT)
    batch = client.drain()
    assert batch.dropped == 12 and batch.events == (EngineEnded(True, sanitize("over")),)
    client.stop()
    listener.close()


def test_what_was_posted_before_letting_go_is_done(tmp_path: Path) -> None:
    with host(tmp_path) as first:
        one = Guest(first.home.root)
        one.post(cmd.SetSetting("overlay.name", "last words"))
        one.stop()
        first.wait_view(
            SettingsView,
            lambda view: ("overlay.name", "last words") in {(s.key, s.value) for s in view.settings},
            WAIT,
            "what was posted last",
        )


def test_the_client_needs_neither_trio_nor_the_engine() -> None:
    """The terminal app's first paint waits for its imports."""
    code = (
        "import sys, slskmesh.engine.attach_client\n"
        "print([m for m in ('trio', 'slskmesh.engine.engine', 'asyncio', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
