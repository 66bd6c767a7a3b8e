"""`slskmesh identity`: who this home is. JSON: {"peer_id", "short", "file"}."""

from __future__ import annotations

from pathlib import Path

from slskmesh.cli.output import Output
from slskmesh.identity.key import load_or_create
from slskmesh.identity.peerid import peer_short, peer_text
from slskmesh.paths import Home


def show_identity(home: Path, out: Output) -> None:
    """Prints the peer id; the key is made if the home has none yet."""
    place = Home(home).create()
    identity = load_or_create(place.identity)
    text = peer_text(identity.peer)
    fields = {"peer_id": text, "short": peer_short(identity.peer), "file": str(place.identity)}
    out.row(fields, text)
