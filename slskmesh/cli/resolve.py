"""`slskmesh resolve`, and `slskmesh search --mbid`: who has a release, track by track, and why in this order.

JSON: a line a track {"place", "disc", "position", "recording", "title", "artist", "length", "variants", "refused",
"reason"}, `variants` best first, each {"content", "size", "name", "lossless", "canonical", "peers", "score",
"reasons", "via"}; then {"ended": true, "release", "title", "artist", "tracks", "covered", "holders", "publishers",
"estimate", "lines", "note"}. `holders` showed a descriptor of their own, `publishers` are named by the table,
`estimate` is by the merged sketches. Lengths in seconds, sizes in bytes.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec

from slskmesh.cli.answers import Answers
from slskmesh.cli.engine_run import running
from slskmesh.cli.output import Output, size_text
from slskmesh.engine.console import Console, TimedOut
from slskmesh.engine.job_views import PlanTrackView, PlanView
from slskmesh.engine.views import PeerState, PeersView, StatusView
from slskmesh.errors import UserError
from slskmesh.mbid import find_mbid


def run_resolve(home: Path, text: str, patience: float, out: Output) -> int:
    """Prints the tracks and their holders; returns 1 if nobody has any of them."""
    kind, release = find_mbid(text)
    if kind not in ("", "release"):
        raise UserError(f"this is a page of kind {kind}; holders are found by release")
    answers = Answers()
    with running(home, answers.event) as console:
        wait_for_table(console, patience)
        answer = answers.resolve(console, release)
    tracks = answer.plan.tracks if answer.plan is not None else ()
    for track in tracks:
        out.row(track_fields(track), track_text(track))
    if out.as_json:
        out.row({"ended": True, "release": release, **_end_fields(answer.plan), "note": answer.note}, "")
    out.say(_end_text(answer.plan, answer.note))
    return 0 if any(track.variants for track in tracks) else 1


def wait_for_table(console: Console, patience: float) -> None:
    """Waits until the table of peers has a contact, for at most `patience` seconds; where it is off, until a peer
    is connected. Without either the question still has an answer: what is in the library.
    """

    def reached() -> bool:
        status, peers = console.latest(StatusView), console.latest(PeersView)
        if status is not None and status.dht_nodes is not None:
            return status.dht_nodes > 0
        return peers is not None and any(peer.state is PeerState.CONNECTED for peer in peers.peers)

    with contextlib.suppress(TimedOut):
        console.wait_for(reached, patience, "the table of peers")


def track_fields(track: PlanTrackView) -> dict[str, Any]:
    """A track and its variants as JSON."""
    fields = msgspec.to_builtins(track)
    assert isinstance(fields, dict)
    return fields


def track_text(track: PlanTrackView) -> str:
    """A track for people: one line, and one for each of its best variants."""
    minutes = f"  {int(track.length) // 60}:{int(track.length) % 60:02d}" if track.length else ""
    head = f"{track.place:3d}  {track.title}{minutes}"
    if not track.variants:
        return f"{head}\n       nobody: {track.reason or 'nothing was found'}"
    rows = [
        f"       {v.name}  {size_text(v.size)}  {_from(v.peers, v.via)}{'  canonical' if v.canonical else ''}"
        + (f"\n         {'; '.join(v.reasons)}" if v.reasons else "")
        for v in track.variants[:3]
    ]
    return "\n".join([head, *rows])


def _from(peers: tuple[str, ...], via: str) -> str:
    if not peers:
        return via
    return f"{len(peers)} peer{'s' if len(peers) > 1 else ''}: {', '.join(peers[:5])}"


def _end_fields(plan: PlanView | None) -> dict[str, Any]:
    if plan is None:
        return {
            "title": "",
            "artist": "",
            **dict.fromkeys(("tracks", "covered", "holders", "publishers", "estimate"), 0),
            "lines": [],
        }
    return {
        "title": plan.release.title,
        "artist": plan.release.artist,
        "tracks": len(plan.tracks),
        "covered": sum(bool(track.variants) for track in plan.tracks),
        "holders": plan.holders,
        "publishers": plan.publishers,
        "estimate": plan.estimate,
        "lines": list(plan.lines),
    }


def _end_text(plan: PlanView | None, note: str) -> str:
    if plan is None:
        return note or "nothing could be found out"
    fields = _end_fields(plan)
    text = (
        f"{fields['covered']} of {fields['tracks']} tracks can be had; {plan.holders} peers hold it, "
        f"the table names {plan.publishers}, about {plan.estimate} by sketches"
    )
    return f"{text}; {note}" if note else text
