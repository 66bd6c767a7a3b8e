"""What a name on the Soulseek network may look like, checked before the engine and the server see it."""

from __future__ import annotations

NAME_MAX = 30
HELP = "1 to 30 plain letters, digits and signs; empty: no account, mesh only"
SECRET = "kept in a file that only you can read; the server gets it, nobody else"


def name_wrong(name: str) -> str | None:
    """What is wrong with a name that was typed; it has no blanks at its ends any more."""
    if not name or len(name) > NAME_MAX:
        return f"a name has 1 to {NAME_MAX} letters; this one has {len(name)}"
    if not name.isascii() or not name.isprintable():
        return "the Soulseek server takes plain letters, digits and signs only (ASCII)"
    return None
