"""Row menu, copy menu, facets, n and N, undo, box sizes, jump letters, errors: in the real app."""

from __future__ import annotations

import pytest

from slskmesh.engine import commands as c
from slskmesh.engine.events import Level, Notice, Reply
from slskmesh.engine.views import TransferState, TransfersView
from tests.tui.fake import NOW, chunkmap, hit, s, settings_view, status, transfer, transfers
from tests.tui.stage import NARROW, Stage, play, stage
from tests.tui.test_search import until
from tui.everywhere import run_command
from tui.panes.base import WHOLE
from tui.widgets.overlay import Menu
from tui.widgets.toasts import ToastStack


def test_n_and_capital_n_go_from_match_to_match() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            pane = st.app.search
            await st.press("n")
            assert any("/ takes them" in n.text for n in st.app.state.notices)
            await st.press("slash")
            await st.type("night")
            await st.press("enter", "g", "g", "n")
            total = len(pane.results)
            assert 1 < total < 36 and pane.list.cursor == 1, "the filter keeps, n goes on"
            await st.press("N", "N")
            assert pane.list.cursor == total - 1, "round the end"
            await st.press("escape")
            assert len(pane.results) > total
            seen = set()
            for _ in range(total):
                await st.press("n")
                row = pane.list.current
                assert row is not None and any("night" in copy.facts.words for copy in row.copies)
                seen.add(row.key)
            assert len(seen) == total, "without the filter n still finds every one"
            await st.press("6", "slash")
            await st.type("blocked")
            await st.press("enter", "escape", "g", "g", "n", "n")
            assert any("no other line has blocked" in n.text for n in st.app.state.notices)

    play(scene())


@pytest.mark.parametrize(("pane", "word"), [("4", "tidal"), ("7", "bell")])
def test_n_works_in_every_pane_with_a_list(pane: str, word: str) -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press(pane, "slash")
            await st.type(word)
            await st.press("enter", "escape", "g", "g", "n")
            box = st.app.pane.rows_box
            assert word in st.app.pane.words_of(box.current)

    play(scene())


def test_the_row_menu_runs_by_key_and_says_why_not() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("4", "x")
            assert isinstance(st.app.overlay, Menu) and st.app.overlay.title == "Harbour Lights (6 files)"
            await st.press("escape", "enter", "j", "x")
            menu = st.app.overlay
            assert isinstance(menu, Menu) and menu.title == "Harbour Mix (live).flac"
            await st.press("r")
            assert menu.said == "it is active, not paused or failed" and st.app.overlay is menu
            await st.press("p")
            assert st.last() == c.Pause("0" * 64) and st.app.overlay is None
            await st.push(transfers(0))
            await st.press("x")
            assert isinstance(st.app.overlay, Menu)
            assert all(entry.off for entry in st.app.overlay.entries if "copy" not in entry.title)
            for key in "167":
                await st.press("escape", key, "x")
                assert isinstance(st.app.overlay, Menu) and st.app.overlay.entries

    play(scene())


def test_y_copies_row_ids_path_and_table() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            row = st.app.search.list.current
            assert row is not None
            for key, text in (
                ("m", row.hit.content),
                ("u", row.hit.peer),
                ("p", f"{row.hit.folder}/{row.hit.name}"),
            ):
                await st.press("y", key)
                assert st.app.clipboard == text
            await st.press("y", "y")
            assert st.app.clipboard.split("\t")[0] == "01 Night Ferry"
            await st.press("y", "t")
            table = st.app.clipboard.split("\n")
            assert table[0].split("\t")[:3] == ["file", "release", "format"]
            assert len(table) == len(st.app.search.results) + 1
            await st.press("4", "y", "p")
            assert isinstance(st.app.overlay, Menu) and st.app.overlay.said == "there is no path here"
            await st.press("escape", "7", "y", "y")
            assert st.app.clipboard == "overlay.listen = 0.0.0.0:50300"

    play(scene())


