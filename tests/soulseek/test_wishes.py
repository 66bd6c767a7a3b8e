"""Wishes: one an interval in turn, over restarts and without the server; what they find, choose, take."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek import people_rows, wishes
from slskmesh.soulseek.offers import BYTES_MOST, FILES_MOST, Offer, Source, best, offers_of
from slskmesh.soulseek.search_budget import SearchBudget
from slskmesh.soulseek.sieve import FilterSieve
from slskmesh.soulseek.values import Answered, RemoteFile, SearchAnswer, WishInterval
from slskmesh.soulseek.wish_runs import SETTLE, Asks, WishRuns
from slskmesh.soulseek.wishes import Auto, Phase, Wish, WishList
from slskmesh.store.database import open_store
from slskmesh.work import LocalBudget, Origin

from .social_double import SocialDouble

EPOCH = 1_700_000_000.0


def offer(user: str, count: int, kind: str = "flac", folder: str = "A\\B", **more: object) -> Offer:
    files = tuple(RemoteFile(f"{folder}\\{n:02} song.{kind}", 1000) for n in range(count))
    return Offer(Source.SOULSEEK, user, folder, files, **more)  # type: ignore[arg-type]


def answer(token: int, user: str, *paths: str, size: int = 1000, free: bool = True) -> SearchAnswer:
    return SearchAnswer(token, user, tuple(RemoteFile(path, size) for path in paths), free, 1000, 0)


class Mesh:
    """A mesh that has what it is told."""

    def __init__(self, *has: Offer) -> None:
        self.asked: list[tuple[float, str]] = []
        self.has = has
        self.broken = False

    async def search(self, text: str, budget: LocalBudget) -> Sequence[Offer]:
        assert budget.origin is Origin.AUTOMATION
        self.asked.append((trio.current_time(), text))
        if self.broken:
            raise PeerError("gone", "no peer answers", blame=False)
        return self.has


class Shop:
    """Wishes on a double in virtual time."""

    def __init__(
        self, restored: list[Wish] | None = None, mesh: Mesh | None = None, fails: bool = False
    ) -> None:
        self.client = SocialDouble()
        self.asks = Asks()
        self.took: list[tuple[int, Offer]] = []
        self.fails = fails
        self.list = WishList(
            lambda: EPOCH + trio.current_time(),
            parse=FilterSieve,
            on_change=lambda: self.runs.wake() if hasattr(self, "runs") else None,
            restored=restored or (),
        )
        self.runs = WishRuns(
            self.list,
            self.client,
            SearchBudget(trio.current_time),
            parse=FilterSieve,
            take=self.take,
            mesh=mesh,
            asks=lambda: self.asks,
            hides=lambda user: user == "spam",
        )
        self.client.on_event(self.runs.on_event)

    async def take(self, wish: Wish, chosen: Offer) -> None:
        self.took.append((wish.id, chosen))
        if self.fails:
            raise UserError("the folder cannot be taken")


def virtual(main: Callable[[], Awaitable[None]]) -> None:
    trio.run(main, clock=MockClock(autojump_threshold=0))


def test_one_wish_an_interval_in_turn_and_never_the_same_twice_in_a_row() -> None:
    async def main() -> None:
        shop = Shop()
        for text in ("one", "two", "three"):
            shop.list.add(text)
        shop.client.log_in()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shop.runs.run)
            await trio.sleep(10)
            assert shop.client.wished == ["one"]
            await trio.sleep(700)
            assert shop.client.wished == ["one"]
            await trio.sleep(20)
            assert shop.client.wished == ["one", "two"]
            shop.list.add("four")  # a new one comes before those that had a turn
            await trio.sleep(4 * 720)
            assert shop.client.wished == ["one", "two", "three", "four", "one", "two"]
            shop.client.tell(WishInterval(120))
            await trio.sleep(240)
            assert len(shop.client.wished) == 8
            shop.client.tell(WishInterval(0))  # nobody means that
            assert shop.list.interval == wishes.INTERVAL
            nursery.cancel_scope.cancel()

    virtual(main)


def test_turns_wait_for_the_server_and_outlive_a_restart() -> None:
    async def main() -> None:
        shop = Shop()
        shop.list.add("one")
        shop.list.add("two")
        with trio.move_on_after(5000):
            await shop.runs.run()
        assert shop.client.wished == [] and shop.list.wishes()[0].runs == 0
        shop.client.log_in()
        with trio.move_on_after(100):
            await shop.runs.run()
        assert shop.client.wished == ["one"]
        again = Shop(shop.list.wishes())
        again.client.log_in()
        with trio.move_on_after(600):
            await again.runs.run()
        assert again.client.wished == []
        with trio.move_on_after(100):
            await again.runs.run()
        assert again.client.wished == ["two"]

    virtual(main)


def test_a_session_that_goes_as_a_wish_is_sent_keeps_its_turn() -> None:
    async def main() -> None:
        shop = Shop()
        shop.list.add("one")
        shop.client.log_in()
        shop.client.breaks = 3
        with trio.move_on_after(150):
            await shop.runs.run()
        assert shop.client.wished == [] and shop.client.breaks == 0
        assert shop.list.wishes()[0].runs == 0  # its turn is kept
        with trio.move_on_after(60):
            await shop.runs.run()
        assert shop.client.wished == ["one"]

    virtual(main)


def test_without_the_server_wishes_go_on_over_the_mesh() -> None:
    async def main() -> None:
        mesh = Mesh(offer("peer", 3))
        shop = Shop(mesh=mesh)
        shop.asks = Asks(server=False)
        first, second = shop.list.add("one"), shop.list.add("two")
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shop.runs.run)
            await trio.sleep(30)
            assert [text for _, text in mesh.asked] == ["one", "two"]  # new wishes at once
            await trio.sleep(1500)
            assert [text for _, text in mesh.asked] == ["one", "two", "two", "one"]
            assert shop.client.wished == []
            found = shop.list.get(first.id)
            assert found is not None and (found.hits, found.fresh) == (1, 1)  # found twice, counted once
            shop.list.read(first.id)
            found = shop.list.get(first.id)
            assert found is not None and (found.hits, found.fresh) == (1, 0)
            mesh.broken = True
            await trio.sleep(1500)
            assert shop.list.get(second.id) is not None
            nursery.cancel_scope.cancel()

    virtual(main)


def test_the_best_folder_is_taken_when_answers_came_and_the_wish_is_done_when_it_has_come() -> None:
    async def main() -> None:
        shop = Shop()
        wish = shop.list.add("song", "flac", Auto.FOLDER)
        shop.client.log_in()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shop.runs.run)
            await trio.sleep(1)
            album = [f"Music\\Al\\CD{d}\\{n} song.flac" for d in (1, 2) for n in range(4)]
            shop.client.tell(Answered(answer(1, "ann", *album, "Music\\Al\\CD1\\1 song.mp3", free=False)))
            shop.client.tell(Answered(answer(1, "bob", *album)))
            shop.client.tell(Answered(answer(1, "spam", *album)))
            shop.client.tell(Answered(answer(1, "heap", *[f"All\\{n} song.flac" for n in range(40)])))
            shop.client.tell(Answered(answer(99, "not asked", *album)))
            await trio.sleep(SETTLE - 2)
            assert shop.took == []
            await trio.sleep(5)
            ((taken, chosen),) = shop.took
            assert taken == wish.id and (chosen.user, chosen.folder) == ("bob", "Music\\Al")
            assert len(chosen.files) == 8  # both discs, no mp3
            await trio.sleep(3000)
            assert len(shop.took) == 1 and shop.client.wished == ["song"]  # it rests meanwhile
            shop.list.ended(wish.id, True, "8 files came")
            await trio.sleep(3000)
            state = shop.list.get(wish.id)
            assert state is not None and state.phase is Phase.DONE and shop.client.wished == ["song"]
            nursery.cancel_scope.cancel()

    virtual(main)


def test_what_failed_is_not_taken_again() -> None:
    async def main() -> None:
        shop = Shop(fails=True)
        wish = shop.list.add("song", "", Auto.FOLDER)
        shop.client.log_in()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shop.runs.run)
            for token in (1, 2, 3):
                await trio.sleep(5)
                shop.client.tell(Answered(answer(token, "ann", "A\\song.flac")))
                await trio.sleep(715)
            assert len(shop.took) == 1
            state = shop.list.get(wish.id)
            assert state is not None and state.phase is Phase.LOOKING and len(state.tried) == 1
            await trio.sleep(5)
            shop.client.tell(Answered(answer(shop.client.token, "bob", "A\\song.flac")))
            await trio.sleep(SETTLE + 1)
            assert [chosen.user for _, chosen in shop.took] == ["ann", "bob"]
            nursery.cancel_scope.cancel()

    virtual(main)


def test_the_persons_searches_come_first_and_old_answers_are_let_go() -> None:
    async def main() -> None:
        shop = Shop()
        for count in range(12):
            shop.list.add(f"wish {count}")
        shop.client.tell(WishInterval(60))
        shop.client.log_in()
        for count in range(5):
            shop.runs._searches.take(f"by hand {count}", LocalBudget())
        async with trio.open_nursery() as nursery:
            nursery.start_soon(shop.runs.run)
            await trio.sleep(30)
            assert shop.client.wished == []  # what is left of this minute is the person's
            await trio.sleep(40)
            assert shop.client.wished == ["wish 0"]
            await trio.sleep(1500)
            assert len(shop.client.wished) >= 12 and len(shop.client.forgotten) >= 4
            nursery.cancel_scope.cancel()

    virtual(main)


def test_a_filter_that_no_longer_reads_pauses_its_wish_and_says_so() -> None:
    async def main() -> None:
        shop = Shop([Wish(1, "song", "bitrate>>"), Wish(2, "other")])
        shop.client.log_in()
        with trio.move_on_after(800):
            await shop.runs.run()
        first = shop.list.get(1)
        assert first is not None and first.phase is Phase.PAUSED and "filter" in first.note
        assert shop.client.wished == ["other"]

    virtual(main)


def plain_list(clock: Callable[[], float] = lambda: EPOCH) -> WishList:
    return WishList(clock, parse=FilterSieve)


def test_wishes_that_make_no_sense_are_refused() -> None:
    listed = plain_list()
    listed.add("A  song ", "flac")
    for text, filter in (
        ("", ""),
        (" \t", ""),
        ("x" * 257, ""),
        ("ä" * 129, ""),
        ("\ud800", ""),
        ("x", "bitrate>>"),
        ("a SONG", "flac"),
    ):
        with pytest.raises(UserError):
            listed.add(text, filter)
    assert [wish.text for wish in listed.wishes()] == ["A song"]
    listed.add("a song", "mp3")
    for count in range(wishes.WISHES_MAX - 2):
        listed.add(f"{count}")
    with pytest.raises(UserError, match="take one away"):
        listed.add("one more")
    with pytest.raises(UserError, match="no wish"):
        listed.pause(9999, True)


def test_a_paused_wish_rests_and_other_words_begin_anew() -> None:
    listed = plain_list()
    wish = listed.add("song")
    listed.pause(wish.id, True)
    assert listed.next() is None
    listed.pause(wish.id, False)
    listed.found(wish.id, [offer("ann", 3)])
    listed.change(wish.id, "other song", "", Auto.FOLDER)
    state = listed.get(wish.id)
    assert state is not None and (state.hits, state.text, listed.offers(wish.id)) == (0, "other song", [])
    listed.found(wish.id, [offer("ann", 3)])
    chosen = listed.choose(wish.id)
    assert chosen is not None
    listed.taking(wish.id, chosen)
    assert listed.choose(wish.id) is None and listed.next() is None
    with pytest.raises(UserError, match="being fetched"):
        listed.pause(wish.id, True)
    assert listed.remove(wish.id) and not listed.remove(wish.id)
    listed.ended(wish.id, True)


@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove", "pause", "go on", "run", "restart"]), st.integers(0, 9)),
        max_size=80,
    )
)
def test_no_wish_runs_twice_in_a_row_while_there_are_others(steps: list[tuple[str, int]]) -> None:
    now, ran = [EPOCH], list[tuple[int, str]]()  # a number may be given again after a restart
    listed = plain_list(lambda: now[0])
    for number, (what, which) in enumerate(steps):
        ids = [wish.id for wish in listed.wishes()]
        chosen = ids[which % len(ids)] if ids else None
        if what == "add":
            listed.add(f"wish {number}")
        elif what == "remove" and chosen is not None:
            listed.remove(chosen)
        elif what in ("pause", "go on") and chosen is not None:
            listed.pause(chosen, what == "pause")
        elif what == "restart":
            listed = WishList(lambda: now[0], parse=FilterSieve, restored=listed.wishes())
        elif what == "run" and (wish := listed.next()) is not None:
            now[0] += listed.wait()
            looking = [one for one in listed.wishes() if one.phase is Phase.LOOKING]
            assert len(looking) == 1 or not ran or (wish.id, wish.text) != ran[-1]
            waiting = [one for one in looking if one.id != wish.id]
            assert all(one.turn >= wish.turn for one in waiting)  # nobody waits longer
            listed.ran(wish.id)
            ran.append((wish.id, wish.text))
            assert listed.wait() == wishes.INTERVAL
            now[0] += which


def test_a_clock_that_is_put_back_costs_one_interval() -> None:
    now = EPOCH
    listed = plain_list(lambda: now)
    listed.ran(listed.add("song").id)
    assert listed.wait() == wishes.INTERVAL
    now -= 1e6
    assert listed.wait() == wishes.INTERVAL
    now += wishes.INTERVAL
    assert listed.wait() == 0


async def test_wishes_are_on_disk_and_come_back(tmp_path: Path) -> None:
    listed = plain_list()
    kept, gone = listed.add("song", "flac", Auto.FOLDER), listed.add("gone")
    listed.found(kept.id, [offer("ann", 3), offer("bob", 3)])
    listed.ran(kept.id, "a note")
    chosen = listed.choose(kept.id)
    assert chosen is not None
    listed.taking(kept.id, chosen)
    listed.ended(kept.id, False, "the user went away")
    first = listed.take_changes()
    assert first is not None
    listed.put_back(first)
    listed.remove(gone.id)
    changes = listed.take_changes()
    assert changes is not None and changes.gone == (gone.id,)
    async with open_store(tmp_path / "a.db") as store:
        await store.run(people_rows.save_wishes, changes)
        restored = await store.run(people_rows.load_wishes)
    assert restored == listed.wishes()
    again = WishList(lambda: EPOCH, parse=FilterSieve, restored=restored)
    assert again.found(kept.id, [offer("ann", 3)]) == 0  # known before
    again.found(kept.id, [offer("bob", 3)])
    other = again.choose(kept.id)
    assert other is not None and other.user != chosen.user


# -- which is best ----------------------------------------------------------------------------------------------------


def test_best_is_what_most_have_then_lossless_then_soonest() -> None:
    usual = [offer(f"u{n}", 10, "mp3") for n in range(3)]
    assert best([*usual, offer("more", 60), offer("less", 4)]) in usual
    flac = offer("flac", 10)
    assert best([*usual, flac]) is flac
    free = offer("free", 10, free_slot=True)
    assert best([flac, free, offer("queue", 10, queue=5, speed=9)]) is free
    assert best([flac, free], lambda one: one is free) is flac
    assert best([]) is None and best([offer("x", 3, "txt")]) is None
    assert best([offer("disk", FILES_MOST + 1)]) is None
    locked = Offer(Source.SOULSEEK, "x", "A", (RemoteFile("A\\a.flac", 1, locked=True),))
    huge = Offer(Source.SOULSEEK, "x", "A", (RemoteFile("A\\a.flac", BYTES_MOST + 1),))
    assert best([locked]) is None and best([huge]) is None


@given(
    st.lists(
        st.tuples(st.integers(0, 8), st.sampled_from(["flac", "mp3", "txt"]), st.booleans()), max_size=12
    )
)
def test_best_takes_only_what_may_be_taken_and_does_not_depend_on_the_order(
    drawn: list[tuple[int, str, bool]],
) -> None:
    offers = [offer(f"u{n}", count, kind, free_slot=free) for n, (count, kind, free) in enumerate(drawn)]
    chosen = best(offers)
    assert chosen == best(offers[::-1])
    assert (chosen is None) == (not any(one.audio for one in offers))
    assert chosen is None or chosen.audio


def test_hostile_answers_become_bounded_offers() -> None:
    listed = plain_list()
    wish = listed.add("song")
    for number in range(wishes.OFFERS_MAX + 50):
        made = offers_of(answer(1, f"u{number}", "..\\..\\x\x1b.flac", "\\", ""), lambda one, file: True)
        listed.found(wish.id, made)
    assert len(listed.offers(wish.id)) == wishes.OFFERS_MAX
    for part in range(5):
        files = [f"A\\{part} {n}.flac" for n in range(500)]
        listed.found(wish.id, offers_of(answer(1, "big", *files), lambda one, file: True))
    assert len(listed.offers(wish.id)[-1].files) <= 1000
    for number in range(wishes.SEEN_MAX + 10):
        listed.found(wish.id, [offer(f"v{number}", 1)])
    state = listed.get(wish.id)
    assert state is not None and len(state.seen) == wishes.SEEN_MAX
