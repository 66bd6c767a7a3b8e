"""All front ends of one engine: who is told what (design.md 2.2).

Rules:
- Each front end has a number, a letter box, and the range of request numbers `number << VIEWER_BITS` and up; what
  answers one of its requests goes to it alone. What is nobody's answer goes to all.
- Who comes later gets the newest view of each kind first. What somebody watches (`tell`) is his alone.
- At most VIEWERS_MAX at once. Called on the engine's loop only.
"""

from __future__ import annotations

from typing import Final, Protocol

from slskmesh.engine.events import Event, Reply
from slskmesh.engine.views import View
from slskmesh.errors import UserError

VIEWER_BITS: Final = 32  # of a request number below the number of its front end
VIEWERS_MAX: Final = 16


class Box(Protocol):
    """Where one front end is told things."""

    def put_view(self, view: View) -> None:
        """The newest of its type."""

    def put_event(self, event: Event) -> None:
        """One thing that happened."""


def viewer_of(request: int) -> int:
    """The front end a request came from."""
    return request >> VIEWER_BITS


class Hub:
    """Tells front ends what the engine shows. `first` is the letter box of the one that started it, number 0."""

    def __init__(self, first: Box) -> None:
        self._boxes: dict[int, Box] = {0: first}
        self._latest: dict[type[View], View] = {}

    def __len__(self) -> int:
        return len(self._boxes)

    def __contains__(self, viewer: int) -> bool:
        return viewer in self._boxes

    def admit(self, viewer: int, box: Box) -> None:
        """Somebody more. UserError: there are too many, or his number is another's."""
        if len(self._boxes) >= VIEWERS_MAX:
            raise UserError(f"{VIEWERS_MAX} front ends are attached already; detach one first")
        if viewer in self._boxes:
            raise UserError("another front end has this number; try again")
        self._boxes[viewer] = box
        for view in self._latest.values():
            box.put_view(view)

    def dismiss(self, viewer: int) -> None:
        """He is told nothing more."""
        self._boxes.pop(viewer, None)

    def put_view(self, view: View) -> None:
        """Shows everybody a view."""
        self._latest[type(view)] = view
        for box in tuple(self._boxes.values()):
            box.put_view(view)

    def put_event(self, event: Event) -> None:
        """Tells an event to whom it answers, else to everybody."""
        number = event.request if isinstance(event, Reply) else getattr(event, "query", None)
        if number is None:
            for box in tuple(self._boxes.values()):
                box.put_event(event)
        else:
            self.tell(viewer_of(number), event)

    def tell(self, viewer: int, what: View | Event) -> None:
        """Shows one front end a view of what it watches, or tells it an event; nothing if it is gone."""
        box = self._boxes.get(viewer)
        if box is None:
            return
        if isinstance(what, View):
            box.put_view(what)
        else:
            box.put_event(what)
