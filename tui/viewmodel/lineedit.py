"""One line of typed text: the pure editor behind the query box and every prompt.

Keys follow the shells: ctrl+a/e, ctrl+w/u/k, arrows, home/end. Pasted text is made one harmless line.
"""

from __future__ import annotations

from rich.cells import cell_len

from slskmesh.text import sanitize
from tui.viewmodel.spans import Line

TEXT_MAX = 2_000
HISTORY_MAX = 100


class LineEdit:
    """Text, cursor and history."""

    def __init__(self, text: str = "", limit: int = TEXT_MAX) -> None:
        self.limit = limit
        self.text = text[:limit]
        self.cursor = len(self.text)
        self.history: list[str] = []
        self._place: int | None = None
        self._draft = ""

    def set(self, text: str) -> None:
        """Replaces everything; the cursor goes to the end."""
        self.text = text[: self.limit]
        self.cursor = len(self.text)

    def insert(self, raw: str) -> None:
        """Types or pastes `raw` at the cursor, as much as fits."""
        clean = raw if raw.isprintable() else str(sanitize(raw, self.limit))
        clean = clean[: self.limit - len(self.text)]
        self.text = self.text[: self.cursor] + clean + self.text[self.cursor :]
        self.cursor += len(clean)

    def key(self, key: str, character: str | None) -> bool:
        """Handles one key; False where it is none of the editor's."""
        edit = _KEYS.get(key)
        if edit is not None:
            edit(self)
            return True
        if (
            character
            and len(character) == 1
            and character.isprintable()
            and not key.startswith(("alt+", "ctrl+"))
        ):
            self.insert(character)
            return True
        return False

    def _left(self) -> None:
        self.cursor = max(0, self.cursor - 1)

    def _right(self) -> None:
        self.cursor = min(len(self.text), self.cursor + 1)

    def _home(self) -> None:
        self.cursor = 0

    def _end(self) -> None:
        self.cursor = len(self.text)

    def _backspace(self) -> None:
        if self.cursor:
            self.text = self.text[: self.cursor - 1] + self.text[self.cursor :]
            self.cursor -= 1

    def _delete(self) -> None:
        self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]

    def _kill_word(self) -> None:
        head = self.text[: self.cursor].rstrip()
        head = head[: head.rfind(" ") + 1]
        self.text = head + self.text[self.cursor :]
        self.cursor = len(head)

    def _kill_start(self) -> None:
        self.text = self.text[self.cursor :]
        self.cursor = 0

    def _kill_end(self) -> None:
        self.text = self.text[: self.cursor]

    def remember(self) -> None:
        """Puts the text into the history, newest last, without repeats."""
        if self.text.strip():
            self.history = [line for line in self.history if line != self.text][-(HISTORY_MAX - 1) :]
            self.history.append(self.text)
        self._place = None

    def recall(self, step: int) -> None:
        """Goes `step` lines through the history (negative: older); past the newest is the draft again."""
        if not self.history:
            return
        if self._place is None:
            self._draft, self._place = self.text, len(self.history)
        self._place = max(0, min(len(self.history), self._place + step))
        self.set(self._draft if self._place == len(self.history) else self.history[self._place])

    def masked(self) -> LineEdit:
        """The same with stars for the text: for the screen."""
        stars = LineEdit("*" * len(self.text), self.limit)
        stars.cursor = self.cursor
        return stars

    def view(self, cells: int, *, focused: bool, role: str = "text") -> Line:
        """The text in exactly `cells` cells, scrolled so that the cursor is visible."""
        start, left = self.cursor, max(0, cells - 1)
        while start and (left := left - cell_len(self.text[start - 1])) >= 0:
            start -= 1
        before = self.text[start : self.cursor]
        under = self.text[self.cursor : self.cursor + 1] or " "
        after = ""
        room = cells - cell_len(before) - cell_len(under)
        for char in self.text[self.cursor + 1 : self.cursor + 1 + max(0, room)]:
            if cell_len(after + char) > room:
                break
            after += char
        blank = " " * max(0, room - cell_len(after))
        return [(before, role), (under, "caret" if focused else role), (after + blank, role)]


_KEYS = {
    "left": LineEdit._left,
    "right": LineEdit._right,
    "home": LineEdit._home,
    "ctrl+a": LineEdit._home,
    "end": LineEdit._end,
    "ctrl+e": LineEdit._end,
    "backspace": LineEdit._backspace,
    "delete": LineEdit._delete,
    "ctrl+w": LineEdit._kill_word,
    "ctrl+u": LineEdit._kill_start,
    "ctrl+k": LineEdit._kill_end,
}
