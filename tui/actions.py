"""The one registry of what a person can do: it feeds the keys, the `:` commands, the palette, `?` and the hint row.

Rules:
- An action says by itself why it is off (`why_not`); nothing is greyed anywhere without that reason.
- A place is a pane, or one of a pane's lists that has keys of its own (PANE_OF).
- A place's own keys come before the movement keys, those before the keys that act everywhere; a clash inside one of the
  three is an error at start, never a silently dead key.
- Commands have one name; an unknown one is answered with the nearest names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tui.viewmodel.banner import MARKERS

if TYPE_CHECKING:
    from tui.app import MeshApp

EVERYWHERE = "everywhere"
MOVING = "moving"
# places with keys of their own inside a pane: the Search pane's list of releases, and of the tracks of one ...
PANE_OF = {
    "releases": "search",
    "release": "search",
    "folders": "search",
    "browsed": "search",
    "uploads": "swarm",
    "buddies": "peers",
    "rules": "peers",
}
PLACE_TITLES = {
    "releases": "Search, releases",
    "release": "Search, one release",
    "folders": "Search, a user's folders",
    "browsed": "Search, a user's files",
    "uploads": "Swarm, uploads",
    "buddies": "Peers, buddies",
    "rules": "Peers, bans and ignores",
}

_LABELS = {
    "question_mark": "?",
    "colon": ":",
    "slash": "/",
    "asterisk": "*",
    "full_stop": ".",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "underscore": "_",
    "escape": "esc",
    "shift+tab": "S-tab",
    "pageup": "pgup",
    "pagedown": "pgdn",
}


def key_label(key: str) -> str:
    """A key as it is written for people: "?", "^q", "gg", "alt+x"."""
    if " " in key:
        return "".join(key_label(part) for part in key.split())
    if key.startswith("ctrl+"):
        return "^" + key[5:]
    if len(key) > 1 and key[0] == "f" and key[1:].isdigit():
        return key.upper()
    return _LABELS.get(key, key)


def _always(desk: MeshApp) -> str | None:
    return None


def _no_candidates(desk: MeshApp) -> Sequence[str]:
    return ()


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a person can do.

    `keys` are Textual key names, two with a blank between them for a chord ("g g"). `run` gets the app and the
    argument text (empty from a key). `hint` is the short label of the hint row, none: not shown there. `on_row`: it
    acts on the row under the cursor, so the row's menu (x) has it. `complete` makes of an argument what it may become,
    where `candidates` for the whole of it are not enough.
    """

    id: str
    title: str
    keys: tuple[str, ...]
    run: Callable[[MeshApp, str], None]
    where: str = EVERYWHERE
    why_not: Callable[[MeshApp], str | None] = _always
    command: str = ""
    argument: str = ""
    candidates: Callable[[MeshApp], Sequence[str]] = _no_candidates
    complete: Callable[[str], list[str]] | None = None
    hint: str = ""
    on_row: bool = False

    @property
    def label(self) -> str:
        """Its keys for people."""
        return " ".join(key_label(key) for key in self.keys[:2])


class Registry:
    """All actions, by id, key and command."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self.actions: dict[str, Action] = {}
        self._keys: dict[tuple[str, str], Action] = {}
        self._commands: dict[str, Action] = {}
        for action in actions:
            self._add(action)
        self.prefixes = {key.split()[0] for _, key in self._keys if " " in key}

    def _add(self, action: Action) -> None:
        if action.id in self.actions:
            raise ValueError(f"action {action.id} is there twice")
        self.actions[action.id] = action
        for key in action.keys:
            other = self._keys.setdefault((action.where, key), action)
            if other is not action:
                raise ValueError(f"key {key} of {action.id} is taken by {other.id} in {action.where}")
        if action.command:
            known = self._commands.setdefault(action.command, action)
            if known is not action:
                raise ValueError(f"command {action.command} is there twice")

    def at_key(self, key: str, place: str) -> Action | None:
        """The action of a key in a place."""
        for where in (place, MOVING, EVERYWHERE):
            found = self._keys.get((where, key))
            if found is not None:
                return found
        return None

    def everywhere(self, key: str) -> Action | None:
        """The action of a key while something is typed or read."""
        return self._keys.get((EVERYWHERE, key))

    def command(self, name: str) -> Action | None:
        """The action of a command name."""
        return self._commands.get(name)

    @property
    def commands(self) -> list[str]:
        """All command names, sorted."""
        return sorted(self._commands)

    def nearest(self, name: str) -> list[str]:
        """Up to three command names that look like `name`."""
        from difflib import get_close_matches

        starts = [command for command in self.commands if name and command.startswith(name)]
        close = get_close_matches(name, self.commands, n=3, cutoff=0.4)
        return list(dict.fromkeys([*starts, *close]))[:3]

    def complete(self, desk: MeshApp, text: str) -> list[str]:
        """What the command line may become from `text`: command names, then the arguments of the one typed."""
        name, blank, rest = text.partition(" ")
        if not blank:
            return [command for command in self.commands if command.startswith(name)]
        action = self.command(name)
        if action is None:
            return []
        if action.complete is not None:
            return [f"{name} {argument}" for argument in action.complete(rest)]
        found = [c for c in action.candidates(desk) if c.casefold().startswith(rest.casefold())]
        return [f"{name} {candidate}" for candidate in found[:200]]

    def in_place(self, place: str) -> list[Action]:
        """The place's own actions, in the order they were given."""
        return [action for action in self.actions.values() if action.where == place]

    def groups(self, place: str) -> list[tuple[str, list[Action]]]:
        """Headed groups for the `?` menu: this place, moving, everywhere."""
        return [
            (place, self.in_place(place)),
            (MOVING, self.in_place(MOVING)),
            (EVERYWHERE, self.in_place(EVERYWHERE)),
        ]


def pane_of(where: str) -> str:
    """The pane of a place."""
    return PANE_OF.get(where, where)


def engine_off(desk: MeshApp) -> str | None:
    """Why nothing can be asked of the engine now."""
    if desk.state.ended is not None:
        return "the daemon is gone" if desk.state.attached else "the engine has stopped"
    return None


def needs_peers(desk: MeshApp) -> str | None:
    """Why nobody can be asked now: neither a peer nor the Soulseek server."""
    reason = engine_off(desk)
    mode = desk.state.mode
    on_server = mode is not None and mode.ask_server and mode.phase == "online"
    if reason is None and not desk.state.status.peers and not on_server:
        marker, word, _ = MARKERS[desk.state.status.banner]
        return f"no peer is connected ({marker} {word.lower()})"
    return reason
