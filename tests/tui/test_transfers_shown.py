"""What the lists of downloads and uploads look like, at both sizes and in both charsets; hostile names in all of it."""

from __future__ import annotations

import math

import msgspec
import pytest

from slskmesh.engine.legacy_views import LegacyDownloadsView, LegacyPhase
from slskmesh.engine.views import TransfersView, View
from slskmesh.text import sanitize
from tests.tui.fake import NOW, everything, settings_view, status, uploads
from tests.tui.fake import s as safe
from tests.tui.fake_transfers import (
    both,
    downloads,
    legacy,
    people,
    rescue,
    rescue_map,
    sending,
    statistics,
    story,
)
from tests.tui.stage import NARROW, WIDE, Stage, appearance, golden, play, stage
from tests.tui.test_hostile import HOSTILE, check, soiled
from tui.viewmodel.glyphs import ASCII, UTF8, Glyphs

SIZES = pytest.mark.parametrize("size", [WIDE, NARROW], ids=["120x36", "80x24"])
CHARSETS = pytest.mark.parametrize("glyphs", [UTF8, ASCII], ids=["utf8", "ascii"])


def name(what: str, size: tuple[int, int], glyphs: Glyphs) -> str:
    return f"{what}_{size[0]}x{size[1]}{'_ascii' if glyphs.ascii else ''}"


async def to_uploads(st: Stage) -> None:
    while st.app.pane.box.id != "uploads":
        await st.press("tab")


@SIZES
@CHARSETS
def test_one_list(size: tuple[int, int], glyphs: Glyphs) -> None:
    async def scene() -> None:
        async with stage(*everything(), *both(), size=size, look=appearance(glyphs)) as st:
            await st.press("4")
            await st.push(rescue_map())
            st.app.second()
            await st.settle()
            golden(name("transfers", size, glyphs), st.text())
            await st.press("enter", "j", "j", "space")
            golden(name("transfers_open", size, glyphs), st.text())
            await to_uploads(st)
            await st.press("j")
            golden(name("uploads", size, glyphs), st.text())
            assert not glyphs.ascii or st.text().isascii()

    play(scene())


@SIZES
@CHARSETS
def test_a_timeline(size: tuple[int, int], glyphs: Glyphs) -> None:
    rows = (legacy(0, lines=story()), *downloads(6).downloads[1:])
    told = (LegacyDownloadsView(rows), people(), statistics())

    async def scene() -> None:
        async with stage(settings_view(), status(), *told, size=size, look=appearance(glyphs)) as st:
            await st.press("4")
            rates = st.app.arrivals.rates[rows[0].key]
            for at in range(60):
                rates.note(NOW + 1 + at, (1 + math.sin(at / 9)) * 32e3)
            st.app.second()
            await st.settle()
            golden(name("timeline", size, glyphs), st.text())
            await st.press("x")
            golden(name("transfers_menu", size, glyphs), st.text())
            await st.press("escape", "enter", "j", "j", "j", "j", "j", "d")
            golden(name("transfers_failed", size, glyphs), st.text())

    play(scene())


def test_without_colour_the_same_words_and_signs_tell_it() -> None:
    shown: list[str] = []

    async def scene(no_color: bool) -> None:
        look = appearance(UTF8, "ansi-dark" if no_color else "slskmesh-dark", no_color=no_color)
        async with stage(*everything(), *both(), look=look) as st:
            await st.press("4", "enter")
            await st.push(rescue_map())
            shown.append(st.text())

    play(scene(True))
    play(scene(False))
    assert shown[0] == shown[1]
    for word in (
        "rescued by peers",
        "place 12",
        "again in 0:42",
        "active",
        "paused",
        "failed",
        "done",
        "sending",
        "offered",
    ):
        assert word in shown[0], word


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_only_text(text: str) -> None:
    clean = sanitize(text)
    lines = ((NOW - 9, clean), (NOW, clean))
    download, peers = rescue()
    rows = LegacyDownloadsView(
        (
            soiled(msgspec.structs.replace(download, lines=lines), text),
            *(soiled(legacy(n, lines=lines), text) for n in range(7)),
        )
    )
    views: tuple[View, ...] = (
        settings_view(),
        soiled(status(), text),
        soiled(TransfersView((peers,)), text),
        rows,
        soiled(uploads(), text),
        soiled(sending(), text),
        soiled(people(), text),
        soiled(statistics(), text),
    )

    async def scene() -> None:
        async with stage(*views, size=NARROW) as st:
            await st.press("4")
            check(st)
            await st.push(rescue_map())
            await st.press("enter", "G")
            check(st)
            for keys in (
                ("enter",),
                ("escape", "x"),
                ("escape", "y"),
                ("escape", "space", "d"),
                ("n", "k", "u"),
            ):
                await st.press(*keys)
                check(st)
            await st.press("escape")
            await to_uploads(st)
            for keys in (("j", "enter"), ("escape", "D"), ("n", "B"), ("escape", "y"), ("escape", "x")):
                await st.press(*keys)
                check(st)
            await st.press("escape", "escape")
            done = [msgspec.structs.replace(d, phase=LegacyPhase.DONE) for d in rows.downloads]
            await st.push(LegacyDownloadsView(tuple(done)), TransfersView(()))
            check(st)
            await st.press("S")
            await st.settle()
            check(st)

    play(scene())


def test_the_soiled_views_hold_what_the_test_believes() -> None:
    row = soiled(downloads(1), "[/b]").downloads[0]
    assert (row.user, row.name, row.reason, row.remote) == ("[/b]",) * 4 and row.phase is LegacyPhase.ACTIVE
    assert soiled(sending(1), "[/b]").uploads[0].user == "[/b]" and safe("[/b]") == "[/b]"
