"""The attach socket against the slow, the greedy, the silent and the rude: each costs itself and nobody else."""

from __future__ import annotations

import contextlib
import itertools
import resource
from pathlib import Path

import pytest

from slskmesh.engine import attach_client, attach_door
from slskmesh.engine import attach_wire as wire
from slskmesh.engine import commands as cmd
from slskmesh.engine.events import Level, Notice, Reply
from slskmesh.engine.hub import VIEWER_BITS
from slskmesh.engine.views import (
    DoorView,
    LibraryView,
    ScanPhase,
)
from slskmesh.text import sanitize
from tests.engine.attach_ground import WAIT, Guest, Host, Raw, guests, host

ROUND = itertools.count()


def flood(first: Host, count: int) -> None:
    """So many notices that may not be dropped silently and views, on the engine's loop, as things that happen."""
    start = next(ROUND) * count

    def put() -> None:
        for number in range(start, start + count):
            first.engine.notice(Level.GOOD, f"line {number} " + "x" * 300)
            first.engine.show_door(trouble=sanitize(f"{number} " + "y" * 300))

    assert first.engine._call(put)
    first.ask(cmd.MakeInvite())


def test_one_that_takes_nothing_holds_up_nobody_and_costs_little(tmp_path: Path) -> None:
    with host(tmp_path) as first, Raw(first.home.root) as stopped, guests(first.home.root, 1) as [quick]:
        assert stopped.hello(5) == wire.Welcome(attach_client.__version__)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(20):
            flood(first, 2_000)
            quick.ask(cmd.MakeInvite())
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        box = first.engine.hub._boxes[5]
        assert isinstance(box, attach_door.FrontEnd)
        assert box._mailbox.waiting <= 1_000 and len(box._next) <= 1_000, "the oldest gave way"
        assert grown < 100, f"{grown:.0f} MB for 80,000 things that nobody took"
        newest = first.latest(DoorView)
        seen = []
        while newest not in seen or not isinstance(seen[-1], wire.Dropped):
            body = stopped.next()
            assert body is not None
            seen.append(wire.decode_tell(body))
        dropped = [value.count for value in seen if isinstance(value, wire.Dropped)]
        assert sum(dropped) > 30_000, "it is told how much it missed"


def test_what_is_longer_than_the_line_holds_comes_whole_however_slow_it_is_taken(tmp_path: Path) -> None:
    with host(tmp_path) as first, Raw(first.home.root) as slow:
        slow.hello(5)
        folders = tuple(sanitize(f"folder {n} " + "x" * 150) for n in range(40_000))
        long = LibraryView(ScanPhase.IDLE, roots=folders)
        assert first.engine._call(first.engine.hub.tell, 5, long)
        first.ask(cmd.MakeInvite())
        seen = []
        while long not in seen:
            body = slow.next()
            assert body is not None
            seen.append(wire.decode_tell(body))
        too_long = LibraryView(ScanPhase.IDLE, roots=folders * 6)
        for _ in range(2):
            assert first.engine._call(first.engine.hub.tell, 5, too_long)
            first.ask(cmd.MakeInvite())
        assert first.engine._call(first.engine.notice, Level.GOOD, "the last")
        while not (isinstance(seen[-1], Notice) and seen[-1].text == "the last"):
            body = slow.next()
            assert body is not None
            seen.append(wire.decode_tell(body))
        errors = [value.text for value in seen if isinstance(value, Notice) and value.level is Level.ERROR]
        assert len(errors) == 1 and errors[0].startswith("LibraryView cannot be shown here"), errors


def test_one_for_whom_too_much_piles_up_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach_door, "BACKLOG_MAX", 300)
    with host(tmp_path) as first, Raw(first.home.root) as stopped:
        stopped.hello(5)
        for _ in range(50):
            if 5 in first.engine.hub:
                flood(first, 2_000)
        assert 5 not in first.engine.hub and stopped.cut()
        Guest(first.home.root).stop()


def test_one_that_asks_and_takes_no_answer_is_not_read_any_more(tmp_path: Path) -> None:
    with host(tmp_path) as first, Raw(first.home.root) as greedy:
        greedy.hello(5)
        greedy.line.settimeout(2)
        sent, data = 0, b""
        with contextlib.suppress(TimeoutError):
            while True:
                data = data or wire.encode_post((5 << VIEWER_BITS) + sent, cmd.SetSetting("x" * 2000, "y"))
                greedy.line.sendall(data)
                data = b""
                sent += 1
                assert sent < 100_000
        box = first.engine.hub._boxes[5]
        assert isinstance(box, attach_door.FrontEnd)
        assert (
            box._unanswered <= attach_door.UNANSWERED_MAX
            and box._mailbox.waiting <= 2 * attach_door.UNANSWERED_MAX  # replies, and what else was said
        )
        assert first.ask(cmd.MakeInvite()).ok


@pytest.mark.parametrize(
    "words",
    [
        b"\xff\xff\xff\xffGET / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        (wire.HELLO_MAX + 1).to_bytes(4, "big") + b"x" * 9,
        wire.frame(b"\x80", 9),
        wire.frame(b"\x00", 9),
        b"\x00\x00\x00\x00",
    ],
    ids=range(6),
)
def test_first_words_that_are_none_end_it(tmp_path: Path, words: bytes) -> None:
    with host(tmp_path) as first:
        with Raw(first.home.root) as rude:
            rude.send(words)
            assert rude.cut()
        Guest(first.home.root).stop()


def test_who_says_nothing_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach_door, "HELLO_SECONDS", 0.2)
    with host(tmp_path) as first, Raw(first.home.root) as silent:
        assert silent.cut()
        assert len(first.engine.hub) == 1


def test_more_lines_than_there_may_be_are_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attach_door, "CONNECTIONS_MAX", 2)
    with host(tmp_path) as first, Raw(first.home.root), Raw(first.home.root), Raw(first.home.root) as third:
        assert third.cut()


@pytest.mark.parametrize(
    "posted",
    [
        wire.encode_post(1, cmd.MakeInvite()),  # of the one that started the engine
        wire.encode_post((6 << VIEWER_BITS) + 1, cmd.MakeInvite()),
        wire.encode_post(-1, cmd.MakeInvite()),
        wire.frame(b"\x93\x01\xa7Command\x80", 99),
        (wire.UP_MAX + 1).to_bytes(4, "big"),
        wire.frame(b"\xc1", 9),
    ],
    ids=["first", "other", "negative", "base", "long", "garbage"],
)
def test_a_command_that_is_not_its_own_or_none_cuts_it_off(tmp_path: Path, posted: bytes) -> None:
    with host(tmp_path) as first:
        with Raw(first.home.root) as rude:
            assert isinstance(rude.hello(5), wire.Welcome)
            rude.send(posted)
            assert rude.cut()
        first.wait_for(lambda: 5 not in first.engine.hub, WAIT, "it to be dismissed")
        answered = [event for event in first.seen if isinstance(event, Reply)]
        assert answered == [] and first.ask(cmd.MakeInvite()).ok
