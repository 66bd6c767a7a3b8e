"""A guided tour as data: steps that wait for something to be true, dismissable, never in the way of a key.

A `Tour` is made by whoever starts the app (the demo). A step is done when its predicate over the state says so; steps
without one are left by the person (`:tour next`). It may bring commands of its own, for what only the demo can do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from slskmesh.engine.job_views import JobPhase
from slskmesh.engine.legacy_views import LegacyPhase
from slskmesh.engine.views import Banner, TransferState
from tui.viewmodel.spans import Line, wrap
from tui.viewmodel.state import State

LINES = 2


@dataclass(frozen=True, slots=True)
class Facts:
    """What a predicate may look at: the engine's views and where the person is."""

    state: State
    pane: str
    results: int
    searched: bool
    looked_up: bool = False  # MusicBrainz told of something
    resolved: bool = False  # a holder of a release was found


@dataclass(frozen=True, slots=True)
class Step:
    """One step: a title, one or two lines of text, and when it is done (None: left by hand)."""

    title: str
    text: str
    done: Callable[[Facts], bool] | None = None


@dataclass(frozen=True, slots=True)
class Extra:
    """A command that the tour brings: `run` gets its argument and says what comes of it. UserError: what is wrong."""

    name: str
    title: str
    arguments: tuple[str, ...]
    run: Callable[[str], str]


@dataclass(slots=True)
class Tour:
    """The steps and where the person is in them."""

    steps: tuple[Step, ...]
    commands: tuple[Extra, ...] = field(default=(), kw_only=True)
    at: int = 0
    off: bool = field(default=False)

    @property
    def step(self) -> Step | None:
        """The step to show now."""
        return None if self.off or self.at >= len(self.steps) else self.steps[self.at]

    def advance(self, facts: Facts) -> bool:
        """Goes past every step that is done; True where the shown step changed."""
        before = self.at
        while (step := self.step) is not None and step.done is not None and step.done(facts):
            self.at += 1
        return self.at != before

    def next(self) -> None:
        """Leaves the step by hand."""
        self.at += 1

    def lines(self, cells: int) -> tuple[str, list[Line]]:
        """Title and text of the shown step."""
        step = self.step
        if step is None:
            return "", []
        text: list[Line] = [[(line, "text")] for line in wrap(step.text, max(10, cells), LINES)]
        return f"tour {self.at + 1}/{len(self.steps)}: {step.title}", text


def _any(*states: TransferState) -> Callable[[Facts], bool]:
    return lambda facts: any(t.state in states for t in facts.state.transfers)


def _banner(banner: Banner) -> Callable[[Facts], bool]:
    return lambda facts: facts.state.status.banner is banner


def _all_done(facts: Facts) -> bool:
    transfers = facts.state.transfers
    return bool(transfers) and all(t.state is TransferState.DONE for t in transfers)


def _rescued(facts: Facts) -> bool:
    statistics = facts.state.statistics
    return statistics is not None and statistics.rescue.rescued > 0


UNTIL: dict[str, Callable[[Facts], bool] | None] = {
    "": None,
    "connected": lambda facts: facts.state.status.peers > 0,
    "hybrid": _banner(Banner.HYBRID),
    "degraded": _banner(Banner.DEGRADED),
    "disaster": _banner(Banner.DISASTER),
    "legacy": lambda facts: bool(facts.state.legacy),
    "legacy-running": lambda facts: any(one.phase is LegacyPhase.ACTIVE for one in facts.state.legacy),
    "rescued": _rescued,
    "searched": lambda facts: facts.searched,
    "found": lambda facts: facts.results > 0,
    "downloading": _any(TransferState.ACTIVE, TransferState.FINISHING, TransferState.DONE),
    "stalled": _any(TransferState.STALLED),
    "bad-chunk": lambda facts: any(t.bad_chunks for t in facts.state.transfers),
    "done": _any(TransferState.DONE),
    "all-done": _all_done,
    "looked-up": lambda facts: facts.looked_up,
    "resolved": lambda facts: facts.resolved,
    "job": lambda facts: bool(facts.state.jobs),
    "job-done": lambda facts: any(row.phase is JobPhase.DONE for row in facts.state.jobs),
    "search-pane": lambda facts: facts.pane == "search",
    "swarm-pane": lambda facts: facts.pane == "swarm",
    "jobs-pane": lambda facts: facts.pane == "jobs",
    "peers-pane": lambda facts: facts.pane == "peers",
    "settings-pane": lambda facts: facts.pane == "settings",
}


def tour_of(
    rows: Sequence[tuple[str, str, str]],
    commands: Sequence[tuple[str, str, tuple[str, ...], Callable[[str], str]]] = (),
) -> Tour:
    """A tour from plain rows (title, text, until), `until` being a key of UNTIL ("" for a step left by hand), and of
    commands (name, title, what their argument may be, what they do).
    """
    unknown = [until for _, _, until in rows if until not in UNTIL]
    if unknown:
        raise ValueError(f"no such tour condition: {unknown[0]!r}; known are {', '.join(sorted(UNTIL))}")
    steps = tuple(Step(title, text, UNTIL[until]) for title, text, until in rows)
    return Tour(steps, commands=tuple(Extra(*row) for row in commands))
