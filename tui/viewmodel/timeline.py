"""What the box of a Soulseek download shows: how far it is, where it waits, a minute of its speed, its story.

Rules: the newest line of the story comes first; nothing is guessed: what the other side does not say is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase, UserSumsView
from slskmesh.engine.views import SourceView
from slskmesh.text import SafeStr
from tui.viewmodel.download import File, Stand
from tui.viewmodel.download_words import STAND_ROLES, again, reason
from tui.viewmodel.formats import ago, bar, clock, count, graph, percent, plural, rate, size, wall
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line

GRAPH_ROWS = 2
LETTER = "S"  # of a Soulseek user on the chunk map


def _facts(d: LegacyDownloadView, now: float) -> Line:
    """From whom, which place, how many tries, when again, since when."""
    parts: list[tuple[str, str]] = [(f"slsk:{d.user}", "accent")]
    if d.place is not None and d.phase is LegacyPhase.REQUESTED:
        parts.append((f"place {count(d.place)} in the queue", "text"))
    if d.rate >= 1:
        parts.append((f"{rate(d.rate)}, eta {clock(d.eta)}", "text"))
    if d.tries:
        parts.append((plural(d.tries, "try", "tries"), "dim"))
    if wait := again(d.next_try, now):
        parts.append((wait, "warn"))
    if d.added:
        parts.append((f"here since {ago(d.added, now)}", "dim"))
    line: Line = []
    for text, role in parts:
        line += [("   ", "dim")] * bool(line) + [(text, role)]
    return line


def lines(
    file: File,
    story: Sequence[tuple[float, SafeStr]],
    samples: Sequence[float],
    cells: int,
    now: float,
    glyphs: Glyphs,
    offline: bool = False,
) -> list[Line]:
    """The box's lines in `cells` cells. `samples`: bytes a second, one a second; empty: no graph."""
    d = file.legacy
    assert d is not None
    told = f" {percent(file.done, file.size)}  {size(file.done)} of {size(file.size)}"
    out: list[Line] = [
        reason(file, now, offline),
        [
            *bar(file.done, file.size, max(8, cells - len(told)), glyphs, STAND_ROLES[file.stand]),
            (told, "text"),
        ],
        _facts(d, now),
    ]
    if d.path:
        out.append([("file  ", "dim"), (str(d.path), "text")])
    elif d.remote:
        out.append([("there  ", "dim"), (str(d.remote), "text")])
    if samples and file.stand is not Stand.DONE:
        out += [[(row, "good")] for row in graph(samples, min(60, cells - 2), GRAPH_ROWS, glyphs)]
    if story:
        out.append([])
        for when, text in reversed(story):
            out.append([(f"{wall(when, seconds=True)} ", "dim"), (str(text), "text")])
    return out


def as_source(d: LegacyDownloadView, now: float) -> SourceView:
    """The user as the one source of a download that peers have no part in."""
    state = again(d.next_try, now) or (
        f"place {d.place}" if d.place is not None and d.phase is LegacyPhase.REQUESTED else d.phase.value
    )
    return SourceView(LETTER, "", f"slsk:{d.user}", SafeStr(""), SafeStr(state), rate=d.rate, received=d.done)


def user_lines(wanted: int, done: int, known: UserSumsView | None, buddy: str) -> list[Line]:
    """What we had and have to do with a user. `buddy`: the state on the list of buddies, empty: not on it."""
    out: list[Line] = [
        [("list  ", "dim"), (f"{plural(wanted, 'file')}, {count(done)} done", "text")],
    ]
    if known is not None:
        sums = known.sums
        out.append(
            [("got   ", "dim"), (f"{size(sums.received)}, {plural(sums.files_received, 'file')}", "text")]
        )
        out.append([("gave  ", "dim"), (f"{size(sums.sent)}, {plural(sums.files_sent, 'file')}", "text")])
    if buddy:
        out.append([("buddy ", "dim"), (buddy, "text")])
    return out
