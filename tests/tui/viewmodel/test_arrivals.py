"""One message for a folder that came in, not one for each of its files; and the rates of Soulseek downloads."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import TransferState
from tests.tui.fake import NOW, s, transfer
from tests.tui.fake_transfers import key, legacy, rescue
from tui.viewmodel.arrivals import TOLD, Arrivals

ACTIVE, DONE, FAILED, QUEUED = LegacyPhase.ACTIVE, LegacyPhase.DONE, LegacyPhase.FAILED, LegacyPhase.QUEUED


def rows(*phases: LegacyPhase, folder: str = "A/Low Tide") -> tuple[LegacyDownloadView, ...]:
    return tuple(legacy(n, phase=phase, folder=s(folder)) for n, phase in enumerate(phases))


def test_a_folder_is_told_of_once_when_its_last_file_is_there() -> None:
    arrivals = Arrivals()
    assert arrivals.take((), rows(DONE, ACTIVE, QUEUED), NOW) == [], "what was done before is no news"
    assert arrivals.take((), rows(DONE, DONE, ACTIVE), NOW) == []
    assert arrivals.take((), rows(DONE, DONE, DONE), NOW) == ["Low Tide: 2 files complete"]
    assert arrivals.take((), rows(DONE, DONE, DONE), NOW) == []


def test_what_failed_is_told_with_it() -> None:
    arrivals = Arrivals()
    arrivals.take((), rows(ACTIVE, ACTIVE, ACTIVE), NOW)
    assert arrivals.take((), rows(DONE, ACTIVE, FAILED), NOW) == []
    assert arrivals.take((), rows(DONE, DONE, FAILED), NOW) == ["Low Tide: 2 files complete, 1 failed"]
    assert arrivals.take((), rows(DONE, DONE, ACTIVE), NOW) == []
    assert arrivals.take((), rows(DONE, DONE, DONE), NOW) == ["Low Tide: 1 file complete"]


def test_files_that_stand_alone_are_named_and_a_crowd_is_counted() -> None:
    arrivals = Arrivals()
    arrivals.take((), rows(ACTIVE, ACTIVE, folder=""), NOW)
    assert arrivals.take((), rows(DONE, ACTIVE, folder=""), NOW) == ["01 Night Ferry.mp3 is complete"]
    arrivals.take((), rows(*[ACTIVE] * 9, folder=""), NOW)
    told = arrivals.take((), rows(*[DONE] * 9, folder=""), NOW)
    assert len(told) == TOLD and told[-1] == "7 other downloads complete"


def test_peers_and_users_fill_one_folder_together() -> None:
    arrivals = Arrivals()
    coming = transfer(0, folder=s("A/Low Tide/CD1"))
    arrivals.take((coming,), rows(ACTIVE), NOW)
    assert arrivals.take((coming,), rows(DONE), NOW) == []
    came = msgspec.structs.replace(coming, state=TransferState.DONE)
    assert arrivals.take((came,), rows(DONE), NOW) == ["Low Tide: 2 files complete"]


def test_a_rescued_file_is_told_of_once() -> None:
    arrivals = Arrivals()
    download, peers = rescue()
    done, all_there = rescue(done=True)
    arrivals.take((peers,), (download,), NOW)
    assert arrivals.take((all_there,), (download,), NOW) == [], "the Soulseek download tells"
    assert arrivals.take((all_there,), (done,), NOW) == ["07 Slow Beacon.flac is complete"]
    assert arrivals.take((all_there,), (), NOW) == []


def test_a_folder_taken_off_the_list_is_forgotten() -> None:
    arrivals = Arrivals()
    arrivals.take((), rows(ACTIVE, ACTIVE), NOW)
    arrivals.take((), rows(DONE, ACTIVE), NOW)
    assert (
        arrivals.take((), (), NOW) == []
        and not arrivals._came
        and not arrivals._stands
        and not arrivals.rates
    )


def test_rates_are_sampled_while_a_download_is_in_the_list() -> None:
    arrivals = Arrivals()
    arrivals.take((), rows(QUEUED), NOW)
    assert not arrivals.rates
    arrivals.take((), rows(ACTIVE), NOW)
    arrivals.take((), rows(QUEUED), NOW + 2)
    assert list(arrivals.rates[key(0)].samples) == [64.0 * 1024, 0.0, 0.0]


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 7), st.sampled_from(LegacyPhase)), unique_by=lambda row: row[0]),
        max_size=8,
    )
)
def test_no_folder_is_told_of_more_often_than_its_files_came(
    steps: list[list[tuple[int, LegacyPhase]]],
) -> None:
    arrivals, came, told = Arrivals(), 0, 0
    before: dict[int, LegacyPhase] = {}
    for step in steps:
        now = dict(step)
        came += sum(phase is DONE and before.get(n, DONE) is not DONE for n, phase in now.items())
        found = arrivals.take(
            (), tuple(legacy(n, phase=p, folder=s(f"F{n % 2}")) for n, p in now.items()), NOW
        )
        told += sum(int(text.split(": ")[1].split()[0]) if ": " in text else 1 for text in found)
        before = now
        assert told <= came and len(arrivals._came) <= 2
