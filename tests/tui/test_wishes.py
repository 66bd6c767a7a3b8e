"""Wishes: the list, what one found, adding, changing, taking."""

from __future__ import annotations

from slskmesh.engine import legacy_commands as c
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_events import OffersShown
from slskmesh.engine.legacy_views import WishesView
from tests.tui.fake import NOW, ended, everything, s
from tests.tui.fake_scenes import offer, offers_shown, talking, wish, wishes
from tests.tui.stage import NARROW, WIDE, Stage, play, stage
from tui.everywhere import run_command
from tui.widgets.table import Table


def box(st: Stage) -> Table[object]:
    assert isinstance(st.app.overlay, Table)
    return st.app.overlay


def test_the_list_tells_how_each_stands_and_counts_down() -> None:
    async def scene() -> None:
        now = [NOW]
        async with stage(*talking(), clock=lambda: now[0]) as st:
            await st.press("W")
            text = st.text()
            assert "2 wishes looking, one at a time; the next may be asked in 4:10" in text
            assert "marit holm harbour lights" in text and "never" in text and "taking" in text
            now[0] += 60
            st.app.second()
            await st.settle()
            assert "asked in 3:10" in st.text()
            await st.press("j", "j")
            assert "takes 9 files from kessel" in st.text()
            await st.push(wishes(3, next_in=0.0))
            assert "the next is asked now" in st.text() and box(st).cursor == 2
            await st.push(WishesView((wish(2), wish(3))))
            assert box(st).cursor == 0 and "takes 9 files" in st.text(), "the cursor stays on its wish"
            await st.push(WishesView())
            assert "no wish yet: a adds one" in st.text()
            await st.press("escape")
            assert st.app.overlay is None

    play(scene())


def test_a_wish_is_added_with_its_filter() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await st.press("W", "a", "enter")
            assert "words to look for" in st.text() and not st.client.commands
            await st.type("low tide")
            await st.press("enter")
            st.client.answer = lambda n, command: Reply(n, False, s("“loosless” is no filter"))
            await st.type("loosless")
            await st.press("enter")
            assert st.last() == c.AddWish("low tide", "loosless")
            assert "is no filter" in st.text() and st.app.prompt.question is not None
            st.client.answer = lambda n, command: Reply(n, True, value="5")
            await st.press("ctrl+u")
            await st.type("lossless")
            await st.press("enter")
            assert st.last() == c.AddWish("low tide", "lossless") and st.app.prompt.question is None
            await st.press("escape")
            assert run_command(st.app, "wish marit holm") is None
            await st.press("enter")
            assert st.last() == c.AddWish("marit holm", "")
            assert run_command(st.app, "wishes") is None
            await st.settle()
            assert "4 of" not in st.text() and isinstance(st.app.overlay, Table)

    play(scene())


def test_a_wish_is_changed_paused_and_removed() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await st.press("W", "j", "o")
            assert st.last() == c.ChangeWish(2, "oskar vind", "lossless", True)
            await st.press("p")
            assert st.last() == c.PauseWish(2, True)
            await st.press("G", "p")
            assert st.last() == c.PauseWish(4, False)
            await st.press("k", "k", "e")
            await st.type(" live")
            await st.press("enter", "ctrl+u", "enter")
            assert st.last() == c.ChangeWish(2, "oskar vind live", "", False)
            await st.press("d", "n")
            assert not st.client.sent(c.RemoveWish)
            await st.press("d", "y")
            assert st.last() == c.RemoveWish(2)
            await st.push(WishesView((wish(0),)))
            await st.press("d", "y")
            assert st.last() == c.RemoveWish(1)

    play(scene())


def test_what_a_wish_found_is_shown_and_taken() -> None:
    async def scene() -> None:
        async with stage(*talking(), size=NARROW) as st:
            await st.press("W", "j", "enter")
            assert st.last() == c.ShowOffers(2) and "asking ..." in st.text()
            await st.push(offers_shown(len(st.client.commands)))
            assert "5 folders for oskar vind" in st.text() and "Harbour Lights (1998)" in st.text()
            await st.press("a")
            assert st.last() == c.TakeOffer(2, f"{0:016x}") and "9 files asked of kessel" in st.text()
            st.client.answer = lambda n, command: Reply(n, False, s("this folder is gone"))
            await st.press("j", "enter")
            assert st.last() == c.TakeOffer(2, f"{1:016x}") and "this folder is gone" in st.text()
            await st.press("j", "m")
            assert "a peer of the mesh" in st.app.state.notices[-1].text and st.app.overlay is not None
            await st.press("escape")
            assert "wishes" in st.text() and box(st).cursor == 1, "back on its wish"
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("enter")
            await st.push(OffersShown(len(st.client.commands), 2, ()))
            assert "nothing found since the program started" in st.text()
            await st.press("a", "enter", "q", "enter")
            await st.push(OffersShown(len(st.client.commands), 2, (offer(0),)))
            await st.press("m")
            assert st.app.pane_name == "scenes"

    play(scene())


def test_from_what_a_wish_found_to_the_shares_of_its_user() -> None:
    async def scene() -> None:
        async with stage(*talking(), size=WIDE) as st:
            await st.press("W", "enter")
            await st.push(offers_shown(len(st.client.commands)))
            await st.press("j", "o")
            assert st.client.sent(c.BrowseUser) == [c.BrowseUser("lowpass")] and st.app.overlay is None

    play(scene())


def test_offers_that_cannot_be_had_go_back_to_the_list() -> None:
    async def scene() -> None:
        async with stage(*talking(), size=WIDE) as st:
            st.client.answer = lambda n, command: Reply(n, False, s("there is no wish 1; it was taken away"))
            await st.press("W", "enter")
            assert isinstance(st.app.overlay, Table) and "it was taken away" in st.text()
            st.client.answer = lambda n, command: Reply(n, True)
            await st.press("enter", "escape")
            await st.push(offers_shown(len(st.client.commands)))
            assert st.app.overlay is None, "the person left it"

    play(scene())


def test_many_wishes_scroll_and_a_click_chooses() -> None:
    async def scene() -> None:
        async with stage(*everything(), wishes(120), size=NARROW) as st:
            await st.press("W", "G")
            assert box(st).cursor == 119
            await st.press("g")
            assert box(st).cursor == 0
            await st.pilot.click(".overlay", offset=(8, 5))
            assert box(st).cursor == 2
            assert {x.cell_length for x in st.app.screen._compositor.render_strips()} == {80}

    play(scene())


def test_after_the_end_no_wish_is_added() -> None:
    async def scene() -> None:
        async with stage(*talking()) as st:
            await st.push(ended())
            assert "the engine has stopped" in (run_command(st.app, "wish x") or "")

    play(scene())
