"""Where a key goes: the prompt, an open box, typing, or an action; with counts ("100G") and chords ("gg").

Rules: printable keys never act while something is typed; the quit keys act always; modifier keys alone (a Kitty
terminal sends them) are nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import events

if TYPE_CHECKING:
    from tui.app import MeshApp

COUNT_MAX = 1_000_000
QUIT_TWICE = 1.0
# alt and a digit where the terminal sends it as an escape and the digit; as text these are signs that somebody types
_ALT_DIGITS = {
    name: f"alt+{digit}"
    for digit, name in zip(
        "1234567890",
        (
            "inverted_exclamation_mark",
            "trade_mark_sign",
            "pound_sign",
            "cent_sign",
            "infinity",
            "section_sign",
            "pilcrow_sign",
            "bullet",
            "\u00aa",
            "\u00ba",
        ),
        strict=True,
    )
}
# alt+x on terminals that send the Option layout's sign instead
_ALIASES = {"approximately_equal_to": "alt+x", "almost_equal_to": "alt+x"}
_MODIFIERS = frozenset(
    [
        f"{side}_{name}"
        for side in ("left", "right")
        for name in ("shift", "control", "alt", "super", "hyper", "meta")
    ]
    + ["iso_level3_shift", "iso_level5_shift", "caps_lock", "num_lock", "scroll_lock"]
)


class KeyRouter:
    """The state between two keys: a count, the first half of a chord, the last ctrl+c."""

    def __init__(self, desk: MeshApp) -> None:
        self.desk = desk
        self.count = ""
        self.prefix = ""
        self.key = ""  # the one that is handled
        self._quit_asked = -QUIT_TWICE

    @property
    def pending(self) -> str:
        """What was typed of an unfinished chord, for the hint row."""
        return self.count + self.prefix

    def take_count(self) -> int | None:
        """The count typed before this key, once."""
        text, self.count = self.count, ""
        return min(int(text), COUNT_MAX) if text else None

    def handle(self, event: events.Key) -> None:
        """One key."""
        key = _ALIASES.get(event.key, event.key)
        desk = self.desk
        if key in _MODIFIERS:
            return
        self.key = key
        if key == "ctrl+c":
            self._control_c()
        elif key in {"ctrl+q", "ctrl+z"}:
            self._always(key)
        elif desk.jump.on:
            desk.jump.key(desk, event.character)
        elif desk.prompt.question is not None:
            desk.prompt.key(key, event.character)
        elif desk.overlay is not None:
            if not desk.overlay.key(key, event.character) and not event.is_printable:
                self._always(key)
        elif desk.pane.typing:
            if not desk.pane.type_key(key, event.character) and not event.is_printable:
                self._always(key)
        else:
            self.key = key = _ALT_DIGITS.get(key, key)
            self._normal(key)
        desk.keys_changed()

    def _always(self, key: str) -> None:
        action = self.desk.registry.everywhere(key)
        if action is not None:
            self.desk.perform(action.id)

    def _control_c(self) -> None:
        now = self.desk.monotonic()
        if now - self._quit_asked <= QUIT_TWICE:
            self.desk.quit()
            return
        self._quit_asked = now
        again = "detaches, as q does" if self.desk.state.attached else "quits; q asks first"
        self.desk.say(f"ctrl+c again within a second {again}")

    def _normal(self, key: str) -> None:
        desk = self.desk
        if self.prefix and key.isdigit():
            self.count, self.prefix = key, ""
            return
        if self.prefix:
            key, self.prefix = f"{self.prefix} {key}", ""
        elif key in desk.registry.prefixes and desk.registry.at_key(key, desk.pane.place) is None:
            self.prefix = key
            return
        if key.isdigit() and self._is_count(key):
            self.count = (self.count + key)[:7]
            return
        if key == "escape" and (self.count or desk.pane.escape()):
            self.count = ""
            return
        action = desk.registry.at_key(key, desk.pane.place)
        if action is not None:
            desk.perform(action.id)
        self.count = ""

    def _is_count(self, key: str) -> bool:
        """Digits open panes, but they go on a count once begun, and begin one on the map or after g."""
        if self.count or (self.desk.pane.counts and key != "0"):
            return True
        return key != "0" and self.desk.registry.at_key(key, self.desk.pane.place) is None
