"""From the Soulseek plane's values to views: nothing hostile gets through, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire.rescue import RescueCounts
from slskmesh.engine import legacy_snapshots as snapshots
from slskmesh.engine.legacy_views import LegacyPhase, RemoteFileView
from slskmesh.shadow.capture import CaptureStatus
from slskmesh.shadow.listing import Listing, Told
from slskmesh.soulseek.blocklist import Rule, Scope
from slskmesh.soulseek.browses import Progress
from slskmesh.soulseek.browses_rows import FileRow, FolderRow
from slskmesh.soulseek.chatter import Kind, RoomLine, RoomStanding
from slskmesh.soulseek.download_entry import LegacyDownload, LegacyLine
from slskmesh.soulseek.letters import ConversationStanding, Message, State
from slskmesh.soulseek.offers import Offer, Source
from slskmesh.soulseek.people_lists import Buddy
from slskmesh.soulseek.retry import Trouble
from slskmesh.soulseek.tally import UserSums
from slskmesh.soulseek.transfer_rows import Sums
from slskmesh.soulseek.uploads import LegacyUpload
from slskmesh.soulseek.values import Attributes, RemoteFile, RoomInfo, TransferPhase, UserInfo, UserState
from slskmesh.soulseek.wishes import Wish
from slskmesh.text import sanitize

Make = Callable[[str], object]


def download(text: str, **fields: Any) -> LegacyDownload:
    known: dict[str, Any] = {
        "key": b"k" * 16, "user": text, "path": f"{text}\\{text}", "size": 9, "done": 4,
        "phase": TransferPhase.ACTIVE, "trouble": Trouble.NONE, "reason": text, "rate": 1.6, "eta": 2.4,
        "place": 3, "next_try": 10.6, "elsewhere": False, "tries": 1, "folder": text, "batch": "",
        "added": 1.0, "finished": None, "local": text, "name": text,
    }  # fmt: skip
    return LegacyDownload(**{**known, **fields})


def told(text: str) -> Told:
    return Told("shard", text, b"k", b"body", 60.0, (text, text), text)


VIEWS: dict[str, Make] = {
    "download": lambda text: snapshots.download_view(download(text), [LegacyLine(1.0, text)]),
    "upload": lambda text: snapshots.upload_view(
        LegacyUpload(1, text, f"{text}\\{text}", "default", TransferPhase.QUEUED, 9, 0, 0.0)
    ),
    "sums": lambda text: snapshots.user_sums_view(UserSums(text, Sums(1, 2, 3, 4))),
    "room": lambda text: snapshots.room_view(RoomStanding(text, True, True, False, 1, 2, 3, 4, text)),
    "conversation": lambda text: snapshots.conversation_view(
        ConversationStanding(text, 1, 2, 3.0, text), UserState.AWAY
    ),
    "room line": lambda text: snapshots.room_line(RoomLine(1, 2.0, text, text, Kind.SAID)),
    "message": lambda text: snapshots.message_line(Message(1, 2.0, text, State.REFUSED, text), text, text),
    "tickers": lambda text: snapshots.tickers_shown([(text, text)]),
    "room info": lambda text: snapshots.room_info(RoomInfo(text, 5), True),
    "buddy": lambda text: snapshots.buddy_view(Buddy(text, text), UserState.ONLINE),
    "rule": lambda text: snapshots.rule_view(Rule(text, Scope.CHAT, note=text)),
    "user": lambda text: snapshots.user_shown(
        1, text, UserInfo(text, text, 1, 2, True), UserState.ONLINE, Sums(), text
    ),
    "wish": lambda text: snapshots.wish_view(Wish(1, text, text, note=text)),
    "offer": lambda text: snapshots.offer_view(Offer(Source.SOULSEEK, text, text, (RemoteFile(text, 5),))),
    "progress": lambda text: snapshots.browse_progress(Progress(text, 1, 2, 3, True, text)),
    "folder": lambda text: snapshots.folder_view(FolderRow(1, text, 2, 3)),
    "file": lambda text: snapshots.file_view(FileRow(1, RemoteFile(f"{text}\\{text}", 2))),
    "published": lambda text: snapshots.published_shown(
        1, Listing((told(text),), (told(text),), (text,), (text,))
    ),
    "capture": lambda text: snapshots.capture_view(CaptureStatus(trouble=text)),
}


def texts(value: object) -> Iterator[str]:
    """Every text within a view."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from texts(getattr(value, name))


