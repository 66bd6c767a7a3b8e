"""The lists the gateway answers with: made anew only for what changed, and one row for one transfer."""

from __future__ import annotations

import msgspec
import pytest

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase, LegacyUploadView
from slskmesh.engine.order_commands import OrdersView, OrderView
from slskmesh.engine.views import SourceView, TransferState, TransferView
from slskmesh.gateway import transfer_shapes
from slskmesh.gateway.transfer_list import DownloadRows, UploadRows
from slskmesh.gateway.transfer_shapes import UserTransfers
from slskmesh.text import SafeStr

NONE = OrdersView(())
PEER = "sm1abcdefgh"


def legacy(number: int, phase: LegacyPhase = LegacyPhase.QUEUED, **more: object) -> LegacyDownloadView:
    names = (SafeStr("ann"), SafeStr(f"{number}.flac"), SafeStr("m/Album"), SafeStr("Album"))
    return LegacyDownloadView(f"{number:032x}", *names, 100, 40, phase, **more)  # type: ignore[arg-type]


def mesh(number: int, state: TransferState = TransferState.QUEUED, **more: object) -> TransferView:
    return TransferView(
        f"{number:064x}"[::-1],
        SafeStr(f"{number}.flac"),
        SafeStr("Album"),
        100,
        60,
        state,
        **more,  # type: ignore[arg-type]
    )


class Downloads(DownloadRows):
    """Looks in one go."""

    def look(self, *how: object) -> list[None]:  # type: ignore[override]
        return list(super().look(*how))  # type: ignore[arg-type]


def decoded(rows: Downloads | UploadRows) -> list[UserTransfers]:
    return msgspec.json.decode(rows.answer(), type=list[UserTransfers])


def test_only_what_changed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    made = 0
    real = transfer_shapes.transfer

    def counted(facts: transfer_shapes.Facts, now: float) -> transfer_shapes.Transfer:
        nonlocal made
        made += 1
        return real(facts, now)

    monkeypatch.setattr(transfer_shapes, "transfer", counted)
    rows = Downloads()
    first = tuple(legacy(number) for number in range(50))
    rows.look(first, (), NONE, "", 1.0)
    answer = rows.answer()
    assert made == 50
    rows.look(first, (), NONE, "", 2.0)
    rows.look((*first,), (), NONE, "", 2.5)
    assert made == 50 and rows.answer() is answer
    changed = (*first[:7], legacy(7, LegacyPhase.ACTIVE), *first[8:])
    rows.look(changed, (), NONE, "", 3.0)
    assert made == 51 and rows.answer() is not answer
    [user] = decoded(rows)
    states = [one.state for one in user.directories[0].files]
    assert states.count(transfer_shapes.RUNNING) == 1 and len(states) == 50
    rows.look(first[:3], (), NONE, "", 4.0)
    assert len(rows) == 3 and made == 51
    rows.look(tuple(reversed(first[:3])), (), NONE, "", 5.0)
    assert decoded(rows)[0].directories[0].files[0].filename == "m\\Album\\2.flac"


def test_only_who_waits_is_told_why() -> None:
    rows = Downloads()
    views = (legacy(1), legacy(2, LegacyPhase.DONE, finished=2.0))
    rows.look(views, (), NONE, "", 1.0)
    before = list(rows)
    rows.look(views, (), NONE, "no session", 2.0)
    after = list(rows)
    assert after[0].shape.exception == "no session" and after[1] is before[1]
    rows.look(views, (), NONE, "", 3.0)
    assert next(iter(rows)).shape.exception is None


def test_the_answer_is_what_the_shapes_say() -> None:
    rows = Downloads()
    own = tuple(legacy(number, LegacyPhase.DONE, finished=9.0, added=3.0) for number in range(4))
    rows.look(own, (mesh(1), mesh(2)), NONE, "", 10.0)
    told = decoded(rows)
    assert told == list(transfer_shapes.grouped(row.shape for row in rows))
    assert rows.of_user("ann") == told[0] and rows.of_user("nobody") is None
    assert [one.username for one in told] == ["ann", "mesh"]


