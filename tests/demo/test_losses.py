"""What vanished while something was away: counted by comparing lists."""

from __future__ import annotations

from slskmesh.demo.losses import Losses, held
from slskmesh.engine.job_views import JobPhase, JobRowView, JobsView
from slskmesh.engine.legacy_views import (
    ChatsView,
    ConversationView,
    LegacyDownloadsView,
    LegacyDownloadView,
    LegacyPhase,
    RoomView,
)
from slskmesh.engine.views import TransferState, TransfersView, TransferView
from slskmesh.text import sanitize

NAME = sanitize("a")


def legacy(**phases: LegacyPhase) -> LegacyDownloadsView:
    rows = [LegacyDownloadView(key, NAME, NAME, NAME, NAME, 10, 0, phase) for key, phase in phases.items()]
    return LegacyDownloadsView(tuple(rows))


def transfers(**states: TransferState) -> TransfersView:
    rows = [TransferView(key, NAME, NAME, 10, 0, state) for key, state in states.items()]
    return TransfersView(tuple(rows))


def test_everything_that_is_under_way_or_done_is_held_and_what_ended_badly_is_not() -> None:
    jobs = JobsView((JobRowView(1, "x", NAME, JobPhase.WAITING), JobRowView(2, "x", NAME, JobPhase.FAILED)))
    chats = ChatsView(
        (RoomView(sanitize("in"), True, False), RoomView(sanitize("left"), False, False)),
        (ConversationView(sanitize("ann"), waiting=1),),
    )
    downloads = legacy(
        a=LegacyPhase.REQUESTED,
        b=LegacyPhase.DONE,
        c=LegacyPhase.PAUSED,
        d=LegacyPhase.FAILED,
        e=LegacyPhase.ABORTED,
    )
    assert held(downloads, transfers(f=TransferState.STALLED, g=TransferState.FAILED), jobs, chats, None) == {
        ("legacy", "a"),
        ("legacy", "b"),
        ("legacy", "c"),
        ("peers", "f"),
        ("job", "1"),
        ("room", "in"),
        ("messages", "ann"),
    }


def test_what_was_seen_once_must_be_there_at_the_end() -> None:
    losses = Losses()
    losses.look(held(legacy(a=LegacyPhase.ACTIVE, b=LegacyPhase.QUEUED)))
    losses.look(held(legacy(a=LegacyPhase.DONE), transfers(f=TransferState.ACTIVE)))
    assert (
        losses.lost(held(legacy(a=LegacyPhase.DONE, b=LegacyPhase.DONE), transfers(f=TransferState.DONE)))
        == 0
    )
    assert losses.lost(held(legacy(a=LegacyPhase.DONE), transfers(f=TransferState.DONE))) == 1, "b is gone"
    assert losses.lost(held(legacy(a=LegacyPhase.FAILED, b=LegacyPhase.DONE))) == 2, "a failed, f is gone"
    assert Losses().lost(held(legacy(a=LegacyPhase.DONE))) == 0
