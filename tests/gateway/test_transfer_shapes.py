"""Transfers as clients of slskd know them: what is always there, what the words are, and that nothing is made up."""

from __future__ import annotations

import re
import uuid
from datetime import datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase, LegacyUploadView
from slskmesh.engine.order_commands import OrderView
from slskmesh.engine.views import SourceView, TransferState, TransferView, UploadView
from slskmesh.gateway import transfer_shapes as shapes
from slskmesh.text import SafeStr, sanitize

ALWAYS = {
    *("id", "username", "direction", "filename", "size", "startOffset", "state", "stateDescription"),
    *("requestedAt", "bytesTransferred", "averageSpeed", "attempts", "removed", "bytesRemaining"),
    "percentComplete",
}
SPAN = re.compile(r"(\d+\.)?\d\d:\d\d:\d\d\.\d{7}")
KEY = "0123456789abcdef" * 2
CONTENT = "fedcba9876543210" * 4
PEER = "sm1abcdefgh"

words = st.text(max_size=12).map(sanitize)
times = st.floats(0, 4e9)
sizes = st.integers(0, 1 << 40)
some = st.none() | st.integers(0, 1000)

legacy_views = st.builds(
    LegacyDownloadView,
    key=st.just(KEY),
    user=words,
    name=words,
    remote=words,
    folder=words,
    size=sizes,
    done=sizes,
    phase=st.sampled_from(LegacyPhase),
    reason=words,
    rate=st.floats(0, 1e9),
    eta=st.none() | st.floats(0, 1e12),
    place=some,
    next_try=st.none() | times,
    elsewhere=st.booleans(),
    tries=st.integers(0, 99),
    added=times,
    finished=st.none() | times,
)
mesh_views = st.builds(
    TransferView,
    transfer=st.just(CONTENT),
    name=words,
    folder=words,
    size=sizes,
    done=sizes,
    state=st.sampled_from(TransferState),
    reason=words,
    rate=st.floats(0, 1e9),
    eta=st.none() | st.floats(0, 1e12),
    added=times,
    finished=st.none() | times,
)
orders = st.none() | st.builds(
    OrderView,
    transfer=st.just(KEY),
    user=words,
    file=words,
    size=sizes,
    batch=st.sampled_from(["", str(uuid.UUID(int=7))]),
    at=times,
    cancelled=st.booleans(),
)


def check(facts: shapes.Facts, now: float) -> dict[str, object]:
    """What holds of every transfer; its JSON."""
    told: dict[str, object] = msgspec.json.decode(msgspec.json.encode(shapes.transfer(facts, now)))
    assert told.keys() >= ALWAYS and None not in told.values()
    assert str(uuid.UUID(str(told["id"]))) == told["id"]
    assert told["state"] == told["stateDescription"] and told["state"] in shapes.STATES
    assert told["bytesTransferred"] + told["bytesRemaining"] == told["size"] == facts.size  # type: ignore[operator]
    assert 0 <= told["percentComplete"] <= 100  # type: ignore[operator]
    for name in ("requestedAt", "enqueuedAt", "startedAt", "endedAt", "nextAttemptAt"):
        if name in told:
            assert str(told[name]).endswith("Z") and datetime.fromisoformat(str(told[name]))
    for name in ("elapsedTime", "remainingTime"):
        assert name not in told or SPAN.fullmatch(str(told[name]))
    assert ("endedAt" in told) <= shapes.is_over(str(told["state"]))
    assert msgspec.json.decode(msgspec.json.encode(told), type=shapes.Transfer)
    return told


