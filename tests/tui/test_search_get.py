"""Getting what was found, choosing its source, and what can be done with the user behind a result: in the real app."""

from __future__ import annotations

from slskmesh.engine import legacy_commands as lc
from slskmesh.engine.legacy_views import PeopleView, RuleView
from tests.tui.fake import hit, s
from tests.tui.fake_search import FakeShares, legacy, mixed, online
from tests.tui.stage import play, stage
from tests.tui.test_search import hybrid, said, shown
from tui.widgets.overlay import Menu


def test_a_file_is_fetched_from_its_best_source_and_marks_together() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            query = st.app.search.asked
            keys = {row.key: row.hit.key for row in st.app.search.results.rows.values()}
            first = st.app.search.list.current
            assert first is not None
            await st.press("a")
            assert st.last() == lc.GetHits(query, (keys[first.key],))
            await st.press("P")
            assert st.last() == lc.GetHits(query, (keys[first.key],), paused=True)
            await st.press("v", "j", "j", "space")
            marked = sorted(st.app.search.results.marked)
            assert len(marked) == 3
            await st.press("enter")
            assert st.last() == lc.GetHits(query, tuple(keys[key] for key in marked))
            assert not st.app.search.results.marked and said(st, "3 downloads asked; 4 shows them")

    play(scene())


def test_what_is_here_and_what_is_locked_is_left_out() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            found = (legacy(0, 0, have=True), legacy(1, 0, locked=True), legacy(2, 0))
            await st.search(found=found)
            await st.press("asterisk", "a")
            assert st.last() == lc.GetHits(st.app.search.asked, (found[2].key,))
            assert said(st, "1 download asked, 1 you have already, 1 locked: given only to some users")
            before = len(st.client.commands)
            await st.press("G")
            row = st.app.search.list.current
            while row is not None and not row.hit.locked:
                await st.press("k")
                row = st.app.search.list.current
            await st.press("a", "D")
            assert len(st.client.commands) == before and said(st, "gives this only to some users")

    play(scene())


def test_the_whole_folder_is_asked_of_the_user() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            row = st.app.search.list.current
            assert row is not None and row.hit.via == "soulseek"
            await st.press("D")
            assert st.last() == lc.GetFolder(st.app.search.asked, row.hit.key)
            await st.press("z", "a")
            assert isinstance(st.last(), lc.GetFolder)
            group = st.app.search.hits.group
            assert group is not None and st.last() == lc.GetFolder(st.app.search.asked, group.best.hit.key)
            await st.press("P")
            assert st.last() == lc.GetFolder(st.app.search.asked, group.best.hit.key, True)

    play(scene())


def test_a_release_at_peers_is_fetched_from_all_of_them() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            found = tuple(hit(n, peer=f"p{n % 2}", have=n == 7) for n in range(8))
            await st.search(found=found)
            await st.press("z", "a")
            command = st.last()
            assert isinstance(command, lc.GetHits) and set(command.hits) == set(range(7))
            assert command.folder == "Marit Holm/Harbour Lights"

    play(scene())


def test_another_source_is_chosen_by_slots_speed_and_queue() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            await st.press("C")
            menu = st.app.overlay
            assert isinstance(menu, Menu) and [entry.title for entry in menu.entries] == [
                "slsk:vinyl_b  free  1.9M/s  queue 0",
                "k:7f3a..9c  lena",
                "slsk:tape hiss  full  1.5M/s  queue 12",
                "slsk:dusty_groove  full  781k/s  queue 340",
            ]
            await st.press("j", "j", "enter")
            assert st.last() == lc.GetHits(st.app.search.asked, (legacy(0, 1).key,))
            await st.press("z", "C")
            menu = st.app.overlay
            assert (
                isinstance(menu, Menu)
                and menu.entries[0].key == "2/8"
                and "peers together" in menu.entries[0].title
            )
            await st.press("j", "j", "j", "enter")
            command = st.last()
            assert isinstance(command, lc.GetFolder)
            taken = next(h for h in mixed() if h.key == command.hit)
            assert taken.user == "dusty_groove"

    play(scene())


def test_locked_sources_say_so_in_the_menu() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=(legacy(8, 4, locked=True), legacy(8, 1)))
            await st.press("C", "j", "enter")
            menu = st.app.overlay
            assert isinstance(menu, Menu) and "locked" in menu.said
            assert not st.client.sent(lc.GetHits)

    play(scene())


# -- users and wishes ----------------------------------------------------------------------------------------


def test_a_user_is_asked_who_he_is_and_written_to() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            FakeShares(st.client)
            await st.press("u")
            await st.settle()
            assert st.last() == lc.AskUser("vinyl_b")
            assert "vinyl rips only" in st.text() and "46.9k" in st.text()
            await st.press("escape", "F", "enter")
            assert st.last() == lc.AddBuddy("vinyl_b")
            await st.press("m")
            await st.settle()
            assert st.app.pane_name == "scenes"
            await st.type("hello")
            await st.press("enter")
            assert lc.Whisper("vinyl_b", "hello") in st.client.commands

    play(scene())


def people(*rules: RuleView) -> PeopleView:
    return PeopleView((), rules)


def test_who_is_ignored_goes_from_the_list_at_once_and_may_come_back() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            await st.press("I")
            assert st.last() == lc.AddRule("vinyl_b", ("results", "chat"))
            assert st.app.search.results.row(0).hit.user == "vinyl_b", "not before the engine says so"
            rule = RuleView(s("vinyl_b"), False, ("results", "chat"))
            await st.push(people(rule))
            assert len(shown(st)) == 16
            assert all(st.app.search.results.row(at).hit.user != "vinyl_b" for at in range(16))
            await st.push(people(RuleView(s("kosm*"), False, ("results",)), rule))
            assert "f10" not in shown(st) and "f0" in shown(st)
            await st.push(
                people(
                    RuleView(s("vinyl_b"), False, ("chat",)), RuleView(s("10.0.0.0/8"), True, ("results",))
                )
            )
            assert st.app.search.results.row(0).hit.user == "vinyl_b"

    play(scene())


def test_of_a_peer_s_row_the_keys_for_users_say_why_they_are_off() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=(hit(0), hit(1)))
            before = len(st.client.commands)
            for key in "BumFIX":
                await st.press(key)
            assert len(st.client.commands) == before and st.app.overlay is None
            assert said(st, "no Soulseek user is the source of this row")
            await st.push(online(phase="waiting"))
            await st.search("x", found=(legacy(0),))
            await st.press("u")
            assert said(st, "the Soulseek server is not reached")

    play(scene())


def test_a_wish_takes_words_and_filter() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.press("w")
            assert said(st, "nothing was searched yet")
            await st.search("low tide", found=mixed())
            await st.press("slash")
            await st.type("lossless")
            await st.press("enter", "w")
            assert st.last() == lc.AddWish("low tide", "lossless")
            assert said(st, "searched again and again: low tide")

    play(scene())
