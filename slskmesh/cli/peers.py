"""`slskmesh invite` and `slskmesh connect`.

JSON: invite {"invite", "peer_id", "hours"}; connect {"connected": true, "peer_id", "name", "address"}.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from slskmesh.cli.engine_run import running
from slskmesh.cli.output import Output
from slskmesh.engine.commands import Connect, MakeInvite
from slskmesh.engine.console import TimedOut
from slskmesh.engine.views import PeerState, PeersView, PeerView, StatusView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.identity.peerid import peer_text
from slskmesh.overlay.address import split_address
from slskmesh.overlay.invite import PREFIX, read_invite

_LOOK_TIMEOUT: Final = 15.0  # seconds


def make_invite(home: Path, hours: int, out: Output) -> None:
    """Prints an invite to this home's peer at the address it listens on now."""
    with running(home) as console:
        status = console.wait_view(StatusView, lambda view: True, _LOOK_TIMEOUT, "where the engine listens")
        if status.listening.rpartition(":")[2] and _any_port(home):
            out.say(
                "note: overlay.listen has port 0, so the next start listens elsewhere than this invite says"
            )
        text = console.ask(MakeInvite(hours)).value
        out.row({"invite": text, "peer_id": status.peer_id, "hours": hours}, text)


def connect_peer(home: Path, invite: str, patience: float, out: Output) -> None:
    """Dials, waits for the session, and leaves the peer in the book for later starts."""
    expected = invited_peer(invite)
    with running(home) as console:
        console.ask(Connect(invite), patience)

        def found() -> PeerView | None:
            view = console.latest(PeersView)
            peers = view.peers if view is not None else ()
            up = (peer for peer in peers if peer.state is PeerState.CONNECTED)
            return next((p for p in up if p.peer == expected or (not expected and p.address == invite)), None)

        try:
            console.wait_for(lambda: found() is not None, patience, "the peer")
        except TimedOut:
            raise SlskmeshError(f"the peer did not answer within {patience:.0f} s") from None
        peer = found()
        if peer is None:
            raise UserError("the peer went away at once")
        fields = {"connected": True, "peer_id": peer.peer, "name": peer.name, "address": peer.address}
        out.row(fields, f"connected to {peer.name or peer.short} at {peer.address}")


def invited_peer(text: str) -> str:
    """The peer id an invite names, "" for a bare host:port; UserError for anything else."""
    if text.lstrip().lower().startswith(PREFIX) or ":" not in text:
        return peer_text(read_invite(text, time.time()).peer)
    split_address(text)
    return ""


def _any_port(home: Path) -> bool:
    from slskmesh.settings import load_settings

    return load_settings(home).overlay.listen.endswith(":0")