def test_a_long_table_is_cut_and_says_so() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search(found=tuple(hit(n) for n in range(2_000)))
            await until(st, lambda: len(st.app.search.results) == 2_000)
            await st.press("y", "t")
            rows = st.app.clipboard.count("\n")
            assert 100 < rows < 2_000 and len(st.app.clipboard.encode()) <= 64 * 1024
            assert any(f"the first {rows:,} of 2,000 rows" in n.text for n in st.app.state.notices)

    play(scene())


def test_facets() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            pane = st.app.search
            await st.press("f", "m")
            assert pane.hits.facets == {"MP3"} and st.app.overlay is not None, "the menu stays for more"
            assert "[x]MP3" in st.text()
            await st.press("t", "escape")
            rows = [pane.results.row(at).hit for at in range(len(pane.results))]
            assert rows and all(h.format == "MP3" and h.trusted for h in rows)
            assert run_command(st.app, "facet trusted") is None
            assert pane.hits.facets == {"MP3"}
            await st.search()
            assert all(pane.results.row(at).hit.format == "MP3" for at in range(len(pane.results))), (
                "facets keep"
            )
            assert run_command(st.app, "facet nonsense") is None
            assert any("no facet nonsense" in n.text for n in st.app.state.notices)

    play(scene())


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def removed(st: Stage) -> list[str]:
    return [command.transfer for command in st.client.sent(c.Remove)]  # type: ignore[attr-defined]


def test_a_removal_can_be_undone_for_ten_seconds() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.app.monotonic = time = Time()
            await st.press("4", "enter", "j", "d", "y")
            assert st.last() == c.Pause("0" * 64), "it takes no more room while it waits"
            assert "gone 10s" in st.text()
            await st.press("d")
            assert any("U keeps it" in n.text for n in st.app.state.notices)
            time.now += 9
            st.app.second()
            await st.press("U")
            assert st.last() == c.Resume("0" * 64) and "gone" not in st.text()
            time.now += 60
            st.app.second()
            assert removed(st) == []
            await st.press("j", "j", "j", "d")
            assert st.app.prompt.question is None, "a finished one is not asked for: no data goes"
            time.now += 10
            st.app.second()
            assert removed(st) == [f"{3:064x}"]
            await st.press("U")
            assert any("no removal waits" in n.text for n in st.app.state.notices)

    play(scene())


def test_quitting_does_the_removals_that_wait() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(), TransfersView((transfer(3),))) as st:
            st.client.answer = lambda n, command: None
            await st.press("4", "d", "ctrl+q")
            assert removed(st) == [f"{3:064x}"] and st.app.return_code is None
            st.client.push(Reply(len(st.client.commands), True))
            await st.settle()
            assert st.app.return_code == 0

    play(scene())


