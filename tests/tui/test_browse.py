"""A Soulseek user's shares in the real app: folders as they come, any number of them, files, filters, getting."""

from __future__ import annotations

import pytest

from slskmesh.engine import legacy_commands as lc
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_events import FilesShown, FoldersShown
from slskmesh.engine.legacy_views import FolderView
from tests.tui.fake import s
from tests.tui.fake_search import FakeShares, mixed
from tests.tui.stage import NARROW, WIDE, Stage, appearance, golden, play, stage
from tests.tui.test_hostile import HOSTILE, check, soiled
from tests.tui.test_search import hybrid, said, until
from tui.everywhere import run_command
from tui.viewmodel.browse import PAGE, PAGES_MAX, Blank
from tui.viewmodel.glyphs import ASCII, UTF8, Glyphs
from tui.widgets.overlay import Menu

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
CHARSETS = pytest.mark.parametrize("glyphs", [UTF8, ASCII], ids=["utf8", "ascii"])


async def browsing(st: Stage, folders: int = 1000, each: int = 10) -> FakeShares:
    """The shares of vinyl_b, all here."""
    shares = FakeShares(st.client, folders=folders, each=each)
    assert run_command(st.app, "browse vinyl_b") is None
    await st.settle()
    await st.push(shares.progress())
    return shares