def test_times_are_kept_from_when_it_was_first_seen_so() -> None:
    rows = Downloads()

    def seen(phase: LegacyPhase, now: float) -> transfer_shapes.Transfer:
        rows.look((legacy(1, phase, added=1.0),), (), NONE, "", now)
        row = rows.find(f"{1:032x}")
        assert row is not None
        return row.shape

    assert seen(LegacyPhase.QUEUED, 10.0).started_at is None
    assert seen(LegacyPhase.REQUESTED, 20.0).enqueued_at == "1970-01-01T00:00:20.000Z"
    assert seen(LegacyPhase.ACTIVE, 30.0).started_at == "1970-01-01T00:00:30.000Z"
    over = seen(LegacyPhase.FAILED, 45.0)
    assert (over.ended_at, over.elapsed_time) == ("1970-01-01T00:00:45.000Z", "00:00:15.0000000")
    again = seen(LegacyPhase.ACTIVE, 50.0)
    assert again.ended_at is None and again.started_at == "1970-01-01T00:00:30.000Z"


def test_a_rescue_is_one_transfer_until_a_program_orders_the_other_half() -> None:
    rows, half = Downloads(), mesh(5, TransferState.ACTIVE)
    waits = legacy(1, LegacyPhase.PAUSED, rescued=True, transfer=half.transfer)
    rows.look((waits,), (half, mesh(6)), NONE, "", 1.0)
    assert [row.facts.state for row in rows] == [transfer_shapes.RUNNING, transfer_shapes.HERE]
    done = legacy(1, LegacyPhase.DONE, path=SafeStr("/d/Album/1.flac"))
    whole = mesh(5, TransferState.DONE, path=SafeStr("/d/Album/1.flac"))
    rows.look((done,), (whole, mesh(6)), NONE, "", 2.0)
    assert [row.facts.user for row in rows] == ["ann", "mesh"]
    order = OrderView(whole.transfer, SafeStr("mesh:sm1abcde"), SafeStr("x\\1.flac"), 100, "", 1.0)
    rows.look((done,), (whole, mesh(6)), OrdersView((order,)), "", 3.0)
    assert [row.facts.user for row in rows] == ["ann", "mesh:sm1abcde", "mesh"]
    assert rows.content_of("mesh:sm1abcde", "x\\1.flac") == whole.transfer
    assert rows.content_of("mesh:sm1abcde", "x\\2.flac") == rows.content_of("bob", "x\\1.flac") == ""


def test_a_rescue_is_one_transfer_though_the_lists_tell_of_its_end_one_after_the_other() -> None:
    rows, half = Downloads(), mesh(5, TransferState.ACTIVE)
    waits = legacy(1, LegacyPhase.PAUSED, rescued=True, transfer=half.transfer)
    done = legacy(1, LegacyPhase.DONE, path=SafeStr("/d/Album/1.flac"))
    ending = mesh(5, TransferState.FINISHING)
    for mine, peers in ((waits, half), (waits, ending), (done, ending), (done, half)):
        rows.look((mine,), (peers,), NONE, "", 1.0)
        assert [row.facts.user for row in rows] == ["ann"]
    rows.look((legacy(1, LegacyPhase.FAILED),), (ending,), NONE, "", 2.0)
    assert [row.facts.user for row in rows] == ["ann", "mesh"], "given up: two transfers from now on"
    rows.look((done,), (), NONE, "", 3.0)
    rows.look((done,), (ending,), NONE, "", 4.0)
    assert [row.facts.user for row in rows] == ["ann", "mesh"], (
        "a new one of that content is no half of the old"
    )


def test_a_peers_download_keeps_the_name_of_its_first_source() -> None:
    rows = Downloads()
    source = SourceView("A", PEER, "k:1", SafeStr(""), SafeStr("active"))
    other = SourceView("B", "sm1zzzzzzzz", "k:2", SafeStr(""), SafeStr("active"))
    for sources, name in (
        ((), "mesh"),
        ((source,), "mesh:sm1abcde"),
        ((other,), "mesh:sm1abcde"),
        ((), "mesh:sm1abcde"),
    ):
        rows.look((), (mesh(1, TransferState.ACTIVE, sources=sources),), NONE, "", 1.0)
        assert [row.facts.user for row in rows] == [name]


def test_uploads_begin_when_they_are_first_seen() -> None:
    rows = UploadRows()
    view = LegacyUploadView(
        *(3, SafeStr("ann"), SafeStr("1.flac"), SafeStr("m/Album"), "default", LegacyPhase.REQUESTED, 9, 0)
    )
    rows.look([view], [], 5.0)
    rows.look([msgspec.structs.replace(view, phase=LegacyPhase.ACTIVE, done=4)], [], 8.0)
    [user] = decoded(rows)
    [one] = user.directories[0].files
    assert (one.state, one.requested_at) == (transfer_shapes.RUNNING, "1970-01-01T00:00:05.000Z")
    rows.look([], [], 9.0)
    assert decoded(rows) == []