@given(legacy_views, st.none() | mesh_views, orders, times, st.sampled_from(["", "no session"]))
def test_whatever_a_download_is_its_transfer_is_whole(
    view: LegacyDownloadView, twin: TransferView | None, order: OrderView | None, now: float, waits: str
) -> None:
    facts = shapes.legacy_facts(view, twin, order, waits)
    told = check(facts, now)
    assert told["direction"] == "Download"
    assert (told["state"] == shapes.SUCCEEDED) == (view.phase is LegacyPhase.DONE)
    if told["state"] == shapes.SUCCEEDED:
        assert told["bytesRemaining"] == 0 and "exception" not in told and told["percentComplete"] == 100
    if told["state"] == shapes.CANCELLED:
        assert order is not None and order.cancelled and view.phase is LegacyPhase.PAUSED
    assert told.get("batchId") == (order.batch or None if order is not None else None)


@given(mesh_views, orders, times)
def test_whatever_a_peers_download_is_its_transfer_is_whole(
    view: TransferView, order: OrderView | None, now: float
) -> None:
    told = check(shapes.mesh_facts(view, order, ""), now)
    assert (told["state"] == shapes.SUCCEEDED) == (view.state is TransferState.DONE)
    assert told["username"] == ("mesh" if order is None else order.user)


def test_an_upload_is_whole() -> None:
    for phase in LegacyPhase:
        view = LegacyUploadView(
            *(7, SafeStr("ann"), SafeStr("01.flac"), SafeStr("m/Album"), "default", phase, 100, 40, 3.0)
        )
        told = check(shapes.legacy_upload_facts(view, 5.0), 9.0)
        assert (told["direction"], told["filename"]) == ("Upload", "m\\Album\\01.flac")
    stream = UploadView(PEER, "k:1", SafeStr("01.flac"), SafeStr("place 3 in queue"), 0.0, 10, 100)
    told = check(shapes.mesh_upload_facts(stream, 5.0), 9.0)
    assert (told["username"], told["state"]) == ("mesh:sm1abcde", shapes.HERE)
    sending = msgspec.structs.replace(stream, state=SafeStr("sending"))
    assert shapes.mesh_upload_facts(sending, 5.0).state == shapes.RUNNING
    assert shapes.mesh_upload_key(stream) == shapes.mesh_upload_key(sending)


def legacy(phase: LegacyPhase, **more: object) -> LegacyDownloadView:
    names = (SafeStr("ann"), SafeStr("01.flac"), SafeStr("m/Album"), SafeStr("Album"))
    return LegacyDownloadView(KEY, *names, 100, 40, phase, **more)  # type: ignore[arg-type]


def mesh(state: TransferState, done: int = 60, **more: object) -> TransferView:
    return TransferView(CONTENT, SafeStr("01.flac"), SafeStr("Album"), 100, done, state, **more)  # type: ignore[arg-type]


def test_the_words_of_states() -> None:
    order = OrderView(KEY, SafeStr("ann"), SafeStr("m\\Album\\01.flac"), 100, "", 1.0, True)
    said = {
        phase.value: (
            shapes.legacy_facts(legacy(phase), None, None).state,
            shapes.legacy_facts(legacy(phase), None, order).state,
        )
        for phase in LegacyPhase
    }
    assert said == {
        "queued": ("Queued, Locally", "Queued, Locally"),
        "requested": ("Queued, Remotely", "Queued, Remotely"),
        "connecting": ("Initializing", "Initializing"),
        "active": ("InProgress", "InProgress"),
        "done": ("Completed, Succeeded", "Completed, Succeeded"),
        "paused": ("Queued, Locally", "Completed, Cancelled"),
        "aborted": ("Completed, Aborted", "Completed, Aborted"),
        "failed": ("Completed, Errored", "Completed, Errored"),
    }
    refused = legacy(LegacyPhase.FAILED, elsewhere=True, reason=SafeStr("File not shared."))
    facts = shapes.legacy_facts(refused, None, None)
    assert (facts.state, facts.reason) == ("Completed, Rejected", "File not shared.")
    assert shapes.mesh_facts(mesh(TransferState.STALLED), None, "").state == "Queued, Remotely"


