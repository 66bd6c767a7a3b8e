"""What every pane looks like, as text, at both sizes and in both charsets."""

from __future__ import annotations

import math

import pytest

from slskmesh.engine.events import Event, Level, Notice, Resolving
from slskmesh.engine.views import Banner, TransfersView, View
from tests.tui.fake import NOW, chunkmap, ended, everything, settings_view, status, transfer, transfers
from tests.tui.fake import s as safe
from tests.tui.fake_jobs import job_view, jobs, looked_up, mesh, resolved
from tests.tui.stage import NARROW, WIDE, Stage, appearance, golden, play, stage
from tui.viewmodel.glyphs import ASCII, UTF8, Glyphs
from tui.viewmodel.tour import tour_of

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
CHARSETS = pytest.mark.parametrize("glyphs", [UTF8, ASCII], ids=["utf8", "ascii"])


def name(what: str, size: tuple[int, int], glyphs: Glyphs = UTF8) -> str:
    return f"{what}_{size[0]}x{size[1]}{'_ascii' if glyphs.ascii else ''}"


async def with_map(s: Stage) -> None:
    await s.press("4")
    for at in range(60):
        s.app.state.down.note(NOW - 60 + at, (1 + math.sin(at / 6)) * 2e6)
        s.app.state.transfer_rates["0" * 64].note(NOW - 60 + at, (1 + math.sin(at / 9)) * 2e6)
    await s.push(chunkmap(), transfers())
    s.app._second()
    await s.settle()