HOSTILE = st.text(
    st.sampled_from("ab\\/ \x00\x1b\n\r\t\x7f\x9b\u202e\u200b\u0301\ud800\ufffe[bold]é漢"), max_size=300
)


@pytest.mark.parametrize("make", VIEWS.values(), ids=VIEWS.keys())
@given(HOSTILE)
def test_no_text_of_a_view_can_act_on_a_terminal_or_is_endless(make: Make, text: str) -> None:
    found = list(texts(make(text)))
    assert found
    for one in found:
        assert one == sanitize(one, 2_100)


@given(HOSTILE, st.lists(HOSTILE, max_size=5))
def test_a_shown_name_stands_for_a_raw_one_that_is_known(name: str, known: list[str]) -> None:
    shown = snapshots.shown(name)
    found = snapshots.raw_of(shown, [*known, name])
    assert snapshots.shown(found) == shown
    assert snapshots.raw_of(name, [*known, name]) == name
    assert snapshots.raw_of("nobody", known) == "nobody"


def test_a_download_is_shown_with_all_there_is_to_say() -> None:
    view = snapshots.download_view(download("a"), content=b"c" * 32)
    assert (view.key, view.user, view.name, view.remote, view.folder) == ("6b" * 16, "a", "a", "a", "a")
    assert (view.size, view.done, view.phase, view.rate, view.eta) == (9, 4, LegacyPhase.ACTIVE, 2, 2)
    assert (view.place, view.next_try, view.tries) == (3, 11, 1)
    assert view.rescued and view.transfer == "63" * 32
    other = snapshots.download_view(
        download("a", path="@@x\\Music\\Al/bum\\1.flac", name="", eta=None, next_try=None)
    )
    assert (other.remote, other.name) == ("@@x/Music/Al/bum", "1.flac")
    assert (other.eta, other.next_try) == (None, None)
    assert not other.rescued and other.transfer == ""


def test_phases_are_those_of_the_network() -> None:
    assert [phase.value for phase in LegacyPhase] == [phase.value for phase in TransferPhase]


def test_what_a_file_does_not_say_stays_unknown() -> None:
    said = Attributes(320, 61, True, 44_100, 16)
    assert snapshots.file_view(FileRow(7, RemoteFile("a\\b.mp3", 5, said, True))) == RemoteFileView(
        7, sanitize("b.mp3"), 5, 320, 61, True, 44_100, 16, True
    )
    bare = snapshots.file_view(FileRow(7, RemoteFile("a\\b.mp3", 5)))
    assert (bare.bitrate, bare.duration, bare.vbr, bare.sample_rate, bare.bit_depth) == (None,) * 5


def test_who_did_not_answer_is_shown_with_what_we_know() -> None:
    shown = snapshots.user_shown(3, "ben", None, UserState.OFFLINE, Sums(5, 6), "ben is offline")
    assert (shown.query, shown.text, shown.slots, shown.state) == (3, "", 0, "offline")
    assert (shown.received, shown.sent, shown.note) == (5, 6, "ben is offline")


def test_lines_say_who_spoke() -> None:
    own = snapshots.message_line(Message(1, 2.0, "hi", State.WAITING), "ben", "me")
    came = snapshots.message_line(Message(2, 2.0, "hi", State.KEPT), "ben", "me")
    assert [(line.user, line.kind) for line in (own, came)] == [("me", "waiting"), ("ben", "kept")]
    assert snapshots.room_line(RoomLine(1, 2.0, "", "lost", Kind.UNSENT)).kind == "unsent"


def test_rules_name_what_they_are_for_and_an_offer_of_the_mesh_is_free() -> None:
    rule = snapshots.rule_view(Rule("ben", Scope.RESULTS | Scope.TRANSFERS))
    assert rule.scope == ("results", "transfers")
    offer = Offer(Source.MESH, "k:peer", "a", (RemoteFile("a\\1.flac", 5), RemoteFile("a\\2.flac", 6)))
    view = snapshots.offer_view(offer)
    assert (view.via, view.files, view.size, view.lossless, view.free_slot) == ("mesh", 2, 11, True, True)
    assert view.offer == offer.digest.hex()
    counts = snapshots.rescue_view(RescueCounts(1, 2, 3, 4))
    assert (counts.begun, counts.rescued, counts.bytes, counts.refused) == (1, 2, 3, 4)
