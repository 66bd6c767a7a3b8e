"""The mailbox between engine and front end."""

from __future__ import annotations

import threading

from slskmesh.engine import mailbox as module
from slskmesh.engine.events import EngineEnded, Found, Level, Notice, Reply
from slskmesh.engine.mailbox import Mailbox
from slskmesh.engine.views import ChunkMapView, HitView, PeersView
from slskmesh.text import SafeStr

HIT = HitView(1, "00", 5, SafeStr("n"), SafeStr(""), "p", "k", SafeStr(""), True)


def test_views_are_coalesced_and_events_keep_their_order() -> None:
    box, woken = Mailbox(), []
    box.on_wake(lambda: woken.append(1))
    for number in range(5):
        box.put_view(ChunkMapView(str(number), b"", b"", b""))
        box.put_event(Reply(number, True))
    box.put_view(PeersView(()))
    batch = box.drain()
    assert [v.transfer for v in batch.views if isinstance(v, ChunkMapView)] == ["4"]
    assert [e.request for e in batch.events if isinstance(e, Reply)] == [0, 1, 2, 3, 4]
    assert woken == [1], "one wake-up until it is drained"
    box.put_event(Reply(9, True))
    assert woken == [1, 1]


def test_hits_are_dropped_over_the_bound_and_counted_but_replies_never() -> None:
    box = Mailbox()
    for number in range(module.HITS_MAX // 100 + 7):
        box.put_event(Found(1, (HIT,) * 100))
        box.put_event(Reply(number, True))
    batch = box.drain()
    assert sum(len(e.hits) for e in batch.events if isinstance(e, Found)) == module.HITS_MAX
    assert batch.dropped == 700
    assert sum(isinstance(e, Reply) for e in batch.events) == module.HITS_MAX // 100 + 7


def test_quiet_notices_give_way_loud_ones_do_not() -> None:
    box = Mailbox()
    for _ in range(module.EVENTS_MAX + 50):
        box.put_event(Notice(0, Level.INFO, SafeStr("i")))
    box.put_event(Notice(0, Level.ERROR, SafeStr("e")))
    box.put_event(EngineEnded(True, SafeStr("")))
    batch = box.drain()
    assert len(batch.events) == module.EVENTS_MAX + 2 and batch.dropped == 50


def test_loud_notices_are_bounded_too_and_warnings_give_way_before_errors() -> None:
    box = Mailbox()
    box.put_event(Notice(0, Level.ERROR, SafeStr("disk full")))
    for number in range(module.LOUD_MAX + 100):
        box.put_event(Reply(number, True))
        box.put_event(Notice(0, Level.WARN, SafeStr(str(number))))
    batch = box.drain()
    notices = [event.text for event in batch.events if isinstance(event, Notice)]
    assert notices[0] == "disk full" and len(notices) == module.LOUD_MAX and batch.dropped == 101
    assert notices[1:] == [str(number) for number in range(101, module.LOUD_MAX + 100)]
    assert sum(isinstance(event, Reply) for event in batch.events) == module.LOUD_MAX + 100
    box.put_event(Notice(0, Level.WARN, SafeStr("later")))
    assert len(box.drain().events) == 1, "a drained box is empty, bounds and all"


def test_a_front_end_that_comes_late_is_woken_for_what_waits() -> None:
    box, woken = Mailbox(), threading.Event()
    box.put_event(Reply(1, True))
    box.on_wake(woken.set)
    assert woken.is_set()
