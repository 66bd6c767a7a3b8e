"""The Search pane over both networks in the real app: asking, filtering, getting, users; and what it looks like."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from slskmesh.engine import commands as c
from slskmesh.engine import legacy_commands as lc
from slskmesh.engine.events import Event, Found, Reply, SearchEnded
from slskmesh.engine.views import Banner, View
from slskmesh.filters import Filter
from tests.tui.fake import everything, hit, peers, s, settings_view, status
from tests.tui.fake_search import FakeShares, disaster, legacy, mixed, online, with_filter
from tests.tui.stage import NARROW, WIDE, Stage, appearance, golden, play, stage
from tests.tui.test_hostile import HOSTILE, check, soiled
from tui.everywhere import run_command
from tui.viewmodel.glyphs import ASCII, UTF8, Glyphs

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
CHARSETS = pytest.mark.parametrize("glyphs", [UTF8, ASCII], ids=["utf8", "ascii"])
PATIENCE = 60.0


def hybrid(*more: View | Event) -> tuple[View | Event, ...]:
    return (*everything(), status(Banner.HYBRID, peers=4, detail=s("")), online(), *more)


async def until(st: Stage, reached: Callable[[], bool]) -> None:
    """Waits for something the app does by its own timers."""
    async with asyncio.timeout(PATIENCE):
        while not reached():
            await st.pilot.pause(0.01)
    await st.settle()


def shown(st: Stage) -> list[str]:
    results = st.app.search.results
    return [results.row(at).key for at in range(len(results))]


def said(st: Stage, text: str) -> bool:
    return any(text in notice.text for notice in st.app.state.notices)


# -- asking --------------------------------------------------------------------------------------------------


def test_hits_of_users_and_peers_are_one_list() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            assert len(st.app.search.results) == 16
            first = next(line for line in st.text().split("\n") if "01 - Night Ferry.flac" in line)
            assert "slsk:vinyl_b" in first and "x4" in first and "free" in first and "both" in first
            lone = next(line for line in st.text().split("\n") if "unknown.mp3" in line)
            assert lone.split("unknown.mp3")[1].split().count("-") == 6
            assert "33 hits 7 src" in st.text() and "4/4 peers answered" in st.text()

    play(scene())


def test_a_search_says_whom_it_asks_and_how_many_users_answered() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.press("colon")
            await st.type("search mesh low tide")
            await st.press("enter")
            assert st.last() == c.Search("low tide", where="mesh")
            assert "mesh only" in st.text() and st.app.search.query_box.edit.text == "low tide"
            assert run_command(st.app, "search soulseek low tide") is None
            await st.settle()
            assert st.client.commands[-2:] == [
                c.StopSearch(1),
                c.Search("low tide", where="soulseek"),
            ]
            await st.push(SearchEnded(st.app.search.asked, 0, 0, 0, 0, s("stopped"), 41))
            assert "41 users, stopped" in st.text()
            assert run_command(st.app, "search all my friends") is None
            assert st.last() == c.Search("my friends")

    play(scene())


def test_the_cursor_stays_at_the_top_until_it_is_moved() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            st.app.search.start("low tide")
            await st.settle()
            query = st.app.search.asked
            await st.push(Found(query, (legacy(5, 1),)))
            assert "06 - Tidal.flac" in st.text().split("─ release ─")[1]
            await st.push(Found(query, (legacy(0, 0), hit(3, same="f0"))))
            await until(st, lambda: st.app.search.list.cursor_key == "f0")
            assert st.app.search.list.cursor == 0 and "2 sources" in st.text(), "the boxes follow what comes"
            await st.press("j")
            key = st.app.search.list.cursor_key
            await st.press("full_stop")
            await st.push(Found(query, (hit(1, same="f1", trusted=True),)))
            await until(st, lambda: st.app.search.list.cursor == 2)
            assert st.app.search.list.cursor_key == key, "now it stays on its row"

    play(scene())


def test_modes_user_and_room() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.press("t", "t", "t")
            assert "[user]" in st.text() and st.app.search.place == "search"
            await st.press("i")
            await st.type('"tape hiss" low tide')
            await st.press("enter")
            assert st.last() == c.Search("low tide", 10_000, user="tape hiss")
            assert "of tape hiss" in st.text()
            await st.push(Found(st.app.search.asked, (legacy(0, 1),)))
            await st.press("t", "i")
            assert "[room]" in st.text() and len(st.app.search.results) == 1, "each mode keeps the list"
            await st.press("ctrl+u")
            await st.type("indie low tide")
            await st.press("enter")
            assert st.last() == c.Search("low tide", room="indie")
            await st.press("i", "ctrl+u")
            await st.type("indie")
            await st.press("enter")
            assert st.last() == c.Search("low tide", room="indie") and said(st, "words are missing")

    play(scene())


def test_a_user_s_name_alone_is_browsed() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            FakeShares(st.client)
            await st.press("t", "t", "t", "i")
            await st.type("vinyl_b")
            await st.press("enter")
            await st.settle()
            assert lc.BrowseUser("vinyl_b") in st.client.commands
            assert "folders of vinyl_b" in st.text() and not st.client.sent(c.Search)

    play(scene())


def test_the_server_alone_is_enough_and_what_is_left_out_is_said() -> None:
    async def scene() -> None:
        async with stage(*hybrid(peers(0), status(Banner.HYBRID, peers=0))) as st:
            await st.search("low tide", found=mixed())
            assert st.client.sent(c.Search) == [c.Search("low tide")] and len(st.app.search.results) == 16
            await st.push(online(searches_left=0, searches_next=11.3))
            assert "next search in 12s" in st.text()
            st.app.search.start("other")
            await st.settle()
            assert len(st.client.sent(c.Search)) == 1 and said(st, "the next one can go out in 12 s")
            await st.push(status(Banner.HYBRID, peers=3), online(searches_left=0, searches_next=11.3))
            st.app.search.start("other")
            await st.settle()
            assert st.last() == c.Search("other") and said(st, "in 12 s; asking peers only")
            await st.push(online(searches_left=2))
            assert "2 searches left" in st.text()

    play(scene())


def test_in_disaster_mode_it_works_the_same_with_peers() -> None:
    async def scene() -> None:
        found = tuple(hit(n, same=f"f{n}", group="r0") for n in range(8))
        away = status(Banner.DISASTER, peers=0, dht_nodes=40, detail=s(""))
        async with stage(*everything(), away, disaster()) as st:
            assert "mesh only: Soulseek is away" in st.text()
            await st.search("low tide", found=found)
            assert st.last() == c.Search("low tide"), "by ids nobody need be connected"
            assert len(st.app.search.results) == 8 and "mesh only: Soulseek is away" in st.text()
            await st.press("space", "a")
            assert st.last() == lc.GetHits(st.app.search.asked, (0,), "Marit Holm/Harbour Lights")
            assert run_command(st.app, "search soulseek low tide") is None
            assert said(st, "search: Soulseek is away (mesh-only mode)")

    play(scene())


# -- filter --------------------------------------------------------------------------------------------------


def test_the_saved_filter_is_on_at_every_search_and_shown() -> None:
    async def scene() -> None:
        async with stage(*hybrid(with_filter("lossless free!?"))) as st:
            await st.search(found=mixed())
            assert set(shown(st)) == {f"f{n}" for n in range(8)}
            assert "filter: lossless free!?  (saved; / changes, esc clears)" in st.text()
            assert "8 shown" in st.text()
            await st.press("escape")
            assert len(shown(st)) == 16 and "filter:" not in st.text()
            await st.search("other", found=mixed())
            assert len(shown(st)) == 8, "the next search begins with it again"

    play(scene())


def test_the_filter_is_told_what_is_wrong_while_it_is_typed() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            await st.press("slash")
            await st.type("format=mp3")
            assert len(shown(st)) == 8
            await st.type(" bitrat>3")
            assert 'at character 12: "bitrat" is no field' in st.text().split("\n")[-3]
            assert len(shown(st)) == 16, "a filter with an error hides nothing"
            await st.press("enter")
            assert st.app.prompt.question is not None, "it is not taken"
            await st.press("escape")
            assert len(shown(st)) == 16 and st.app.search.filter_text == "", "as it was before"
            await st.press("slash")
            await st.type("bitrate>=320 -ferry")
            await st.press("enter")
            assert st.app.prompt.question is None
            assert {"f40", "f10"} <= set(shown(st)) and not {"f0", "f8", "f9"} & set(shown(st))
            await st.press("S", "z", "z")
            assert st.app.search.filter_text == "bitrate>=320 -ferry"

    play(scene())


def test_the_guide_s_filter_terms_are_the_language_s() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "user-guide.md").read_text(encoding="utf-8")
    section = guide.split("### The filter")[1].split("###")[0]
    cells = [line.split(" | ")[0] for line in section.split("\n") if line.startswith("| `")]
    terms = [term.replace("\\|", "|") for cell in cells for term in re.findall(r"`([^`]+)`", cell)]
    assert len(terms) > 20
    for term in terms:
        assert Filter.parse(term).text(), term


def test_filter_save_keeps_it_and_words_are_as_before() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            assert run_command(st.app, "filter quay") is None
            await st.settle()
            assert shown(st) == ["f7"]
            assert run_command(st.app, "filter save") is None
            await st.settle()
            assert st.last() == c.SetSetting("soulseek.search_filter", "quay")
            assert said(st, "every search begins with: quay") and "(saved; / changes" in st.text()
            assert run_command(st.app, "filter bitrat>3") is None
            await st.settle()
            assert said(st, "filter: at character 1") and len(shown(st)) == 16
            assert run_command(st.app, "filter save") is None
            assert said(st, "not saved") and len(st.client.sent(c.SetSetting)) == 1
            st.client.answer = lambda n, command: Reply(n, False, s("the file cannot be written"))
            await st.press("escape")
            assert run_command(st.app, "filter save") is None
            await st.settle()
            assert said(st, "the file cannot be written")

    play(scene())


def test_typing_the_word_save_into_the_prompt_saves_nothing() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            await st.press("slash")
            await st.type("save")
            await st.press("enter")
            assert not st.client.sent(c.SetSetting) and st.app.search.filter_text == "save"

    play(scene())


def test_n_goes_on_by_the_filter_that_was_cleared() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            await st.search(found=mixed())
            await st.press("slash")
            await st.type("format=mp3 lanterns")
            await st.press("enter", "escape", "g", "g", "n")
            row = st.app.search.list.current
            assert row is not None and row.hit.format == "MP3" and len(shown(st)) == 16

    play(scene())


def test_twenty_thousand_hits_at_once_leave_the_keys_free() -> None:
    async def scene() -> None:
        async with stage(*hybrid()) as st:
            st.app.search.start("everything")
            await st.settle()
            query = st.app.search.asked
            many = [legacy(n, 0) if n % 2 else hit(n) for n in range(20_000)]
            events = [Found(query, tuple(many[at : at + 2_000])) for at in range(0, 20_000, 2_000)]
            st.client.push(*events, SearchEnded(query, 4, 4, 0, 0, s(""), 100))
            await st.settle()
            assert 0 < len(st.app.search.results.rows) < 20_000, "they are taken in parts"
            await st.press("j", "j", "colon")
            assert st.app.prompt.question is not None, "keys are handled between the parts"
            await st.press("escape")
            await until(st, lambda: st.app.search.results.hits == 20_000)
            await st.press("full_stop", "slash")
            await st.type("night lossless")
            assert st.app.prompt.edit.text == "night lossless"
            await until(st, lambda: 0 < len(shown(st)) < 5_000)
            await st.press("enter", "s", "j", "j", "j", "enter")
            await until(st, lambda: st.app.search.results.wanted.sort == "size")
            sizes = [st.app.search.results.row(at).hit.size for at in range(len(st.app.search.results))]
            assert sizes == sorted(sizes, reverse=True)
            await st.press("z")
            await until(st, lambda: "release" in st.app.search.hits.fold_list.title)
            await until(st, lambda: st.app.search.hits.groups.update(st.app.search.results, 500))
            await st.press("enter", "j")
            assert st.app.search.hits.group is not None

    play(scene())


def test_hits_beyond_all_bounds_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.panes.search_hits.HITS_MAX", 3_000)

    async def scene() -> None:
        async with stage(*hybrid()) as st:
            st.app.search.start("everything")
            await st.settle()
            many = [
                Found(st.app.search.asked, tuple(hit(n) for n in range(a, a + 2_000)))
                for a in range(0, 8_000, 2_000)
            ]
            await st.push(*many)
            await until(st, lambda: st.app.search.results.hits + st.app.search.results.dropped == 8_000)
            assert st.app.search.results.dropped > 0
            await until(st, lambda: "left out" in st.text())

    play(scene())


# -- looks ---------------------------------------------------------------------------------------------------


@SIZES
@CHARSETS
def test_looks(size: tuple[int, int], glyphs: Glyphs) -> None:
    def name(what: str) -> str:
        return f"{what}_{size[0]}x{size[1]}{'_ascii' if glyphs.ascii else ''}"

    async def scene() -> None:
        first = hybrid(with_filter("-quay"), online(searches_left=3))
        async with stage(*first, size=size, look=appearance(glyphs)) as st:
            await st.search("harbour lights", found=mixed())
            golden(name("both_networks"), st.text())
            await st.press("j", "C")
            golden(name("sources_menu"), st.text())
            await st.press("escape", "z", "enter", "j")
            golden(name("both_folded"), st.text())
            await st.press("o")
            golden(name("release_box"), st.text())
            await st.press("escape", "slash")
            await st.type(" bitrate>=fast")
            golden(name("filter_wrong"), st.text())
            await st.press("escape")
            FakeShares(st.client)
            await st.press("u")
            await st.settle()
            golden(name("user_box"), st.text())
            await st.press("escape", "question_mark")
            golden(name("search_keys"), st.text())

    play(scene())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_only_text(text: str) -> None:
    async def scene() -> None:
        views = (soiled(settings_view(), text), status(Banner.HYBRID, peers=4), soiled(online(), text))
        async with stage(*views, size=NARROW) as st:
            await st.search("x", tuple(soiled(one, text) for one in mixed()))
            for keys in (("j",), ("o",), ("escape", "C"), ("escape", "z"), ("enter", "o"), ("escape", "x")):
                await st.press(*keys)
                check(st)
            await st.press("escape", "slash", *"a]", "enter")
            check(st)
            await st.push(SearchEnded(st.app.search.asked, 1, 1, 0, 0, s(text), 3))
            check(st)
            for keys in (("escape", "X"), ("escape", "F"), ("escape", "a"), ("w",), ("y", "y")):
                await st.press(*keys)
                check(st)

    play(scene())
