"""The hub: each front end is told its own answers, all what is nobody's, and whoever comes late what is so now."""

from __future__ import annotations

import pytest

from slskmesh.engine.events import Event, Level, LookedUp, Notice, Reply
from slskmesh.engine.hub import VIEWER_BITS, VIEWERS_MAX, Hub, viewer_of
from slskmesh.engine.views import DoorView, LibraryView, ScanPhase, View
from slskmesh.errors import UserError
from slskmesh.text import SafeStr

NOTICE = Notice(0.0, Level.INFO, SafeStr("for all"))


class Told:
    """A letter box."""

    def __init__(self) -> None:
        self.views: list[View] = []
        self.events: list[Event] = []

    def put_view(self, view: View) -> None:
        self.views.append(view)

    def put_event(self, event: Event) -> None:
        self.events.append(event)


def stand(*viewers: int) -> tuple[Hub, list[Told]]:
    boxes = [Told() for _ in range(len(viewers) + 1)]
    hub = Hub(boxes[0])
    for viewer, box in zip(viewers, boxes[1:], strict=True):
        hub.admit(viewer, box)
    return hub, boxes


def reply(viewer: int, number: int = 1) -> Reply:
    return Reply((viewer << VIEWER_BITS) + number, True, SafeStr(""))


def test_an_answer_goes_to_who_asked_alone() -> None:
    hub, (first, second, third) = stand(1, (1 << 30) + 1)
    for viewer in (0, 1, (1 << 30) + 1):
        hub.put_event(reply(viewer))
    looked = LookedUp((1 << VIEWER_BITS) + 9, "release")
    hub.put_event(looked)
    assert first.events == [reply(0)]
    assert second.events == [reply(1), looked]
    assert third.events == [reply((1 << 30) + 1)]


def test_what_is_nobodys_answer_goes_to_all() -> None:
    hub, boxes = stand(1, 2)
    hub.put_event(NOTICE)
    hub.put_view(DoorView())
    assert all(box.events == [NOTICE] and box.views == [DoorView()] for box in boxes)


def test_what_one_watches_is_told_to_him_alone() -> None:
    hub, (first, second) = stand(1)
    hub.tell(1, DoorView())
    hub.tell(1, NOTICE)
    hub.tell(7, NOTICE)
    assert (first.views, first.events) == ([], []) and (second.views, second.events) == (
        [DoorView()],
        [NOTICE],
    )
    late = Told()
    hub.admit(2, late)
    assert late.views == [], "nor to who comes later"


def test_who_comes_late_gets_the_newest_of_each_view() -> None:
    hub, _ = stand()
    hub.put_view(DoorView(gateway="old"))
    hub.put_view(LibraryView(ScanPhase.IDLE))
    hub.put_view(DoorView(gateway="new"))
    late = Told()
    hub.admit(5, late)
    assert late.views == [DoorView(gateway="new"), LibraryView(ScanPhase.IDLE)]


def test_who_left_is_told_nothing() -> None:
    hub, (_, second) = stand(1)
    hub.dismiss(1)
    hub.dismiss(1)
    hub.put_event(reply(1))
    hub.put_event(NOTICE)
    hub.put_view(DoorView())
    assert (second.views, second.events) == ([], []) and len(hub) == 1


def test_there_is_an_end_to_front_ends() -> None:
    hub, _ = stand(*range(1, VIEWERS_MAX))
    with pytest.raises(UserError, match="detach one first"):
        hub.admit(99, Told())
    hub.dismiss(3)
    with pytest.raises(UserError, match="another front end"):
        hub.admit(4, Told())
    hub.admit(3, Told())


def test_a_box_may_leave_while_it_is_told_something() -> None:
    hub, _ = stand()

    class Leaving(Told):
        def put_event(self, event: Event) -> None:
            hub.dismiss(1)

        put_view = put_event  # type: ignore[assignment]

    last = Told()
    hub.admit(1, Leaving())
    hub.admit(2, last)
    hub.put_event(NOTICE)
    hub.put_view(DoorView())
    assert last.events == [NOTICE] and last.views == [DoorView()]


def test_numbers_tell_whose_they_are() -> None:
    assert viewer_of(1) == viewer_of((1 << VIEWER_BITS) - 1) == 0
    assert viewer_of(1 << VIEWER_BITS) == 1
    assert viewer_of((((1 << 30) + 1) << VIEWER_BITS) + 12345) == (1 << 30) + 1
