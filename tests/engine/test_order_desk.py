"""The desk for orders of programs, over the real list of downloads and a client a test speaks for."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine import order_commands as order
from slskmesh.engine import order_desk, order_rows, orders
from slskmesh.engine.legacy_events import FolderTold
from slskmesh.engine.order_commands import BatchView, OrdersView, OrderView, Wanted
from slskmesh.engine.orders import Orders
from slskmesh.engine.told_names import NAMES_MAX, ToldNames, path_shown
from slskmesh.soulseek.download_entry import LegacyDownload, key_of
from slskmesh.soulseek.values import Listing, RemoteFile, TransferPhase, UserChanged, UserState
from slskmesh.swarm.state import Phase
from slskmesh.text import SafeStr, sanitize
from tests.engine.legacy_stand import Stand

ALBUM = "m\\Artist\\Album"
CONTENT = b"c" * 32


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server that a test speaks for says nothing of who is there unless the test does."""
    monkeypatch.setattr(order_desk, "_STATE_SECONDS", 0.02)


def wanted(name: str, size: int = 5, **more: object) -> Wanted:
    return Wanted(f"{ALBUM}\\{name}", size, "Album", **more)  # type: ignore[arg-type]


async def ordered(stand: Stand, user: str, *files: Wanted, batch: BatchView | None = None) -> order.Ordered:
    before = len(stand.said(order.Ordered))
    await stand.do(order.OrderFiles(user, files, batch))
    return stand.said(order.Ordered)[before]


def state(stand: Stand, transfer: str) -> LegacyDownload:
    found = stand.legacy.downloads.state(bytes.fromhex(transfer))
    assert isinstance(found, LegacyDownload)
    return found


