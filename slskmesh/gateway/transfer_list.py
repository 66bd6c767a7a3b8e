"""The lists of transfers as the gateway answers with them: rows are made anew only for what changed. Pure.

Rules:
- A row stays the very same while its views and its order do, and a whole answer while all rows do. So a client that
  polls ten thousand transfers costs what changed of them.
- Of a download that peers finish only the Soulseek user's row is shown, during it and afterwards, unless a program
  ordered the peers' half by itself.
- Looking is done in steps: who looks gives way to others between them. Nothing is changed before the last.
- When something was first seen so is kept with its row, and goes with it: nothing here grows but with the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

import msgspec

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase, LegacyUploadView
from slskmesh.engine.order_commands import OrdersView, OrderView
from slskmesh.engine.views import TransferView, UploadView
from slskmesh.gateway import transfer_shapes as shapes
from slskmesh.gateway.transfer_shapes import Facts, Transfer, UserTransfers

_encode: Final = msgspec.json.Encoder().encode
_KEY: Final = 32  # hexadecimal digits of a transfer's name
_STEP: Final = 250  # rows


class Seen(NamedTuple):
    """When a transfer was first seen at all, in the other side's queue, in progress, over. Unix seconds."""

    first: float
    enqueued: float | None = None
    started: float | None = None
    ended: float | None = None

    def now(self, state: str, when: float) -> Seen:
        """The same with this state seen."""
        over = shapes.is_over(state)
        running = state == shapes.RUNNING
        enqueued = when if self.enqueued is None and state == shapes.THERE else self.enqueued
        started = when if self.started is None and running else self.started
        if over:
            return Seen(self.first, enqueued, started, when if self.ended is None else self.ended)
        return Seen(self.first, enqueued, started)


class Row(NamedTuple):
    """One transfer. `transfer` is its name in the engine's commands, `of` what it was made of."""

    transfer: str
    of: tuple[object, ...]
    seen: Seen
    facts: Facts
    folder: str
    shape: Transfer
    raw: msgspec.Raw  # the shape as JSON


