"""What goes wrong in the demo, and when: a pure timetable driven by the download's own progress.

The leecher may be killed at a quarter of the big file and starts again at once; one seeder is killed at two fifths
and comes back a little later, by progress or by the clock, whichever is first.
"""

from __future__ import annotations

import enum
from typing import Final

KILL_LEECHER_AT: Final = 0.25
KILL_SEEDER_AT: Final = 0.42
RETURN_AT: Final = 0.60
RETURN_AFTER: Final = 1.0  # seconds


class Act(enum.Enum):
    """One turn of the plot."""

    KILL_LEECHER = "kill-leecher"
    KILL_SEEDER = "kill-seeder"
    RETURN_SEEDER = "return-seeder"


class Plot:
    """Tells each act once, in order."""

    def __init__(self, *, kill_leecher: bool) -> None:
        self._acts = [Act.KILL_SEEDER, Act.RETURN_SEEDER]
        if kill_leecher:
            self._acts.insert(0, Act.KILL_LEECHER)
        self._killed_at = 0.0

    @property
    def over(self) -> bool:
        """Whether every act was told."""
        return not self._acts

    def next_due(self) -> float | None:
        """Clock time at which `step` has something to tell even without progress; None if there is none."""
        waiting = self._acts and self._acts[0] is Act.RETURN_SEEDER
        return self._killed_at + RETURN_AFTER if waiting else None

    def step(self, progress: float, now: float) -> Act | None:
        """The act that is due at `progress` (0..1 of the big file, verified) and clock time `now` (seconds)."""
        if not self._acts:
            return None
        act = self._acts[0]
        due = {
            Act.KILL_LEECHER: progress >= KILL_LEECHER_AT,
            Act.KILL_SEEDER: progress >= KILL_SEEDER_AT,
            Act.RETURN_SEEDER: progress >= RETURN_AT or now >= self._killed_at + RETURN_AFTER,
        }[act]
        if not due:
            return None
        if act is Act.KILL_SEEDER:
            self._killed_at = now
        return self._acts.pop(0)