@SIZES
@CHARSETS
def test_search(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(size=size, look=appearance(glyphs)) as s:
            await s.search()
            await s.press("j", "space", "j")
            golden(name("search", size, glyphs), s.text())

    play(scene())


@SIZES
@CHARSETS
def test_swarm(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(size=size, look=appearance(glyphs)) as s:
            s.app.state.apply([transfers()], NOW - 100)
            await with_map(s)
            golden(name("swarm", size, glyphs), s.text())
            await s.press("m", "z", "5", "0", "0", "G")
            golden(name("swarm_zoomed", size, glyphs), s.text())

    play(scene())


def busy() -> tuple[View | Event, ...]:
    return (*everything(), status(dht_nodes=118, jobs=3), jobs(), mesh())


@SIZES
@CHARSETS
def test_jobs(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(*busy(), size=size, look=appearance(glyphs)) as s:
            await s.press("3", "j")
            await s.push(job_view(1))
            golden(name("jobs", size, glyphs), s.text())
            await s.press("enter", "right_square_bracket")
            golden(name("job_plan", size, glyphs), s.text())
            await s.press("e")
            golden(name("job_events", size, glyphs), s.text())
            await s.press("e", "escape", "k")
            await s.push(job_view(0))
            golden(name("job_releases", size, glyphs), s.text())

    play(scene())


@SIZES
@CHARSETS
def test_search_by_musicbrainz(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(*busy(), size=size, look=appearance(glyphs)) as s:
            await s.press("t", "i")
            await s.type("harbour")
            golden(name("release_query", size, glyphs), s.text())
            await s.press("enter")
            await s.push(looked_up(len(s.client.commands)))
            golden(name("releases", size, glyphs), s.text())
            await s.press("j", "enter")
            await s.push(Resolving(len(s.client.commands), 3, 7, 9))
            golden(name("resolving", size, glyphs), s.text())
            await s.push(resolved(len(s.client.commands)))
            await s.press("j", "space")
            golden(name("release_tracks", size, glyphs), s.text())
            await s.press("t", "t", "t", "t")
            await s.search()
            await s.press("z", "enter")
            golden(name("folded", size, glyphs), s.text())

    play(scene())


@SIZES
def test_the_table_of_peers_and_a_new_job(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(*busy(), size=size) as s:
            await s.press("6")
            golden(name("peers_table", size), s.text())
            await s.press("b")
            golden(name("mesh_details", size), s.text())
            await s.press("escape", "3", "c")
            await s.type("har")
            golden(name("new_job", size), s.text())
            await s.press("enter")
            await s.push(looked_up(len(s.client.commands)))
            golden(name("new_job_choice", size), s.text())
            await s.press("O")
            golden(name("conditions", size), s.text())
            await s.type("codec=FLAC,ALAC lossless kbps=")
            golden(name("conditions_typed", size), s.text())
            await s.type("fast")
            await s.press("enter")
            golden(name("conditions_wrong", size), s.text())

    play(scene())


@SIZES
def test_peers_and_settings_and_boxes(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as s:
            golden(name("search_empty", size), s.text())
            await s.press("6", "j")
            golden(name("peers", size), s.text())
            await s.press("question_mark")
            golden(name("keys_here", size), s.text())
            await s.press("escape", "v")
            golden(name("verify", size), s.text())
            await s.press("escape", "7", "j", "j")
            golden(name("settings", size), s.text())
            await s.press("b")
            golden(name("mode_details", size), s.text())
            await s.press("escape", "L")
            golden(name("event_log", size), s.text())
            await s.press("escape", "colon", "t")
            golden(name("command_line", size), s.text())

    play(scene())


@SIZES
def test_first_run(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(settings_view(False), status(Banner.ISOLATED, listening=""), size=size) as s:
            golden(name("first_run", size), s.text())

    play(scene())


@SIZES
def test_the_banner_s_other_states_and_the_tour(size: tuple[int, int]) -> None:
    async def scene() -> None:
        tour = tour_of(
            [("the swarm", "Each cell is a part of the file, each letter the peer it came from.", "")]
        )
        async with stage(*everything(), status(Banner.ISOLATED), size=size, tour=tour) as s:
            await s.press("6")
            golden(name("isolated", size), s.text())
            await s.push(ended())
            golden(name("stopped", size), s.text())

    play(scene())


@SIZES
def test_menus_and_letters(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as s:
            await s.search()
            await s.press("f", "f", "n")
            golden(name("facets", size), s.text())
            await s.press("escape", "ctrl+o")
            golden(name("jump_letters", size), s.text())
            await s.press("escape", "y")
            golden(name("copy_menu", size), s.text())
            await s.press("escape", "4", "x")
            golden(name("row_menu", size), s.text())
            await s.press("escape", "plus")
            golden(name("grown", size), s.text())

    play(scene())


@SIZES
@CHARSETS
def test_after_a_restart_and_what_went_wrong(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        paused = (transfer(4), transfer(5, reason=safe("the disk is full: make room, then r")))
        async with stage(*everything(), TransfersView(paused), size=size, look=appearance(glyphs)) as s:
            await s.press("4")
            golden(name("paused", size, glyphs), s.text())
            for number in (66, 67, 90):
                text = f"chunk {number} from k:7f3a..9c is false: refused, fetched again"
                await s.push(Notice(NOW, Level.WARN, safe(text)))
            await s.push(Notice(NOW, Level.ERROR, safe("05 Tidal.flac: the disk is full: make room, then r")))
            golden(name("toasts", size, glyphs), s.text())
            await s.press("E")
            golden(name("errors", size, glyphs), s.text())

    play(scene())


def test_a_terminal_that_is_too_small_says_so() -> None:
    async def scene() -> None:
        async with stage(size=(70, 20)) as s:
            assert "needs 80x24, have 70x20" in s.text()
            assert s.text().startswith("[#] MESH-ONLY")
            await s.pilot.resize_terminal(*NARROW)
            await s.settle()
            assert "needs 80x24" not in s.text()

    play(scene())


def test_ascii_shows_nothing_else() -> None:
    async def scene() -> None:
        async with stage(look=appearance(ASCII)) as s:
            await s.search()
            assert s.text().isascii()
            for keys in (("4", "question_mark"), ("escape", "3"), ("1", "t"), ("t", "t", "t", "t", "z")):
                await s.press(*keys)
                assert s.text().isascii()

    play(scene())


@SIZES
def test_every_row_of_every_pane_is_as_wide_as_the_screen(size: tuple[int, int]) -> None:
    async def scene() -> None:
        async with stage(size=size) as s:
            await s.search()
            for key in "13467":
                await s.press(key)
                strips = s.app.screen._compositor.render_strips()
                assert {strip.cell_length for strip in strips} == {size[0]}

    play(scene())