def test_a_rescued_download_is_one_transfer_with_the_bytes_of_both() -> None:
    waiting = legacy(LegacyPhase.PAUSED, transfer=CONTENT, rescued=True)
    facts = shapes.legacy_facts(waiting, mesh(TransferState.ACTIVE, rate=7.0), None)
    assert (facts.state, facts.done, facts.rate, facts.user) == (shapes.RUNNING, 60, 7.0, "ann")
    for state in TransferState:  # no state of the peers' half is the end of the whole
        assert not shapes.is_over(shapes.legacy_facts(waiting, mesh(state), None).state), state
    queued = legacy(LegacyPhase.REQUESTED, transfer=CONTENT, rescued=True)
    assert shapes.legacy_facts(queued, mesh(TransferState.ACTIVE), None).state == shapes.RUNNING
    assert shapes.legacy_facts(queued, mesh(TransferState.FINDING), None).state == shapes.THERE
    done = shapes.legacy_facts(legacy(LegacyPhase.DONE, finished=3.0), None, None)
    assert done.state == shapes.SUCCEEDED


def test_why_something_waits_is_told_where_it_waits() -> None:
    queued, running = legacy(LegacyPhase.QUEUED), legacy(LegacyPhase.ACTIVE)
    assert shapes.legacy_facts(queued, None, None, "no session").reason == "no session"
    assert shapes.legacy_facts(running, None, None, "no session").reason == ""
    own = legacy(LegacyPhase.QUEUED, reason=SafeStr("the user is offline"))
    assert shapes.legacy_facts(own, None, None, "no session").reason == "the user is offline"


def test_spans() -> None:
    assert shapes.span(0) == shapes.span(-3) == "00:00:00.0000000"
    assert shapes.span(3_723.5) == "01:02:03.5000000"
    assert shapes.span(86_400 + 0.0000001) == "1.00:00:00.0000001"


@given(st.floats(0, 1e9))
def test_a_span_is_what_it_says(seconds: float) -> None:
    days, _, rest = shapes.span(seconds).rpartition(".")[0].rpartition(".")
    hours, minutes, left = map(int, rest.split(":"))
    assert hours < 24 and minutes < 60 and left < 60
    ticks = int(shapes.span(seconds)[-7:])
    whole = int(days or 0) * 86_400 + hours * 3600 + minutes * 60 + left + ticks / 1e7
    assert abs(whole - seconds) < 1e-6


names = st.sampled_from(["ann", "bob", "mesh:abc"])
folders = st.sampled_from(["a\\b", "a", "", "x\\y\\z"])


@given(st.lists(st.tuples(names, folders, st.integers(0, 99))))
def test_groups_hold_each_transfer_once_in_its_place(made: list[tuple[str, str, int]]) -> None:
    facts = [
        shapes.Facts(KEY, user, f"{folder}\\{number}" if folder else str(number), 1, 0, shapes.HERE, 0.0)
        for user, folder, number in made
    ]
    groups = shapes.grouped(shapes.transfer(one, 0.0) for one in facts)
    flat = [
        (group.username, place.directory, one.filename)
        for group in groups
        for place in group.directories
        for one in place.files
    ]
    assert sorted(flat) == sorted((one.user, shapes.folder_of(one.file), one.file) for one in facts)
    assert len({group.username for group in groups}) == len(groups)
    for group in groups:
        assert all(place.file_count == len(place.files) > 0 for place in group.directories)
        assert len({place.directory for place in group.directories}) == len(group.directories)


def test_the_first_source_names_a_peers_download() -> None:
    user = SourceView("S", "", "slsk:ann", SafeStr(""), SafeStr("active"))
    peer = SourceView("A", PEER, "k:1", SafeStr("x"), SafeStr("active"))
    assert shapes.first_source(mesh(TransferState.ACTIVE, sources=(user, peer))) == "mesh:sm1abcde"
    assert shapes.first_source(mesh(TransferState.ACTIVE, sources=(user,))) == ""
