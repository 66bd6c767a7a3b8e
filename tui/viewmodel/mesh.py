"""The table of peers, the shadow index and the catalogue in words: for the banner's explanation and pane Peers.

Rules: what is off or closed says what that means and how to change it; a clock that is wrong by more than SKEW_MAX is a
warning, because signed records are dated.
"""

from __future__ import annotations

from slskmesh.engine.job_views import MeshView
from tui.viewmodel.formats import count, plural
from tui.viewmodel.spans import Line

SKEW_MAX = 300.0  # seconds
Row = tuple[str, str, str]


def _udp(view: MeshView) -> list[Row]:
    if not view.listening:
        return [("UDP", "not listening: dht.listen or overlay.listen in 7", "warn")]
    where = f", seen from outside as {view.external}" if view.external else ""
    rows = [("UDP", f"{view.listening}{where}", "text")]
    if view.closed:
        words = "nobody reaches this UDP port: you read and publish, but hold nothing for others; forward the port"
        rows.append(("closed", words, "warn"))
    return rows


def _skew(view: MeshView) -> list[Row]:
    if abs(view.skew) <= SKEW_MAX:
        return []
    way = "ahead of" if view.skew > 0 else "behind"
    minutes = plural(round(abs(view.skew) / 60), "minute")
    return [
        (
            "clock",
            f"this machine's is about {minutes} {way} the others': records may be refused; set it",
            "bad",
        )
    ]


def rows(view: MeshView | None) -> list[Row]:
    """Label, text and role of each line."""
    if view is None:
        return [("table", "not known yet", "dim")]
    if not view.on:
        return [
            ("table", "off (mesh.enabled): nobody is found by MusicBrainz id, nothing is published", "warn"),
            ("titles", str(view.catalogue) or "no word from MusicBrainz yet", "text"),
        ]
    out: list[Row] = [
        ("table", f"{plural(view.nodes, 'node')}" + (", looks on the LAN too" if view.lan else ""), "text")
    ]
    if not view.nodes:
        out = [("table", "empty: a peer, an invite or the LAN brings the first contact", "warn")]
    out += _udp(view)
    held = f"{plural(view.records, 'record')} under {plural(view.keys, 'key')}"
    out.append(("held", f"{held}; {count(view.published)} of our own out", "text"))
    out.append(
        (
            "shadow",
            f"{count(view.shards)} of {plural(view.releases, 'release')} told in signed shards",
            "text",
        )
    )
    refused = f"{plural(view.refused, 'forged or bad record')} refused, {count(view.limited)} asked too fast"
    out.append(("refused", refused, "warn" if view.refused else "text"))
    calls = f"{plural(view.calls, 'call')} of peers answered"
    out.append(("calls", calls + (f", {view.banned} banned now" if view.banned else ""), "text"))
    out.append(("titles", str(view.catalogue) or "no word from MusicBrainz yet", "text"))
    return out + _skew(view)


def lines(view: MeshView | None, label: int = 9) -> list[Line]:
    """The rows as lines, the labels `label` cells wide."""
    return [[(f"{name:<{label}}", "dim"), (text, role)] for name, text, role in rows(view)]