async def test_files_of_both_networks_are_ordered_and_kept(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        raw = RemoteFile(f"{ALBUM}\\CD1\\2\u200b.flac", 5)
        [hit, locked] = stand.answer(3, "ben", raw, RemoteFile(f"{ALBUM}\\3.flac", 5, locked=True))
        told = await ordered(
            stand,
            "ben",
            wanted("1.flac"),
            Wanted(f"{ALBUM}\\CD1\\2.flac", 5, "CD1", query=3, hit=hit),
            wanted("3.flac", query=3, hit=locked),
            wanted("4.flac", content=CONTENT.hex()),
        )
        assert told.transfers[:2] == (
            key_of("ben", f"{ALBUM}\\1.flac", 5).hex(),
            key_of("ben", raw.path, 5).hex(),  # by the network's own words
        )
        assert told.transfers[2:] == ("", CONTENT.hex())
        assert [bool(why) for why in told.why] == [False, False, True, False] and "locked" in told.why[2]
        folders = [state(stand, one).folder for one in told.transfers[:2]]
        assert folders == ["Album", "CD1"]  # nothing is put above the last folder
        assert stand.swarm.folders == {CONTENT: "Album"}
        kept = await stand.store.run(order_rows.load)
        assert {(one.transfer, one.file) for one in kept.orders} == {
            (told.transfers[0], f"{ALBUM}\\1.flac"),
            (told.transfers[1], f"{ALBUM}\\CD1\\2.flac"),
            (CONTENT.hex(), f"{ALBUM}\\4.flac"),
        }


async def test_what_is_on_its_way_stays_and_what_stopped_goes_on(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        one, peers = wanted("1.flac"), wanted("2.flac", content=CONTENT.hex())
        first = await ordered(stand, "ben", one, peers)
        asked, stand.now = stand.now, stand.now + 60
        assert await ordered(stand, "ben", one, peers) == first
        assert {of.at for of in (await stand.store.run(order_rows.load)).orders} == {asked}
        key = first.transfers[0]
        for transfer in first.transfers:
            assert await stand.do(order.CancelOrder(transfer, "ben", "x", 5)) == "cancelled"
        assert state(stand, key).phase is TransferPhase.PAUSED
        assert stand.swarm.phases[CONTENT] is Phase.PAUSED
        kept = await stand.store.run(order_rows.load)
        assert {(of.cancelled, of.file) for of in kept.orders} == {(True, one.file), (True, peers.file)}
        await ordered(stand, "ben", one, peers)
        assert state(stand, key).phase is not TransferPhase.PAUSED
        assert stand.swarm.phases[CONTENT] is Phase.QUEUED
        kept = await stand.store.run(order_rows.load)
        assert not any(of.cancelled for of in kept.orders)
        assert {of.at for of in kept.orders} == {stand.now}  # it is asked for anew
        await stand.until(lambda: state(stand, key).phase is TransferPhase.REQUESTED)
        stand.client.net.fail("ben", one.file, "File not shared.")
        await stand.until(lambda: state(stand, key).phase is TransferPhase.FAILED)
        assert await stand.do(order.CancelOrder(key, "ben", "x", 5)) == "it is over already"
        await ordered(stand, "ben", one)
        assert state(stand, key).phase is not TransferPhase.FAILED


async def test_a_download_of_the_person_is_cancelled_under_the_programs_words(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        key = await stand.value(leg.GetRemote("ben", f"{ALBUM}\\1.flac", 5))
        await stand.do(order.CancelOrder(key, "ben", f"{ALBUM}\\1.flac", 5))
        [one] = (await stand.store.run(order_rows.load)).orders
        assert (one.transfer, one.user, one.cancelled) == (key, "ben", True)


async def test_who_is_not_there_is_told_of_and_nothing_is_ordered(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await ordered(stand, "ben", wanted("1.flac"))
        await stand.until(lambda: "ben" in stand.client.watched)
        stand.client.tell(UserChanged("ben", UserState.OFFLINE, False))
        again = await ordered(stand, "ben", wanted("1.flac"))
        assert not again.offline and again.transfers[0]  # it waits for him already
        told = await ordered(stand, "ben", wanted("1.flac"), wanted("2.flac"))
        assert told.offline and told.transfers == ()
        assert len(stand.legacy.downloads.views()) == 1
        peers = await ordered(stand, "ben", wanted("3.flac", content=CONTENT.hex()))
        assert not peers.offline and peers.transfers == (CONTENT.hex(),)


async def test_without_a_session_all_is_queued(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        told = await ordered(stand, "ben", wanted("1.flac"))
        assert not told.offline
        assert state(stand, told.transfers[0]).phase is TransferPhase.QUEUED


async def test_orders_go_with_their_transfers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "_LOOK_EVERY", 0.01)
    async with Stand(tmp_path).runs(pulse=False) as stand:
        told = await ordered(
            stand, "ben", wanted("1.flac"), wanted("2.flac"), wanted("3.flac", content=CONTENT.hex())
        )
        await stand.do(order.RemoveOrders(told.transfers[:1]))
        kept = await stand.store.run(order_rows.load)
        assert {one.transfer for one in kept.orders} == {*told.transfers[1:]}
        async with trio.open_nursery() as nursery:
            nursery.start_soon(stand.engine.orders.run)
            await stand.do(leg.RemoveLegacy((told.transfers[1],)))
            await stand.swarm.remove(CONTENT)
            await stand.until(lambda: all(stand.engine.orders.find(one) is None for one in told.transfers))
            nursery.cancel_scope.cancel()
        assert (await stand.store.run(order_rows.load)).orders == ()
        assert "no such download" in await stand.refused(order.RemoveOrders(told.transfers[:1]))


async def test_a_rescue_is_given_up_before_its_transfer_is_stopped(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        told = await ordered(stand, "ben", wanted("1.flac"), wanted("2.flac"))
        rescue = stand.legacy.rescue
        stand.swarm.on_remove = lambda content: rescue.contents.clear()
        for transfer, command in (
            (told.transfers[0], order.CancelOrder(told.transfers[0], "ben", "x", 5)),
            (told.transfers[1], order.RemoveOrders((told.transfers[1],))),
        ):
            await stand.swarm.add(CONTENT, 5, "1.flac")
            rescue.contents[bytes.fromhex(transfer)] = CONTENT
            await stand.do(command)
            assert not rescue.contents and not stand.swarm.phases
        assert state(stand, told.transfers[0]).phase is TransferPhase.PAUSED
        assert stand.legacy.downloads.state(bytes.fromhex(told.transfers[1])) is None


async def test_what_peers_finished_leaves_the_list_as_a_whole(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        told = await ordered(stand, "ben", wanted("1.flac"), wanted("2.flac"))
        other = b"d" * 32
        for transfer, content, name in zip(told.transfers, (CONTENT, other), "12", strict=True):
            path = tmp_path / "downloads" / name
            path.write_bytes(b"12345")
            await stand.legacy.downloads.done_elsewhere(bytes.fromhex(transfer), path)
            await stand.swarm.add(content, 5, name)
            stand.swarm.phases[content], stand.swarm.paths[content] = Phase.DONE, str(path)
        await ordered(stand, "mesh:sm1abcde", wanted("9.flac", content=other.hex()))  # in its own right
        await stand.do(order.RemoveOrders(told.transfers))
        assert [*stand.swarm.phases] == [other] and not stand.legacy.downloads.views()
        assert (tmp_path / "downloads" / "1").exists()


async def test_what_makes_no_sense_is_refused(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert "from 1 to" in await stand.refused(order.OrderFiles("ben", ()))
        many = tuple(wanted(str(number)) for number in range(order_desk.FILES_MAX + 1))
        assert "from 1 to" in await stand.refused(order.OrderFiles("ben", many))
        assert "no text" in await stand.refused(order.OrderFiles("ben", (wanted("\ud800"),)))
        assert "bytes" in await stand.refused(order.OrderFiles("ben", (wanted("1", size=-1),)))
        assert "64 hex" in await stand.refused(order.CancelOrder("z" * 64, "ben", "x", 5))
        assert "32 hex" in await stand.refused(order.CancelOrder("z", "ben", "x", 5))
        told = await ordered(stand, "ben", wanted("1.flac", content="z"))
        assert told.transfers == ("",) and "content id" in told.why[0]


async def test_batches_are_kept_and_taken_once(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        batch = BatchView("b1", SafeStr("ben"), "s1", SafeStr("e1"), SafeStr("a/b"), 5.0)
        told = await ordered(stand, "ben", wanted("1.flac"), batch=batch)
        assert "already" in await stand.refused(order.OrderFiles("ben", (wanted("2.flac"),), batch))
        await stand.do(order.WatchOrders(), request=7)
        view = await stand.view(OrdersView)
        assert view.batches == (batch,)
        assert [(one.transfer, one.batch) for one in view.orders] == [(told.transfers[0], "b1")]
        kept = await stand.store.run(order_rows.load)
        assert kept == view


async def test_the_lists_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders, "ORDERS_MAX", 3)
    monkeypatch.setattr(orders, "BATCHES_MAX", 2)
    async with Stand(tmp_path).runs(pulse=False) as stand:
        kept = Orders(stand.engine, OrdersView(()))
        for number in range(5):
            one = OrderView(f"{number:032x}", SafeStr("ben"), SafeStr("x"), 5, "", float(number))
            batch = BatchView(str(number), SafeStr("ben"), "", SafeStr(""), SafeStr(""), float(number))
            await kept.put([one], batch)
        rows = await stand.store.run(order_rows.load)
        assert [one.at for one in rows.orders] == [2.0, 3.0, 4.0]
        assert [one.batch for one in rows.batches] == ["3", "4"]
        again = Orders(stand.engine, rows)
        assert again.find(f"{4:032x}") == rows.orders[2] and again.find(f"{1:032x}") is None


async def test_a_folder_is_told_and_its_files_are_asked_for_by_their_own_words(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        odd = RemoteFile(f"{ALBUM}\\1\u200b.flac", 5)
        below = RemoteFile(f"{ALBUM}\\CD2\\2.flac", 6)
        stand.client.listings["ben", ALBUM] = Listing(
            "ben", ((f"{ALBUM}\\CD2", (below,)), (ALBUM, (odd,))), True
        )
        assert await stand.do(leg.ShowFolder("ben", ALBUM), 8) == "2 files"
        [told] = stand.said(FolderTold)
        assert (told.query, told.user, told.total) == (8, "ben", 2)
        assert [(one.path, [file.name for file in one.files]) for one in told.folders] == [
            ("m/Artist/Album", ["1.flac"]),
            ("m/Artist/Album/CD2", ["2.flac"]),
        ]
        done = await ordered(stand, "ben", wanted("1.flac"))
        assert done.transfers == (key_of("ben", odd.path, 5).hex(),)
        assert "offline" in await stand.refused(leg.ShowFolder("ben", "m\\nothing"))
        assert "folders" in await stand.refused(leg.ShowFolder("ben", ""))


async def test_a_folder_is_asked_for_by_the_words_of_a_hit_in_it(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        raw = "m\\Al\u200bbum"
        [hit] = stand.answer(3, "ben", RemoteFile(f"{raw}\\1.flac", 5))
        stand.client.listings["ben", raw] = Listing("ben", ((raw, (RemoteFile(f"{raw}\\1.flac", 5),)),), True)
        assert await stand.do(leg.ShowFolder("ben", "m\\Album", 3, hit)) == "1 file"
        assert stand.said(FolderTold)[0].folders[0].path == "m/Album"


def test_only_names_that_are_shown_otherwise_are_kept() -> None:
    names = ToldNames()
    plain, odd = RemoteFile("m\\a/b.flac", 1), RemoteFile("m\\a\x1b.flac", 1)
    assert path_shown(plain) == "m\\a\\b.flac" and path_shown(RemoteFile("x", 1)) == "x"
    names.note("ben", [odd, RemoteFile("m\\1.flac", 1)])
    assert names.raw("ben", path_shown(odd)) == ("ben", odd.path)
    assert names.raw("ben", "m\\1.flac") == ("ben", "m\\1.flac")
    assert names.raw("cara", path_shown(odd)) == ("cara", path_shown(odd))
    for path in ("m\\a.flac", "a.flac", "m\\" + "x" * 300, "m\\\\a.flac", "m\\\u00e9.flac", "m/a.flac", ""):
        names.note("ben", [RemoteFile(path, 1)])
        assert names.raw("ben", path_shown(RemoteFile(path, 1))) == ("ben", path)
    names.note("b\x1b", [RemoteFile("m\\1.flac", 1)])
    assert names.raw(sanitize("b\x1b"), "m\\1.flac") == ("b\x1b", "m\\1.flac")
    names.note("ben", [RemoteFile(f"\x1b{number}", 1) for number in range(NAMES_MAX)])
    assert names.raw("ben", path_shown(odd)) == ("ben", path_shown(odd))