class _Rows:
    """Rows by their 32 hexadecimal digits, in order."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._answer: bytes | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def find(self, key: str) -> Row | None:
        """The row of a transfer; None: there is none."""
        return self._rows.get(key)

    def of_user(self, user: str) -> UserTransfers | None:
        """Transfers with one user; None: there are none."""
        groups = shapes.grouped(row.shape for row in self if row.facts.user == user)
        return groups[0] if groups else None

    def answer(self) -> bytes:
        """All of it by user and folder as JSON, of the shape `list[UserTransfers]`."""
        if self._answer is None:
            users: dict[str, dict[str, list[msgspec.Raw]]] = {}
            for row in self:
                users.setdefault(row.facts.user, {}).setdefault(row.folder, []).append(row.raw)
            self._answer = _encode([_user(user, folders) for user, folders in users.items()])
        return self._answer

    def _row(
        self,
        key: str,
        transfer: str,
        of: tuple[object, ...],
        now: float,
        facts: Callable[[Row | None], Facts],
    ) -> Row:
        """The row as it is now: the former one where nothing of it changed."""
        old = self._rows.get(key)
        if old is not None and old.of == of:
            return old
        told = facts(old)
        seen = (old.seen if old is not None else Seen(now)).now(told.state, now)
        if told.upload:
            told = told._replace(requested=seen.first)
        ended = told.ended if told.ended is not None else seen.ended
        told = told._replace(enqueued=seen.enqueued, started=seen.started, ended=ended)
        shape = shapes.transfer(told, now)
        return Row(transfer, of, seen, told, shapes.folder_of(told.file), shape, msgspec.Raw(_encode(shape)))

    def _take(self, rows: dict[str, Row]) -> None:
        if len(rows) != len(self._rows) or any(
            before is not after for before, after in zip(self._rows.values(), rows.values(), strict=True)
        ):
            self._answer = None
        self._rows = rows


def _user(user: str, folders: dict[str, list[msgspec.Raw]]) -> dict[str, object]:
    directories = [
        {"directory": folder, "fileCount": len(files), "files": files} for folder, files in folders.items()
    ]
    return {"username": user, "directories": directories}


class DownloadRows(_Rows):
    """Downloads from Soulseek users, then those from peers."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: tuple[object, object, object] = (None, None, None)
        self._waits = ""
        self._orders: dict[str, OrderView] = {}
        self._halves: dict[str, str] = {}  # content -> key of the download it finishes or finished

    def look(
        self,
        legacy: tuple[LegacyDownloadView, ...],
        mesh: tuple[TransferView, ...],
        orders: OrdersView,
        waits: str,
        now: float,
    ) -> Iterator[None]:
        """Takes in how all stands at `now`, Unix seconds. `waits`: why Soulseek users are not asked, if so."""
        seen = (legacy, mesh, orders)
        if waits == self._waits and all(a is b for a, b in zip(self._seen, seen, strict=True)):
            return
        if orders is not self._seen[2]:
            self._orders = {one.transfer: one for one in orders.orders}
        twins = {view.transfer: view for view in mesh}
        rows: dict[str, Row] = {}
        for number, view in enumerate(legacy):
            rows[view.key] = self._legacy(view, twins.get(view.transfer), waits, now)
            if number % _STEP == 0:
                yield
        halves = self._halves_of(legacy, mesh)
        for number, one in enumerate(self._own(legacy, mesh, halves)):
            rows[one.transfer[:_KEY]] = self._mesh(one, now)
            if number % _STEP == 0:
                yield
        self._seen, self._waits, self._halves = seen, waits, halves
        self._take(rows)

    def content_of(self, user: str, file: str) -> str:
        """The content that a program ordered under these names; empty: none did."""
        for one in self._orders.values():
            if one.file == file and one.user == user and len(one.transfer) > _KEY:
                return one.transfer
        return ""

    def _legacy(self, view: LegacyDownloadView, twin: TransferView | None, waits: str, now: float) -> Row:
        order = self._orders.get(view.key)
        if view.phase is not LegacyPhase.QUEUED:
            waits = ""  # so that only rows that tell of it are made anew
        return self._row(
            view.key,
            view.key,
            (view, twin, order, waits),
            now,
            lambda old: shapes.legacy_facts(view, twin, order, waits),
        )

    def _mesh(self, view: TransferView, now: float) -> Row:
        order = self._orders.get(view.transfer)

        def facts(old: Row | None) -> Facts:
            known = old.facts.user if old is not None and old.facts.user != shapes.NOBODY else ""
            return shapes.mesh_facts(view, order, known or shapes.first_source(view))

        return self._row(view.transfer[:_KEY], view.transfer, (view, order), now, facts)

    def _halves_of(
        self, legacy: Iterable[LegacyDownloadView], mesh: Iterable[TransferView]
    ) -> dict[str, str]:
        """Contents that finish a download, or finished it: the two lists need not tell of its end at one moment."""
        views = {view.key: view for view in legacy}
        known = self._halves | {view.transfer: key for key, view in views.items() if view.transfer}
        there = {one.transfer for one in mesh}
        return {c: key for c, key in known.items() if c in there and _is_one(views.get(key))}

    def _own(
        self, legacy: Iterable[LegacyDownloadView], mesh: Iterable[TransferView], halves: dict[str, str]
    ) -> Iterator[TransferView]:
        """Downloads from peers that are no half of another one."""
        done = {view.path for view in legacy if view.path and view.phase is LegacyPhase.DONE}
        for one in mesh:
            half = one.transfer in halves or one.path in done
            if not half or one.transfer in self._orders:
                yield one


def _is_one(view: LegacyDownloadView | None) -> bool:
    """Whether a download that peers were asked to finish is still one with what they bring."""
    return view is not None and (bool(view.transfer) or view.phase is LegacyPhase.DONE)


class UploadRows(_Rows):
    """Uploads to Soulseek users, then streams that peers opened on us."""

    def look(self, legacy: Iterable[LegacyUploadView], mesh: Iterable[UploadView], now: float) -> None:
        """Takes in how all stands at `now`, Unix seconds."""
        rows: dict[str, Row] = {}
        for view in legacy:
            facts = shapes.legacy_upload_facts(view, now)
            rows[facts.key] = self._row(facts.key, str(view.key), (view,), now, _always(facts))
        for stream in mesh:
            facts = shapes.mesh_upload_facts(stream, now)
            rows[facts.key] = self._row(facts.key, "", (stream,), now, _always(facts))
        self._take(rows)


def _always(facts: Facts) -> Callable[[Row | None], Facts]:
    return lambda old: facts