def pages(shares: FakeShares) -> list[int]:
    return [command.offset // PAGE for command in shares.asked if isinstance(command, lc.BrowseFolders)]


def here(st: Stage) -> FolderView:
    item = st.app.search.browse.folder_list.current
    assert isinstance(item, FolderView)
    return item


def test_browsing_from_a_result_opens_at_its_folder() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            shares = FakeShares(st.client)
            await st.press("B")
            assert shares.asked[:2] == [
                lc.BrowseFolders("vinyl_b", "Marit Holm - Harbour Lights", 0, PAGE),
                lc.BrowseUser("vinyl_b"),
            ]
            assert st.app.search.place == "folders" and "/Marit Holm - Harbour Lights" in st.text()
            await st.press("escape")
            await until(st, lambda: len(st.app.search.browse.folders) == 1000)
            assert st.app.search.filter_text == "" and st.app.search.browse.on
            await st.press("escape")
            assert st.app.search.place == "search" and "16" not in st.app.search.browse.folder_list.note
            assert len(st.app.search.results) == 16, "the results are there as before"
            before = len(shares.asked)
            assert run_command(st.app, "browse") is None
            await st.settle()
            assert "folders of vinyl_b" in st.text()
            assert not any(isinstance(one, lc.BrowseUser) for one in shares.asked[before:])

    play(scene())


def test_the_list_grows_while_it_comes_and_the_cursor_stays() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            shares = FakeShares(st.client, folders=40)
            assert run_command(st.app, "browse vinyl_b") is None
            await st.settle()
            await st.push(shares.progress(False))
            assert "still coming" in st.text() and len(st.app.search.browse.folders) == 40
            await st.press("j", "j", "j")
            row = here(st)
            shares.total = 500
            await st.push(shares.progress(False))
            await until(st, lambda: len(st.app.search.browse.folders) == 500)
            assert here(st) == row
            shares.total = 700
            await st.push(shares.progress(True))
            assert len(st.app.search.browse.folders) == 700 and "still coming" not in st.text()
            await st.push(FakeShares(st.client, "somebody").progress(True))
            assert len(st.app.search.browse.folders) == 700, "another user's list is not this one"

    play(scene())


def test_a_million_files_cost_what_a_screen_costs() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            shares = await browsing(st, folders=100_000)
            browse = st.app.search.browse
            assert "100,000 folders 1,000,000 files" in st.text() and len(browse.folders) == 100_000
            await st.press("G")
            await until(st, lambda: isinstance(browse.folder_list.current, FolderView))
            assert here(st).row == 99_999
            assert set(pages(shares)) == {0, 499}, "only the pages that were looked at"
            for count in ("1", "9", "5"):
                await st.press("g", count, "0", "0", "0", "0", "G")
                await until(st, lambda: isinstance(browse.folder_list.current, FolderView))
            assert len(set(pages(shares))) <= 2 + 2 * 3
            await st.press("g", "g", *["ctrl+d"] * 30)
            await until(st, lambda: isinstance(browse.folder_list.current, FolderView))
            for _ in range(40):
                await st.press("8", "0", "0", "j")
            assert browse.folders.pages <= PAGES_MAX
            await until(st, lambda: not browse.folders.waiting)
            before = len(pages(shares))
            await st.press("k", "j", "k", "j")
            assert len(pages(shares)) == before, "moving over what is here asks for nothing"

    play(scene())


def test_what_is_not_here_yet_is_a_line_that_says_so() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            shares = await browsing(st, folders=5_000)
            late: list[tuple[int, lc.BrowseFolders]] = []

            def answer(number: int, command: object) -> Reply | None:
                if isinstance(command, lc.BrowseFolders):
                    late.append((number, command))
                    return None
                return Reply(number, True)

            st.client.answer = answer  # type: ignore[assignment]
            await st.press("G")
            assert isinstance(st.app.search.browse.folder_list.current, Blank) and "..." in st.text()
            before = len(st.client.commands)
            await st.press("enter", "space", "a", "v", "k", "k", "space")
            assert len(st.client.commands) == before and said(st, "not loaded")
            number, command = late[-1]
            page = tuple(shares.folder(row) for row in range(command.offset, command.offset + PAGE))
            await st.push(FoldersShown(number, s("vinyl_b"), page, command.offset, 5_000))
            await st.press("G")
            assert here(st).row == 4_999

    play(scene())


def test_words_narrow_the_folders_at_the_engine() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            shares = await browsing(st, folders=3_000)
            await st.press("slash")
            await st.type("paper moons")
            await st.press("enter")
            await until(st, lambda: 0 < len(st.app.search.browse.folders) < 100)
            asked = [one.text for one in shares.asked if isinstance(one, lc.BrowseFolders)]
            assert asked[-1] == "paper moons" and "paper m" not in asked, "not at every letter"
            assert "/paper moons" in st.text() and "shown" in st.text()
            await st.press("slash")
            await st.type(" nothing like it")
            await until(st, lambda: "no folder and no file has these words" in st.text())
            await st.press("escape")
            await until(st, lambda: 0 < len(st.app.search.browse.folders) < 100)
            await st.press("escape")
            await until(st, lambda: len(st.app.search.browse.folders) == 3_000)

    play(scene())


def test_a_folder_opens_and_its_files_are_filtered_and_fetched() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await browsing(st)
            await st.press("j", "j", "enter")
            assert st.last() == lc.BrowseFiles("vinyl_b", 2)
            assert st.app.search.place == "browsed" and "01 - Night Ferry.mp3" in st.text()
            assert "locked" in st.text()
            await st.press("slash")
            await st.type("flac 02")
            await st.press("enter")
            assert "1 file" in st.text() and "Night Ferry" not in st.text()
            await st.press("a")
            assert st.last() == lc.GetBrowsed("vinyl_b", (2_001,), ())
            await st.press("escape", "v", "j", "space")
            assert "2 marks" in st.text()
            await st.press("P")
            assert st.last() == lc.GetBrowsed("vinyl_b", (2_001, 2_002), (), True)
            assert "2 marks" not in st.text()
            await st.press("D")
            assert st.last() == lc.GetBrowsed("vinyl_b", (), (2,))
            await st.press("escape")
            assert st.app.search.place == "folders" and here(st).row == 2
            await st.press("a")
            assert st.last() == lc.GetBrowsed("vinyl_b", (), (2,))

    play(scene())


def test_marks_of_folders_and_files_go_together() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await browsing(st)
            await st.press("space", "space", "j", "enter", "j", "space", "escape")
            assert "3 marked" in st.text()
            await st.press("y", "p")
            assert st.app.clipboard == here(st).path
            await st.press("a")
            assert st.last() == lc.GetBrowsed("vinyl_b", (3_001,), (0, 1))
            await st.press("v", "j", "j", "j", "space")
            assert "4 marked" in st.text()
            await st.press("escape")
            assert "marked" not in st.text() and st.app.search.browse.on, "esc takes marks away first"

    play(scene())


def test_refused_stopped_and_asked_again() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            shares = FakeShares(st.client)
            shares.total = 0
            shares.refuse = "vinyl_b is not online"
            assert run_command(st.app, "browse vinyl_b") is None
            await st.settle()
            assert "vinyl_b is not online" in st.text() and "r asks again" in st.text()
            shares.refuse, shares.total = "", 300
            await st.press("r")
            assert isinstance(
                shares.asked[-2] if len(shares.asked) > 1 else None, lc.BrowseUser | lc.BrowseFolders
            )
            await st.push(shares.progress(False))
            await until(st, lambda: len(st.app.search.browse.folders) == 300)
            await st.press("r")
            assert said(st, "the list is still coming")
            await st.press("X")
            assert st.last() == lc.StopBrowse("vinyl_b")
            await st.push(shares.progress(True, "stopped by you"))
            assert "stopped by you" in st.text() and len(st.app.search.browse.folders) == 300
            await st.press("u")
            assert lc.AskUser("vinyl_b") in shares.asked and "vinyl rips only" in st.text()

    play(scene())


def test_pages_that_are_refused_are_not_asked_for_for_ever() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            asked = 0

            def answer(number: int, command: object) -> Reply | None:
                nonlocal asked
                asked += isinstance(command, lc.BrowseFolders)
                return Reply(number, not isinstance(command, lc.BrowseFolders), s("nothing is kept of him"))

            st.client.answer = answer  # type: ignore[assignment]
            assert run_command(st.app, 'browse "tape hiss" low tide') is None
            for _ in range(10):
                await st.settle()
            assert 1 <= asked <= 3
            assert lc.BrowseUser("tape hiss") in st.client.commands
            assert "asking tape hiss" in st.text()
            await st.push(FakeShares(st.client, "tape hiss", 0).progress(True))
            st.client.answer = answer  # type: ignore[assignment]
            await st.settle()
            assert asked <= 4 and "asking tape hiss" not in st.text()

    play(scene())


def test_without_a_name_browse_asks_for_one_and_the_row_menu_works() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            assert run_command(st.app, "browse") is None
            await st.settle()
            assert st.app.prompt.question is not None
            FakeShares(st.client)
            await st.type("tape hiss")
            await st.press("enter")
            await st.settle()
            assert lc.BrowseUser("tape hiss") in st.client.commands
            await st.press("x")
            menu = st.app.overlay
            assert isinstance(menu, Menu) and {"enter", "a", "P", "space", "v"} <= {
                e.key for e in menu.entries
            }

    play(scene())


@SIZES
@CHARSETS
def test_looks(size: tuple[int, int], glyphs: Glyphs) -> None:
    def name(what: str) -> str:
        return f"{what}_{size[0]}x{size[1]}{'_ascii' if glyphs.ascii else ''}"

    async def scene() -> None:
        async with stage(*hybrid(), size=size, look=appearance(glyphs)) as st:
            shares = FakeShares(st.client)
            assert run_command(st.app, "browse vinyl_b") is None
            await st.settle()
            await st.push(shares.progress(False, folders=420))
            await st.press("space", "j")
            golden(name("browse"), st.text())
            await st.push(shares.progress())
            await st.press("enter", "j")
            golden(name("browse_files"), st.text())

    play(scene())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_shares_are_only_text(text: str) -> None:
    async def scene() -> None:
        async with stage(*hybrid(), size=NARROW) as st:
            shares = FakeShares(st.client, folders=0)

            def answer(number: int, command: object) -> Reply | None:
                user = s("vinyl_b")
                if isinstance(command, lc.BrowseFolders):
                    page = tuple(soiled(FolderView(n, s("x"), 2**60, 2**60), text) for n in range(20))
                    st.client.push(FoldersShown(number, user, page, 0, 20))
                elif isinstance(command, lc.BrowseFiles):
                    files = tuple(soiled(file, text) for file in FakeShares(st.client).files(1))
                    st.client.answer = answer  # type: ignore[assignment]
                    st.client.push(FilesShown(number, user, command.folder, files))
                return Reply(number, True, s(text))

            st.client.answer = answer  # type: ignore[assignment]
            assert run_command(st.app, "browse vinyl_b") is None
            await st.settle()
            await st.push(soiled(shares.progress(False, folders=20), "vinyl_b"))
            check(st)
            await st.push(shares.progress(True, text, folders=20))
            for keys in (
                ("j", "space"),
                ("enter",),
                ("j", "space"),
                ("a",),
                ("y", "y"),
                ("x",),
                ("escape", "escape"),
            ):
                await st.press(*keys)
                check(st)

    play(scene())
