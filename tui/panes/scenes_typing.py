"""Typing in the Scenes pane: the line of each place, what enter does with it, tab, pasted lines, going by number.

Rules: a line that is refused comes back into its place with the reason; what could not be said of several pasted lines
stays in the line and its history; printable keys act only as text while this is on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.events import Level, Reply
from slskmesh.engine.legacy_commands import Say, Whisper
from tui.actions import engine_off
from tui.viewmodel.chat import Place
from tui.viewmodel.formats import count
from tui.viewmodel.lineedit import HISTORY_MAX, LineEdit
from tui.viewmodel.speaking import PASTED_MAX, TYPED_MAX, Sources, Tabs, pasted, read, speakers
from tui.widgets.overlay import Entry, Menu

if TYPE_CHECKING:
    from tui.panes.scenes import ScenesPane
    from tui.panes.scenes_boxes import InputBox

RECENT = 100  # lines whose speakers tab names first
HINTS = [
    ("enter", "send"),
    ("esc", "keys"),
    ("tab", "complete"),
    ("up", "earlier"),
    ("alt+a", "next active"),
    ("alt+u", "unread"),
    ("pgup", "scroll"),
    ("/help", ""),
]
NUMBER_HINTS = [("two digits", "show that number"), ("esc", "stays here")]


class Typing:
    """See the head of this file."""

    def __init__(self, pane: ScenesPane, box: InputBox) -> None:
        self.pane = pane
        self.box = box
        self._edits: dict[Place, LineEdit] = {}
        self._tabs = Tabs()
        self._number: str | None = None

    @property
    def on(self) -> bool:
        """Whether keys are text, or digits of a number."""
        return self.box.active or self._number is not None

    @property
    def hints(self) -> list[tuple[str, str]]:
        """The hint row meanwhile."""
        return NUMBER_HINTS if self._number is not None else HINTS

    def start(self) -> None:
        """Printable keys are text from now on."""
        self.box.active = True
        self.box.touch()
        self.pane.desk.touch("#hints")

    def stop(self) -> None:
        """They are keys again."""
        self.box.active, self._number = False, None
        self.box.touch()
        self.pane.desk.touch("#hints")

    def turn(self, place: Place | None) -> None:
        """Another place is shown."""
        self.box.label = "" if place is None else f"[{place.name}]"
        self.box.edit = LineEdit(limit=TYPED_MAX) if place is None else self._edit(place)
        self.box.wrong = ""
        if place is None:
            self.stop()
        self.box.touch()

    def _edit(self, place: Place) -> LineEdit:
        return self._edits.setdefault(place, LineEdit(limit=TYPED_MAX))

    def forget(self, place: Place) -> None:
        """The place is gone."""
        self._edits.pop(place, None)

    # -- keys ----------------------------------------------------------------------------------------------------

    def key(self, key: str, character: str | None) -> bool:
        """One key while it is on."""
        if self._number is not None:
            self._digit(key)
            return True
        self.box.wrong = ""
        self.box.touch()
        return self._control(key) or self.box.edit.key(key, character)

    def _control(self, key: str) -> bool:
        edit, chat = self.box.edit, self.pane.chat
        if key == "enter":
            self._enter()
        elif key == "escape":
            self.stop()
        elif key in {"tab", "shift+tab"}:
            self._tabs.press(edit, self._sources, 1 if key == "tab" else -1)
        elif key in {"up", "ctrl+p", "down", "ctrl+n"}:
            edit.recall(-1 if key in {"up", "ctrl+p"} else 1)
        elif key in {"pageup", "pagedown"}:
            page = max(1, chat.inner[1] - 1)
            chat.scroll(-page if key == "pageup" else page)
        elif key.startswith("alt+"):
            return self._alt(key)
        else:
            return False
        return True

    def _alt(self, key: str) -> bool:
        """The pane's own keys with alt act while something is typed, too."""
        action = self.pane.desk.registry.at_key(key, self.pane.place)
        if action is None or not action.id.startswith("scene-"):
            return False
        self.pane.desk.perform(action.id)
        return True

    # -- by number -----------------------------------------------------------------------------------------------

    def ask_number(self) -> None:
        """alt+j: the next two digits are a number of the list."""
        self._number = ""
        self.pane.desk.touch("#hints")

    def _digit(self, key: str) -> None:
        digits, self._number = self._number or "", None
        if len(key) == 1 and key.isdigit():
            if not digits:
                self._number = key
            else:
                self.pane.go_to(int(digits + key))
        self.pane.desk.touch("#hints")

    # -- tab -----------------------------------------------------------------------------------------------------

    def _sources(self) -> Sources:
        pane, desk = self.pane, self.pane.desk
        log = pane.chat.said
        recent = [str(line.user) for line in log.lines(RECENT)] if log is not None else []
        places = [row.place for row in pane.buffers.rows if row.number]
        people = [*pane.everybody, *(place.name for place in places if not place.room), *pane.buddies]
        return Sources(
            speakers(recent, people),
            [place.name for place in places if place.room],
            desk.registry.commands,
            lambda text: desk.registry.complete(desk, text),
        )

    # -- saying --------------------------------------------------------------------------------------------------

    def _enter(self) -> None:
        from tui.everywhere import run_command

        edit, place = self.box.edit, self.pane.place_shown
        kind, words = read(edit.text)
        if kind == "command":
            wrong = run_command(self.pane.desk, words)
            if wrong is None:
                edit.remember()
                edit.set("")
            self.box.wrong = wrong or ""
        elif kind == "say" and place is not None:
            edit.remember()
            edit.set("")
            self.say(place, [words])

    def say(self, place: Place, lines: list[str]) -> None:
        """Says lines in a place, one after the other; what is refused comes back."""
        desk = self.pane.desk

        def answered(reply: Reply) -> None:
            if not reply.ok:
                self._refused(place, lines, str(reply.text) or "it was not said")
            elif len(lines) > 1:
                self.say(place, lines[1:])

        if (off := engine_off(desk)) is not None:
            self._refused(place, lines, off)
            return
        if place == self.pane.place_shown:
            self.pane.chat.follow()
        desk.ask(Say(place.name, lines[0]) if place.room else Whisper(place.name, lines[0]), answered)

    def _refused(self, place: Place, lines: list[str], why: str) -> None:
        desk, edit = self.pane.desk, self._edit(place)
        typed = [f"/{line}" if line.startswith("/") else line for line in lines]
        for line in reversed(typed if edit.text else typed[1:]):
            edit.history = [*(one for one in edit.history if one != line), line][-HISTORY_MAX:]
        if not edit.text:
            edit.set(typed[0])
        left = f"{count(len(lines))} lines were not said, up brings them back: " if len(lines) > 1 else ""
        if place == self.pane.place_shown:
            self.box.wrong = why
            self.box.touch()
        desk.say(f"{left}{why}", Level.WARN)

    # -- pasting -------------------------------------------------------------------------------------------------

    def paste(self, text: str) -> None:
        """One line goes into the line; several are asked about."""
        place, desk = self.pane.place_shown, self.pane.desk
        if place is None:
            return
        lines = pasted(text)
        if len(lines) > 1:
            self._ask_lines(place, lines)
            return
        if not self.box.active:
            self.start()
        self._insert(text if "\n" not in text and "\r" not in text else "".join(lines))
        desk.touch("#hints")

    def _insert(self, text: str) -> None:
        edit = self.box.edit
        if len(edit.text) + len(text) > TYPED_MAX:
            self.pane.desk.say(
                f"this is too long for a line of {count(TYPED_MAX)} letters; nothing was taken", Level.WARN
            )
            return
        edit.insert(text)
        self.box.touch()

    def _ask_lines(self, place: Place, lines: list[str]) -> None:
        many = count(len(lines))
        off = f"at most {PASTED_MAX} at once" if len(lines) > PASTED_MAX else ""
        where = f"in #{place.name}" if place.room else f"to {place.name}"

        def join() -> None:
            self.start()
            self._insert(" ".join(lines))

        entries = [
            Entry(
                "1", "put them into the line as one", join, note="to be read before it is sent", hot=("1",)
            ),
            Entry(
                "2", f"say them {where}, one after the other", lambda: self.say(place, lines), off, hot=("2",)
            ),
        ]
        self.pane.desk.open(Menu(f"{many} lines were pasted", entries))
