"""The desk for transfers with legacy users, over the real list of downloads and a client a test speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.legacy_desk import HITS_MAX, Went, discs_of, folder_for
from slskmesh.engine.legacy_events import PublishedShown
from slskmesh.errors import UserError
from slskmesh.soulseek.download_entry import LegacyDownload, key_of
from slskmesh.soulseek.values import Listing, RemoteFile, TransferPhase
from slskmesh.swarm.state import Phase
from tests.engine.legacy_stand import Stand, hit

ALBUM = "@@abc\\Music\\Artist\\Album"


def file(name: str, folder: str = ALBUM, size: int = 5, locked: bool = False) -> RemoteFile:
    return RemoteFile(f"{folder}\\{name}", size, locked=locked)


def listed(stand: Stand) -> list[tuple[str, str, str]]:
    """User, folder here and name of every download."""
    return [(one.user, one.folder, one.name) for one in stand.legacy.downloads.views()]


def only(stand: Stand) -> LegacyDownload:
    [one] = stand.legacy.downloads.views()
    assert isinstance(one, LegacyDownload)
    return one


async def test_hits_of_both_networks_are_fetched_by_one_order(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        one, two, locked = stand.answer(3, "ben", file("1.flac"), file("2.flac"), file("3.flac", locked=True))
        [disc] = stand.answer(3, "cara", file("1.flac", ALBUM + "\\CD2"))
        tagged = stand.offer(3, hit(b"a", "4.flac", "x/y", "An/Artist", "Album"))
        plain = stand.offer(3, hit(b"b", "5.flac", "x/y"))
        said = await stand.do(leg.GetHits(3, (one, two, disc, tagged, plain, two)))
        assert said == "5 files added"
        assert listed(stand) == [
            ("ben", "Album", "1.flac"),
            ("ben", "Album", "2.flac"),
            ("cara", "Album/CD2", "1.flac"),
        ]
        assert stand.swarm.folders == {b"a" * 32: "An_Artist/Album", b"b" * 32: "y"}
        said = await stand.do(leg.GetHits(3, (one, locked, tagged, plain, 99, two)))
        assert said.startswith("4 there already, 2 not: 3.flac is locked: ben gives it")
        said = await stand.refused(leg.GetHits(3, (99, 98)))
        assert said == "this hit is of a search that is too old; search again (2 files)"


async def test_hits_go_where_they_are_wanted_and_may_wait(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        [one] = stand.answer(3, "ben", file("1.flac", ALBUM + "\\cd 1"))
        other = stand.offer(3, hit(b"a", "4.flac", "x"))
        value = await stand.value(leg.GetHits(3, (one,), folder="../Here/there", paused=True))
        state = only(stand)
        assert value == state.key.hex() and state.phase is TransferPhase.PAUSED
        assert state.folder == "Here/there/cd 1"
        assert await stand.value(leg.GetHits(3, (other,), paused=True)) == (b"a" * 32).hex()
        assert stand.swarm.phases[b"a" * 32] is Phase.PAUSED
        stand.swarm.full = True
        more = stand.offer(3, hit(b"c", "4.flac", "x"))
        assert "holds 10000 downloads" in await stand.refused(leg.GetHits(3, (more,)))


async def test_what_failed_is_begun_again_and_what_is_here_is_said(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        song = file("1.flac")
        [one] = stand.answer(3, "ben", song)
        key = key_of("ben", song.path, song.size)

        async def reach(phase: TransferPhase) -> None:
            await stand.until(lambda: stand.legacy.downloads.state(key).phase is phase)

        await stand.do(leg.GetHits(3, (one,)))
        await reach(TransferPhase.REQUESTED)
        stand.client.net.fail("ben", song.path, "Banned")
        await reach(TransferPhase.FAILED)
        assert await stand.do(leg.GetHits(3, (one,))) == "1 file added"
        await reach(TransferPhase.REQUESTED)
        stand.client.net.data["ben", song.path] = b"12345"
        stand.client.net.send("ben", song.path)
        await reach(TransferPhase.DONE)
        assert await stand.do(leg.GetHits(3, (one,))) == "1 there already"
        only(stand)


async def test_nothing_is_fetched_before_there_is_a_folder_and_not_too_much_at_once(tmp_path: Path) -> None:
    stand = Stand(tmp_path)
    stand.configured = False
    async with stand.runs(pulse=False):
        for command in (
            leg.GetHits(3, (1,)), leg.GetFolder(3, 1), leg.GetRemote("ben", "a", 1), leg.GetBrowsed("ben", (1,)),
        ):  # fmt: skip
            assert await stand.refused(command) == "choose a downloads folder first (pane Settings)"
        stand.engine.settings.configured = True
        assert "too many at once" in await stand.refused(leg.GetHits(3, tuple(range(HITS_MAX + 1))))
        assert await stand.refused(leg.GetHits(3, ())) == "nothing is marked to be fetched"


async def test_a_folder_is_fetched_with_all_its_discs_and_nothing_beside_them(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        [one] = stand.answer(3, "ben", file("1.flac", ALBUM + "\\CD1"))
        [other] = stand.answer(3, "ben", file("1.flac", "music\\Other"))
        peers = stand.offer(3, hit(b"a", "4.flac", "x"))
        above = {
            path: tuple(file(name, path) for name in names)
            for path, names in {
                ALBUM: ["cover.jpg"],
                ALBUM + "\\CD1": ["1.flac", "2.flac"],
                ALBUM + "\\CD2\\scans": ["1.jpg"],
                ALBUM + "\\Another album": ["9.flac"],
            }.items()
        }
        stand.client.listings["ben", ALBUM] = Listing("ben", tuple(above.items()), True)
        assert await stand.do(leg.GetFolder(3, one, paused=True)) == "4 files of Album in the list"
        assert {(folder, name) for _, folder, name in listed(stand)} == {
            ("Album", "cover.jpg"), ("Album/CD1", "1.flac"), ("Album/CD1", "2.flac"), ("Album/CD2/scans", "1.jpg"),
        }  # fmt: skip
        inside = (file("1.flac", "music\\Other"), file("2.flac", "music\\Other", locked=True))
        stand.client.listings["ben", "music\\Other"] = Listing("ben", (("music\\Other", inside),), True)
        assert await stand.do(leg.GetFolder(3, other)) == "1 file of Other in the list, 1 locked to us"
        assert "peers are asked for files" in await stand.refused(leg.GetFolder(3, peers))
        assert "too old" in await stand.refused(leg.GetFolder(4, one))
        stand.client.listings.clear()
        assert "the user is offline" in await stand.refused(leg.GetFolder(3, one))


async def test_discs_that_a_client_does_not_tell_of_are_asked_for_as_the_search_showed_them(
    tmp_path: Path,
) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        discs = [f"{ALBUM}\\CD{number}" for number in (1, 2, 3)]
        one, *_ = stand.answer(3, "ben", *(file("1.flac", disc) for disc in discs[:2]))
        stand.answer(3, "cara", file("1.flac", discs[2]))
        listings = stand.client.listings
        listings["ben", ALBUM] = Listing("ben", ((ALBUM, ()),), True)
        for disc in discs[:2]:
            listings["ben", disc] = Listing("ben", ((disc, (file("1.flac", disc),)),), True)
        assert await stand.do(leg.GetFolder(3, one)) == "2 files of Album in the list"
        assert {folder for _, folder, _ in listed(stand)} == {"Album/CD1", "Album/CD2"}


async def test_discs_beside_the_one_that_a_search_showed_are_found_by_their_names(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        [two, told] = stand.answer(3, "ben", file("1.flac", ALBUM + "\\CD2"), file("1.flac", "m\\Box\\CD1"))
        listings = stand.client.listings
        listings["ben", ALBUM] = Listing("ben", (), True)
        for number in (1, 2, 3, 5):
            disc = f"{ALBUM}\\CD{number}"
            listings["ben", disc] = Listing("ben", ((disc, (file("1.flac", disc),)),), True)
        listings["ben", f"{ALBUM}\\CD4"] = Listing("ben", (), True)
        assert await stand.do(leg.GetFolder(3, two)) == "3 files of Album in the list"
        assert {folder for _, folder, _ in listed(stand)} == {f"Album/CD{number}" for number in (1, 2, 3)}

        box = [(f"m\\Box\\CD{number}", (file("1.flac", f"m\\Box\\CD{number}"),)) for number in (1, 2)]
        listings["ben", "m\\Box"] = Listing("ben", (box[0],), True)  # who tells of discs told of all
        listings["ben", "m\\Box\\CD2"] = Listing("ben", (box[1],), True)
        assert await stand.do(leg.GetFolder(3, told)) == "1 file of Box in the list"


async def test_a_file_by_its_own_words_goes_to_its_albums_folder(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        key = await stand.value(leg.GetRemote("ben", ALBUM + "\\1.flac", 5))
        state = only(stand)
        assert (state.key.hex(), state.folder, state.phase) == (key, "Album", TransferPhase.QUEUED)
        assert "from 0 to" in await stand.refused(leg.GetRemote("ben", "a\\1.flac", -1))


async def test_an_order_for_many_goes_on_where_one_cannot_be_done(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        keys = [await stand.value(leg.GetRemote("ben", f"a\\{number}.flac", 5)) for number in range(120)]
        assert await stand.do(leg.PauseLegacy(tuple(keys))) == "120 downloads paused"
        phases = {one.phase for one in stand.legacy.downloads.views()}
        assert phases == {TransferPhase.PAUSED}
        said = await stand.do(leg.ResumeLegacy((*keys[:3], "ff" * 16, "no key")))
        assert said == "3 downloads resumed, 2 not: there is no such download"
        assert await stand.do(leg.MoveLegacy(keys[5], -5)) == "moved"
        assert stand.legacy.downloads.views()[0].key.hex() == keys[5]
        assert await stand.do(leg.RemoveLegacy(tuple(keys[1:]))) == "119 downloads removed"
        assert only(stand).key.hex() == keys[0]
        assert await stand.do(leg.ClearLegacy()) == "0 finished downloads off the list"
        assert "32 hexadecimal" in await stand.refused(leg.RemoveLegacy(("no key",)))
        assert (
            await stand.refused(leg.PauseLegacy(("ff" * 16, "fe" * 16)))
            == "there is no such download (2 downloads)"
        )


async def test_another_user_takes_over(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        key = await stand.value(leg.GetRemote("ben", ALBUM + "\\1.flac", 5, paused=True))
        [one] = stand.answer(3, "cara", file("1.flac", "other"))
        assert await stand.do(leg.SwitchSource(key, 3, one)) == "fetched from cara from now on"
        assert (only(stand).user, only(stand).path) == ("cara", "other\\1.flac")
        assert "from there already" in await stand.refused(leg.SwitchSource(key, 3, one))
        assert "no such download" in await stand.refused(leg.SwitchSource("ff" * 16, 3, one))


async def test_uploads_are_ended_by_number_and_by_the_name_that_is_shown(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        for key in (1, 2, 3):
            stand.upload(key, "be\x1bn" if key < 3 else "cara", f"share\\{key}.flac")
        assert await stand.do(leg.CancelUpload(3)) == "upload ended"
        assert await stand.do(leg.CancelUploads("be\ufffdn")) == "2 uploads to be\ufffdn ended"
        assert stand.client.aborted == [3, 1, 2]
        assert await stand.refused(leg.CancelUpload(3)) == "this upload is over already"


async def test_what_is_told_and_kept_can_be_seen_and_forgotten(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert await stand.do(leg.ShowPublished(), 12) == "nothing is out"
        [shown] = stand.said(PublishedShown)
        assert (shown.query, shown.lines) == (12, ("nothing is out",))
        assert "forgotten" in await stand.do(leg.ForgetCapture())
        assert stand.legacy.capture.forgotten == 1


@pytest.mark.parametrize(
    ("path", "wanted", "folder"),
    [
        ("m\\Album\\1.flac", "", "Album"),
        ("m\\Album\\CD2\\1.flac", "", "Album/CD2"),
        ("m\\Album\\CD2\\1.flac", "Mine", "Mine/CD2"),
        ("CD2\\1.flac", "", "CD2"),
        ("1.flac", "", ""),
        ("m/Album/Disc 1/1.flac", "", "Album/Disc 1"),
    ],
)
def test_a_release_stays_together(path: str, wanted: str, folder: str) -> None:
    assert folder_for(RemoteFile(path, 1), wanted) == folder


def test_of_a_folder_only_itself_and_its_discs_are_taken() -> None:
    paths = ["m\\A", "m\\A\\CD1", "m\\A\\CD1\\art", "m\\A\\Live", "m\\A b", "m", "m\\A\\CD1x"]
    listing = Listing("ben", tuple((path, ()) for path in paths), True)
    assert [path for path, _ in discs_of(listing, "m\\A").folders] == ["m\\A", "m\\A\\CD1", "m\\A\\CD1\\art"]


def test_an_order_where_nothing_was_done_is_refused_with_the_first_reason() -> None:
    went = Went()
    assert went.words("added", "file") == "0 files added"
    went.fail("one")
    with pytest.raises(UserError, match=r"^one$"):
        went.words("added", "file")
    went.fail("two")
    with pytest.raises(UserError, match=r"^one \(2 files\)$"):
        went.words("added", "file")
    went.there = 1
    assert went.words("added", "file") == "1 there already, 2 not: one"