@pytest.mark.parametrize("size", [(120, 36), NARROW])
def test_a_box_grows_and_shrinks(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as st:
            await st.press("4", "tab")
            box = st.app.pane.box
            before = box.size
            await st.press("plus")
            assert box.size.area > before.area and box.size.width == size[0]
            assert sum(b.size.height for b in st.app.pane.shown_boxes()) == size[1] - 4
            await st.press("plus")
            assert box.size == (size[0], size[1] - 4) and st.app.pane.size_step == WHOLE
            await st.press("tab", "tab")
            assert st.app.pane.box.id == "availability" and st.app.pane.box.size == (size[0], size[1] - 4)
            await st.press("underscore", "escape", "shift+tab", "shift+tab")
            assert st.app.pane.size_step == 0 and (size == NARROW or box.size == before)
            await st.press("escape", "m")
            assert st.app.pane.box.id == "map" and st.app.pane.size_step == WHOLE
            await st.press("m")
            assert st.app.pane.box.id == "transfers" and st.app.pane.size_step == 0

    play(scene())


def test_jump_letters_reach_tabs_boxes_and_rows() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            await st.press("ctrl+o")
            assert "[j]" in st.text() and st.app.hints()[0] == ("a letter", "goes there")
            await st.press("t")
            assert st.app.search.list.cursor == 3 and "[j]" not in st.text()
            await st.press("ctrl+o", "escape", "j")
            assert st.app.search.list.cursor == 4
            await st.press("ctrl+o", "g")
            assert st.app.pane_name == "peers"
            await st.press("ctrl+o", "k")
            assert st.app.pane.box.id == "peer"
            await st.press("ctrl+o", "a")
            assert st.app.pane_name == "search"

    play(scene())


def test_errors_have_their_whole_text_and_can_be_copied() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("E")
            assert "nothing went wrong so far" in st.text()
            text = "the share /music/" + "very/" * 25 + "long cannot be read: permission denied"
            await st.press("escape")
            await st.push(Notice(NOW, Level.ERROR, s(text)), Notice(NOW, Level.GOOD, s("all is well")))
            await st.press("E")
            assert "permission denied" in st.text() and "all is well" not in st.text()
            await st.press("y")
            assert "permission denied" in st.app.clipboard

    play(scene())


def test_what_was_left_out_is_counted_on_the_screen() -> None:
    async def scene() -> None:
        async with stage(size=NARROW) as st:
            from slskmesh.engine.client import Batch

            st.app.take(Batch((status(),), (), 12))
            await st.settle()
            assert "12 left out" in st.text()
            await st.press("L")
            assert "newest first, 12 left out" in st.text()

    play(scene())


def test_repeated_notices_are_one_toast_that_goes() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.app.monotonic = time = Time()
            words = "chunk {} from k:7f3a..9c is false: refused, fetched again"
            for number in range(60, 66):
                await st.push(Notice(NOW, Level.WARN, s(words.format(number))))
            assert st.text().count("is false") == 1 and "(6 times)" in st.text()
            await st.push(
                Notice(NOW, Level.ERROR, s("the disk is full")), Notice(NOW, Level.WARN, s("a third"))
            )
            stack = st.app.screen.query_one("#toasts", ToastStack)
            assert len(stack.toasts.shown) == 2 and stack.size.height == 2
            time.now += 4
            stack._expire()
            await st.settle()
            assert not stack.display and "disk is full" not in st.text()
            await st.press("L")
            assert st.text().count("is false") == 6, "the event log has them all"

    play(scene())


def test_settings_of_the_environment_are_refused_in_words() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("7", "G", "k", "enter")
            assert st.app.prompt.question is None
            assert any("SLSKMESH__UI__CHARSET in the environment" in n.text for n in st.app.state.notices)
            assert run_command(st.app, "set ui.charset=ascii") is None
            assert not st.client.sent(c.SetSetting)

    play(scene())


def test_theme_and_bell_follow_the_settings() -> None:
    async def scene() -> None:
        async with stage() as st:
            import msgspec

            rung: list[int] = []
            st.app.bell = lambda: rung.append(1)  # type: ignore[method-assign]
            view = settings_view()
            assert st.app.ringing, "the view says ui.bell is on"

            def changed(key: str, value: str) -> None:
                rows = tuple(
                    msgspec.structs.replace(x, value=value) if x.key == key else x for x in view.settings
                )
                st.client.push(msgspec.structs.replace(view, settings=rows))

            changed("ui.theme", "nord")
            await st.settle()
            assert st.app.theme == "nord"
            changed("ui.theme", "no-such-theme")
            await st.settle()
            assert st.app.theme == "nord"
            changed("ui.theme", "auto")
            await st.settle()
            assert st.app.theme == "slskmesh-dark"
            done = transfer(0, state=TransferState.DONE)
            await st.push(TransfersView((done,)))
            assert rung == [1]
            changed("ui.bell", "false")
            await st.push(TransfersView((transfer(1),)))
            await st.push(TransfersView((transfer(1, state=TransferState.DONE),)))
            assert rung == [1]

    play(scene())


def test_a_download_without_a_map_says_what_is_known() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("4", "enter", "j", "j", "j", "j", "j")
            assert "11.1k" not in st.text() and "of 24.0M" in st.text()
            assert "it comes back with r" in st.text()
            await st.push(chunkmap(4, 96))
            assert "it comes back with r" not in st.text() and "no chunk map" not in st.text()

    play(scene())
