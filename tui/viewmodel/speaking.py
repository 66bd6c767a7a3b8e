"""What is typed under a chat: lines to say, commands, names with blanks in them, tab, pasted lines. Pure.

Rules: a line that begins with `/` is a command of the registry, `//` says the rest with one `/`; tab looks at names and
rooms only when it is pressed, and goes round what it found; nothing typed is ever lost or cut in silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from slskmesh.text import sanitize
from tui.viewmodel.lineedit import LineEdit

TYPED_MAX = 8_000  # letters; the server takes fewer, and the engine says so
PASTED_MAX = 20  # lines that can be said at once
FOUND_MAX = 200
WORDS_BACK = 3  # of a name with blanks
ROOM_COMMANDS = frozenset({"join", "part"})
NAME_COMMANDS = frozenset({"msg", "whois", "ignore", "ban", "buddy", "browse"})


def read(text: str) -> tuple[str, str]:
    """What a typed line is: ("say", words), ("command", line without its sign), or ("nothing", "")."""
    if text.startswith("//"):
        return "say", text[1:]
    if text.startswith("/"):
        rest = text[1:].strip()
        return ("command", rest) if rest else ("nothing", "")
    return ("say", text) if text.strip() else ("nothing", "")


def split_name(argument: str, known: Iterable[str] = ()) -> tuple[str, str]:
    """The name at the start of an argument and the text behind it.

    A name with blanks stands in double quotes, or is one of `known`; else it is the first word.
    """
    text = argument.strip()
    if text.startswith('"'):
        name, quote, rest = text[1:].partition('"')
        if quote and name.strip():
            return name.strip(), rest.strip()
    held = [name for name in known if text == name or text.startswith(f"{name} ")]
    if held:
        name = max(held, key=len)
        return name, text[len(name) :].strip()
    name, _, rest = text.partition(" ")
    return name, rest.strip()


def quoted(name: str) -> str:
    """A name as `split_name` reads it."""
    return f'"{name}"' if " " in name and '"' not in name else name


def pasted(text: str) -> list[str]:
    """The lines of a pasted text that say something, made harmless."""
    lines = (str(sanitize(line, TYPED_MAX)).strip() for line in text.splitlines())
    return [line for line in lines if line]


@dataclass(slots=True)
class Sources:
    """Where tab looks: people, who spoke last first; rooms; names of commands; what a command completes itself."""

    people: Sequence[str] = ()
    rooms: Sequence[str] = ()
    commands: Sequence[str] = ()
    complete: Callable[[str], list[str]] = field(default=lambda text: [])


@dataclass(slots=True)
class Tabs:
    """Tab in a line: what it found, and where it is in it."""

    _found: list[str] = field(default_factory=list)  # whole lines up to the cursor
    _at: int = -1
    _rest: str = ""
    _shown: tuple[str, int] = ("", -1)

    @property
    def many(self) -> int:
        """How many there are to choose from."""
        return len(self._found)

    def press(self, edit: LineEdit, sources: Callable[[], Sources], step: int = 1) -> None:
        """Puts the next one into the line; another text begins anew."""
        if self._shown != (edit.text, edit.cursor):
            head, self._rest = edit.text[: edit.cursor], edit.text[edit.cursor :]
            self._found, self._at = complete(head, sources()), -1 if step > 0 else 0
        if not self._found:
            return
        self._at = (self._at + step) % len(self._found)
        edit.set(self._found[self._at] + self._rest)
        edit.cursor = len(self._found[self._at])
        self._shown = (
            (edit.text, edit.cursor) if self.many > 1 else ("", -1)
        )  # the only one: tab goes on behind it


def complete(head: str, sources: Sources) -> list[str]:
    """What the text before the cursor may become."""
    if head.startswith("/") and not head.startswith("//"):
        return _complete_command(head[1:], sources)[:FOUND_MAX]
    return _complete_words(head, sources)[:FOUND_MAX]


def _complete_command(head: str, sources: Sources) -> list[str]:
    name, blank, rest = head.partition(" ")
    if not blank:
        return [f"/{command} " for command in sources.commands if command.startswith(name)]
    if name in ROOM_COMMANDS:
        return [f"/{name} {room}" for room in _beginning(sources.rooms, rest)]
    if name in NAME_COMMANDS:
        begun = rest.removeprefix('"')
        people = _beginning(sources.people, begun)
        if name == "msg":
            return [f"/{name} {quoted(person)} " for person in people]
        return [f"/{name} {person}" for person in people]
    return [f"/{line}" for line in sources.complete(head)]


def _complete_words(head: str, sources: Sources) -> list[str]:
    """A name or room at the end of the text; of names with blanks up to three words are looked at."""
    starts = [0, *(at + 1 for at, char in enumerate(head) if char == " ")]
    for start in starts[-WORDS_BACK:]:
        begun = head[start:]
        if not begun.strip() or begun.startswith(" "):
            continue
        after = ": " if start == 0 else " "
        found = [f"{head[:start]}{name}{after}" for name in _beginning(sources.people, begun)]
        found += [f"{head[:start]}{room} " for room in _beginning(sources.rooms, begun.removeprefix("#"))]
        if found:
            return found
    return []


def _beginning(names: Iterable[str], begun: str) -> list[str]:
    low = begun.casefold()
    return [name for name in names if name.casefold().startswith(low)]


def speakers(recent: Iterable[str], people: Iterable[str]) -> list[str]:
    """People for tab: who spoke last first, then all others by name. `recent` is oldest first."""
    there = dict.fromkeys(people)
    spoke = [name for name in dict.fromkeys(reversed(list(recent))) if name]
    known = set(spoke)
    return [*spoke, *sorted((name for name in there if name not in known), key=str.casefold)]
