"""The searches a gateway remembers, and every file they found by the names programs were shown. Pure.

Rules:
- At most SEARCHES_MAX with HITS_MAX hits together: the oldest that is over goes first, one that runs never. What is
  over is kept for KEPT_SECONDS.
- A search that a program deleted is shown no more, but what it found can still be ordered: programs tidy up first.
- A file is found by user and path at once, however much is remembered; the newest search that showed it counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from slskmesh.engine.views import HitView
from slskmesh.gateway.search_finds import Finds
from slskmesh.gateway.search_shapes import IN_PROGRESS, Search
from slskmesh.gateway.social_shapes import iso
from slskmesh.text import SafeStr

SEARCHES_MAX: Final = 100
HITS_MAX: Final = 100_000
KEPT_SECONDS: Final = 3_600.0


@dataclass(slots=True, eq=False)
class Record:
    """One search. `number` is the engine's query; Unix seconds, but `until`, which is of the caller's clock."""

    number: int
    id: str
    text: SafeStr
    token: int
    started: float
    finds: Finds
    state: str = IN_PROGRESS
    ended: float | None = None
    until: float = 0.0
    cancelled: bool = False
    deleted: bool = False

    @property
    def runs(self) -> bool:
        """Whether more may come."""
        return self.ended is None

    def shape(self) -> Search:
        """Without its responses."""
        finds = self.finds
        return Search(
            id=self.id,
            search_text=self.text,
            token=self.token,
            state=self.state,
            is_complete=not self.runs,
            started_at=iso(self.started),
            ended_at=None if self.ended is None else iso(self.ended),
            file_count=finds.files,
            locked_file_count=finds.locked,
            response_count=finds.responses,
            responses=[],
        )


class Memory:
    """See the head of this file."""

    def __init__(self) -> None:
        self._records: dict[int, Record] = {}
        self._ids: dict[str, Record] = {}
        self._files: dict[str, dict[str, tuple[int, HitView]]] = {}

    # -- searches ------------------------------------------------------------------------------------------------

    def add(self, record: Record, now: float) -> None:
        """One more, whose id is new."""
        self._records[record.number] = record
        self._ids[record.id] = record
        self.tidy(now)

    def get(self, id: str) -> Record | None:
        """A search by its id; None: there is none, or it was deleted."""
        return self._ids.get(id)

    def all(self) -> list[Record]:
        """Those that were not deleted, the oldest first."""
        return [*self._ids.values()]

    def take(self, record: Record, hits: Iterable[HitView], now: float) -> None:
        """A search found more."""
        for user, path, hit in record.finds.take(hits):
            self._files.setdefault(user, {})[path] = record.number, hit
        self.tidy(now)

    def end(self, record: Record, state: str, at: float, now: float) -> None:
        """A search is over since `at`, Unix seconds."""
        record.state, record.ended, record.until = state, at, now + KEPT_SECONDS

    def delete(self, record: Record) -> None:
        """Shows a search no more."""
        record.deleted = True
        self._ids.pop(record.id, None)

    def tidy(self, now: float) -> None:
        """Forgets what is too old or too much."""
        over = [record for record in self._records.values() if not record.runs]
        count, hits = len(self._records), sum(record.finds.hits for record in self._records.values())
        for record in over:
            if record.until > now and count <= SEARCHES_MAX and hits <= HITS_MAX:
                continue
            count, hits = count - 1, hits - record.finds.hits
            self._forget(record)

    def _forget(self, record: Record) -> None:
        del self._records[record.number]
        if not record.deleted:
            del self._ids[record.id]
        for user, answers in record.finds.users.items():
            others = [one for one in self._records.values() if user in one.finds.users]
            for path in answers.files:
                if self._files[user][path][0] == record.number:
                    self._point_elsewhere(user, path, others)

    def _point_elsewhere(self, user: str, path: str, others: Sequence[Record]) -> None:
        """The search that showed a file last is forgotten; an earlier one may have shown it too."""
        for other in reversed(others):
            if (hit := other.finds.users[user].files.get(path)) is not None:
                self._files[user][path] = other.number, hit
                return
        del self._files[user][path]
        if not self._files[user]:
            del self._files[user]

    # -- files ---------------------------------------------------------------------------------------------------

    def find(self, username: str, filename: str) -> tuple[int, HitView] | None:
        """The query and the hit of a file, by the names it was shown under; None: it was not."""
        return self._files.get(username, {}).get(filename)

    def of_user(self, username: str) -> list[tuple[str, HitView]]:
        """Remote path and hit of all that was found at a user, by path."""
        files = self._files.get(username, {})
        return [(path, files[path][1]) for path in sorted(files)]

    def in_folder(self, username: str, folder: str) -> list[tuple[int, HitView]]:
        """The same of all that was found right in one remote folder."""
        files = self._files.get(username, {})
        return [found for path, found in files.items() if path.rpartition("\\")[0] == folder]
