"""Sums with Soulseek users, rescue, what is kept of own searches, and the log of hooks, as lines."""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.legacy_views import (
    CaptureView,
    HookRanView,
    RescueView,
    StatisticsView,
    SumsView,
    UserSumsView,
)
from tui.viewmodel.formats import count, plural, size, wall
from tui.viewmodel.spans import Line, pad

_LABEL = 11  # cells
_NAME = 30


def _row(label: str, text: str, role: str = "text") -> Line:
    return [(f"{label:<{_LABEL}}", "dim"), (text, role)]


def _sums(sums: SumsView) -> str:
    received = f"received {size(sums.received)} in {plural(sums.files_received, 'file')}"
    return f"{received}, sent {size(sums.sent)} in {plural(sums.files_sent, 'file')}"


def _users(users: Sequence[UserSumsView], ellipsis: str) -> list[Line]:
    lines: list[Line] = [[], [("users: received in files, sent in files", "title")]]
    if not users:
        return [*lines, [("nothing went to or came from anybody yet", "dim")]]
    for one in users:
        sums = f" {size(one.sums.received):>6} in {count(one.sums.files_received)}"
        sums += f", {size(one.sums.sent)} in {count(one.sums.files_sent)}"
        lines.append([(pad(str(one.user), _NAME, ellipsis), "text"), (sums, "dim")])
    return lines


def _rescue(view: RescueView) -> list[Line]:
    brought = f"{plural(view.rescued, 'file')} finished by peers, {size(view.bytes)} from them"
    begun = f"{plural(view.begun, 'rescue')} begun"
    return [_row("rescue", f"{begun}, {brought}; {count(view.refused)} led nowhere")]


def kept(view: CaptureView) -> bool:
    """Whether anything is kept."""
    return bool(view.seen or view.recordings or view.users)


def _capture(view: CaptureView) -> list[Line]:
    what = f"{plural(view.seen, 'remote file')} (a week), {plural(view.recordings, 'recording')}"
    lines = [
        _row("kept", f"{what}, {plural(view.users, 'user')} under pseudonyms; on this machine only"),
        _row("", f"{plural(view.tracks, 'track')} known to match with, {count(view.dropped)} left out"),
        _row("", "F forgets all of it (asks); mesh.privacy.capture = false keeps nothing more", "dim"),
    ]
    return [*lines, *([_row("trouble", str(view.trouble), "warn")] if view.trouble else [])]


def _hook(ran: HookRanView) -> list[Line]:
    code = "" if ran.code is None else f" code {ran.code}"
    head = f"{ran.event} {'done' if ran.good else 'failed'}{code} in {ran.seconds:.1f} s: {ran.hook}"
    lines = [_row(wall(ran.when, seconds=True), head, "text" if ran.good else "bad")]
    lines.append(_row("", str(ran.target), "dim"))
    return [*lines, *([_row("", str(ran.line), "dim")] if ran.line else [])]


def lines(view: StatisticsView | None, ellipsis: str) -> list[Line]:
    """All of it."""
    if view is None:
        return [[("nothing is known yet", "dim")]]
    out = [_row("session", _sums(view.session)), _row("all time", _sums(view.all_time))]
    out += [[], *_rescue(view.rescue), [], *_capture(view.capture), *_users(view.users, ellipsis)]
    out += [[], [("hooks after downloads, the newest first", "title")]]
    if not view.hooks:
        out.append([("none ran; soulseek.hooks sets some", "dim")])
    for ran in sorted(view.hooks, key=lambda ran: ran.when, reverse=True):
        out += _hook(ran)
    return out
