"""Lines of the watched room or conversation, as they came. Bounded; the oldest go first."""

from __future__ import annotations

from collections import deque

from slskmesh.engine.legacy_events import ChatLines
from slskmesh.engine.legacy_views import ChatLineView

LINES_MAX = 2_000


class ChatLog:
    """See the head of this file."""

    def __init__(self) -> None:
        self.room = True
        self.name = ""
        self.lines: deque[ChatLineView] = deque(maxlen=LINES_MAX)

    def take(self, event: ChatLines) -> None:
        """New lines, or earlier ones of the same place; another place begins anew."""
        if (event.room, str(event.name)) != (self.room, self.name):
            self.room, self.name = event.room, str(event.name)
            self.lines.clear()
        if event.earlier:
            self.lines.extendleft(reversed(event.lines[-(LINES_MAX - len(self.lines)) :]))
        else:
            self.lines.extend(event.lines)
