"""One list of downloads: both queues in their order, rescued files once, folders, filter, order, marks, moves."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import TransferState, TransferView
from tests.tui.fake import NOW, s, transfer
from tests.tui.fake_transfers import CONTENT, key, legacy, rescue
from tui.viewmodel.download import File, Stand, Sum
from tui.viewmodel.downloads import SORTS, Downloads, Folder, files_of, release_folder

FOLDERS = ("", "A", "B/CD1", "B/CD2", "C")


def shown(list_: Downloads) -> list[str]:
    return [list_.row(at).key for at in range(len(list_))]


def sums(list_: Downloads) -> list[Sum]:
    return [line.sum for line in map(list_.row, range(len(list_))) if isinstance(line, Folder)]


def made(transfers: list[TransferView], downloads: list[LegacyDownloadView]) -> Downloads:
    list_ = Downloads()
    list_.take(tuple(transfers), tuple(downloads))
    return list_


mesh_rows = st.lists(
    st.builds(
        lambda n, folder, added, state, done: transfer(
            n, folder=s(folder), added=added, state=state, done=done, path=s("")
        ),
        st.integers(0, 40),
        st.sampled_from(FOLDERS),
        st.floats(0, 100),
        st.sampled_from(TransferState),
        st.integers(0, 1000),
    ),
    max_size=20,
    unique_by=lambda t: t.transfer,
)
legacy_rows = st.lists(
    st.builds(
        lambda n, folder, added, phase, rescued: legacy(
            n,
            folder=s(folder),
            added=added,
            phase=phase,
            rescued=rescued,
            transfer=f"{n:064x}" if rescued else "",
            path=s(""),
        ),
        st.integers(0, 40),
        st.sampled_from(FOLDERS),
        st.floats(0, 100),
        st.sampled_from(LegacyPhase),
        st.booleans(),
    ),
    max_size=20,
    unique_by=lambda d: d.key,
)


@given(mesh_rows, legacy_rows)
def test_both_queues_keep_their_order_and_a_rescued_file_is_one_line(
    transfers: list[TransferView], downloads: list[LegacyDownloadView]
) -> None:
    list_ = made(transfers, downloads)
    files = list(list_.files)
    rescued = {d.transfer for d in downloads if d.transfer}
    assert [f.key for f in files if f.legacy is not None] == [d.key for d in downloads]
    assert [f.key for f in files if f.legacy is None] == [
        t.transfer for t in transfers if t.transfer not in rescued
    ]
    known = {t.transfer: t for t in transfers}
    for file in files:
        if file.legacy is not None:
            assert file.mesh == (known.get(file.legacy.transfer) if file.legacy.transfer else None)


@given(
    mesh_rows,
    legacy_rows,
    st.sampled_from(SORTS),
    st.booleans(),
    st.sampled_from(["", "slsk", "night", "cd1"]),
)
def test_every_file_that_fits_is_in_exactly_one_place(
    transfers: list[TransferView], downloads: list[LegacyDownloadView], sort: str, reverse: bool, words: str
) -> None:
    list_ = made(transfers, downloads)
    list_.look_for(words)
    list_.arrange(sort, reverse)
    lines = [list_.row(at) for at in range(len(list_))]
    tops = [line for line in lines if isinstance(line, Folder) or not line.below]
    files = [file.key for line in tops for file in files_of(line)]
    assert sorted(files) == sorted(file.key for file in list_.files if words in file.words)
    assert [list_.position(line.key) for line in lines] == list(range(len(lines)))
    if sort == SORTS[0]:
        queue = [file.key for file in list_.files]
        firsts = [queue.index(line.files[0].key if isinstance(line, Folder) else line.key) for line in tops]
        assert firsts == sorted(firsts, reverse=reverse), "a folder stands where its first file does"
    for line in tops:
        if isinstance(line, Folder):
            assert len(line.files) > 1 and {release_folder(f.folder) for f in line.files} == {line.path}
            assert line.open is bool(words)
        elif not words:
            assert (
                not line.folder
                or sum(release_folder(f.folder) == release_folder(line.folder) for f in list_.files) == 1
            )


@given(
    mesh_rows,
    legacy_rows,
    mesh_rows,
    legacy_rows,
    st.sampled_from(SORTS),
    st.sampled_from(["", "done", "slsk"]),
)
def test_following_views_comes_to_the_same_as_beginning_with_the_newest(
    first: list[TransferView],
    theirs: list[LegacyDownloadView],
    then: list[TransferView],
    theirs_then: list[LegacyDownloadView],
    sort: str,
    words: str,
) -> None:
    followed, fresh = made(first, theirs), Downloads()
    for list_ in (followed, fresh):
        list_.arrange(sort, False)
        list_.look_for(words)
        list_.take(tuple(then), tuple(theirs_then))
    assert shown(followed) == shown(fresh)
    assert followed.stands == fresh.stands and followed.of_user == fresh.of_user
    plain = [
        [(x.files, x.size, x.done, x.stand, x.user, x.lead.key) for x in sums(list_)]
        for list_ in (followed, fresh)
    ]
    assert plain[0] == plain[1]


@given(
    mesh_rows,
    legacy_rows,
    st.data(),
    st.sampled_from(SORTS),
    st.sampled_from(["", "done", "slsk", "rescued"]),
)
def test_what_changes_in_place_is_followed_too(
    transfers: list[TransferView],
    theirs: list[LegacyDownloadView],
    data: st.DataObject,
    sort: str,
    words: str,
) -> None:
    followed = made(transfers, theirs)
    followed.arrange(sort, False)
    followed.look_for(words)
    for _ in range(3):
        if transfers:
            at = data.draw(st.integers(0, len(transfers) - 1))
            state, rate = data.draw(st.sampled_from(TransferState)), data.draw(st.floats(0, 1e6))
            transfers[at] = msgspec.structs.replace(transfers[at], state=state, rate=rate, done=7)
        if theirs:
            at = data.draw(st.integers(0, len(theirs) - 1))
            phase, user = (
                data.draw(st.sampled_from(LegacyPhase)),
                data.draw(st.sampled_from(["lena", "kessel"])),
            )
            theirs[at] = msgspec.structs.replace(theirs[at], phase=phase, user=s(user), done=9)
        followed.take(tuple(transfers), tuple(theirs))
        fresh = Downloads()
        fresh.arrange(sort, False)
        fresh.look_for(words)
        fresh.take(tuple(transfers), tuple(theirs))
        assert shown(followed) == shown(fresh)
        assert [f.words for f in followed.files] == [f.words for f in fresh.files]
        assert followed.stands == fresh.stands and followed.of_user == fresh.of_user
        both = [
            [(x.done, x.rate, x.stand, x.user, x.lead.key) for x in sums(one)] for one in (followed, fresh)
        ]
        assert both[0] == both[1]
        assert [(f.mesh, f.legacy) for f in followed.files] == [(f.mesh, f.legacy) for f in fresh.files]


def test_what_places_a_file_is_followed() -> None:
    rows = [legacy(n, folder=s("")) for n in range(3)]
    for change in (
        {"added": NOW},
        {"folder": s("F")},
        {"name": s("zz")},
        {"path": s("/x")},
        {"transfer": CONTENT},
    ):
        list_ = made([transfer(0, transfer=CONTENT, folder=s(""), added=NOW - 1e6)], rows)
        list_.arrange("name", False)
        changed = [msgspec.structs.replace(rows[0], **change), *rows[1:]]
        fresh = Downloads()
        fresh.arrange("name", False)
        for one in (list_, fresh):
            one.take((transfer(0, transfer=CONTENT, folder=s(""), added=NOW - 1e6),), tuple(changed))
        assert shown(list_) == shown(fresh) and list(list_._files) == list(fresh._files), change


def test_the_discs_of_a_release_are_one_folder() -> None:
    assert release_folder("A/Album/CD 2") == "A/Album" and release_folder("Album/Disc2 - Live") == "Album"
    assert release_folder("CD1") == "CD1" and release_folder("A/Discovery") == "A/Discovery"


def test_a_folder_opens_folds_and_keeps_the_cursor_s_place() -> None:
    list_ = made([transfer(0, folder=s("X")), transfer(1, folder=s("X"))], [legacy(0, folder=s("Y"))])
    folder = list_.row(1) if list_.row(0).key == key(0) else list_.row(0)
    assert isinstance(folder, Folder) and len(list_) == 2
    assert list_.position(f"{1:064x}") == list_.position(folder.key), (
        "a file folded away is where its folder is"
    )
    list_.flip(folder)
    assert shown(list_)[list_.position(folder.key) or 0 :][:3] == [folder.key, f"{0:064x}", f"{1:064x}"]
    assert list_.row(2).below and list_.folder_of(list_.row(2)) is folder  # type: ignore[union-attr]
    list_.take((transfer(0, folder=s("X")),), ())
    assert shown(list_) == [f"{0:064x}"] and not list_.row(0).below, "one file alone needs no folder"  # type: ignore[union-attr]


def test_what_a_rescue_is_and_becomes() -> None:
    download, peers = rescue()
    list_ = made([peers], [download])
    (file,) = list_.files
    assert (file.key, file.stand, file.rescued, file.done) == (
        download.key,
        Stand.RUNNING,
        True,
        15 * 1024**2,
    )
    assert file.can_pause and "rescued by peers" in file.words and list_.file(CONTENT) is file
    download, peers = rescue(done=True)
    list_.take((peers,), (download,))
    (file,) = list_.files
    assert file.stand is Stand.DONE and file.mesh == peers, "the file that peers brought is the same line"
    list_.take((msgspec.structs.replace(peers, path=s("/elsewhere")),), (download,))
    assert len(list(list_.files)) == 2


def test_a_rescue_that_stalls_waits_even_if_the_user_failed() -> None:
    download, peers = rescue()
    stalled = msgspec.structs.replace(peers, state=TransferState.STALLED)
    failed = msgspec.structs.replace(download, phase=LegacyPhase.FAILED)
    assert File("x", stalled, failed).stand is Stand.WAITING
    assert File("x", None, failed).stand is Stand.FAILED
    assert File("x", msgspec.structs.replace(peers, state=TransferState.FAILED), failed).stand is Stand.FAILED


def test_a_rescue_that_goes_on_is_counted_as_running() -> None:
    download, peers = rescue()
    list_ = made([msgspec.structs.replace(peers, state=TransferState.STALLED)], [download])
    assert list_.stands[Stand.WAITING] == 1
    list_.take((peers,), (download,))
    assert list_.stands[Stand.RUNNING] == 1 and list_.stands[Stand.WAITING] == 0


def test_the_sum_of_a_folder_leads_with_what_comes_in() -> None:
    files = [File(str(n), None, legacy(n)) for n in range(6)]
    found = Sum.of(files)
    assert found.lead is files[0] and (found.files, found.finished, found.failed) == (6, 1, 1)
    assert found.user == "3 users" and not found.mesh and found.rate == 64.0 * 1024
    assert Sum.of(files[2:]).lead is files[2] and Sum.of(files[5:]).stand is Stand.DONE
    assert Sum.of([files[0], files[3]]).user == "vinyl_b"


@pytest.mark.parametrize("sort", SORTS)
def test_each_order_orders_and_reverses(sort: str) -> None:
    list_ = made([transfer(n, folder=s("")) for n in range(6)], [legacy(n, folder=s("")) for n in range(6)])
    queue = shown(list_)
    list_.arrange(sort, False)
    first = shown(list_)
    list_.arrange(sort, True)
    assert sorted(first) == sorted(queue) and shown(list_) == first[::-1]
    assert (first == queue) is (sort == "queue order")


def test_the_order_follows_what_changes() -> None:
    rows = [legacy(n, folder=s(""), phase=LegacyPhase.ACTIVE, rate=float(n)) for n in range(3)]
    list_ = made([], rows)
    list_.arrange("rate", False)
    assert shown(list_) == [key(2), key(1), key(0)]
    list_.take((), (msgspec.structs.replace(rows[0], rate=9.0), *rows[1:]))
    assert shown(list_) == [key(0), key(2), key(1)]


def test_a_filter_by_state_follows_the_state() -> None:
    rows = [legacy(n, folder=s("F")) for n in range(6)]
    list_ = made([], rows)
    list_.look_for("failed")
    assert shown(list_) == ["folder F", key(4)], "with a filter folders stand open"
    list_.take((), (*rows[:4], msgspec.structs.replace(rows[4], phase=LegacyPhase.QUEUED), rows[5]))
    assert shown(list_) == []
    list_.look_for("")
    assert shown(list_) == ["folder F"]


def test_marks_of_folders_and_files() -> None:
    list_ = made([], [*(legacy(n, folder=s("F")) for n in range(3)), legacy(5, folder=s(""))])
    folder = list_.row(0)
    list_.mark([folder])
    assert list_.is_marked("folder F") and list_.is_marked(key(1)) and not list_.is_marked(key(5))
    list_.invert()
    assert [f.key for f in list_.chosen] == [key(5)] and not list_.is_marked("folder F")
    list_.mark([list_.row(1)])
    assert not list_.marked
    list_.mark([folder])
    list_.take((), (legacy(5, folder=s("")),))
    assert not list_.marked, "marks go with their files"


def test_neighbours_are_of_the_same_queue() -> None:
    mesh = [transfer(n, folder=s(""), added=NOW + n) for n in range(2)]
    theirs = [
        legacy(0, folder=s("F"), added=NOW + 2),
        legacy(1, folder=s("F"), added=NOW + 3),
        legacy(2, folder=s(""), added=NOW + 4),
    ]
    list_ = made(mesh, theirs)
    first, second, folder, last = (list_.row(at) for at in range(4))
    assert list_.neighbours(first, -1) == ([], 0)
    assert list_.neighbours(first, 1) == ([first], 1)
    assert list_.neighbours(second, 1) == ([], 0), "Soulseek downloads stand in another queue"
    assert list_.neighbours(last, -1) == ([last], -2), "past a whole folder"
    assert isinstance(folder, Folder) and list_.neighbours(folder, 1) == (folder.files, 1)
    list_.flip(folder)
    assert list_.neighbours(folder.files[1], -1) == ([folder.files[1]], -1)
    assert list_.neighbours(folder.files[1], 1) == ([], 0), "inside its folder"
