"""Text from peers, tags and files in every field of every view on every pane: it is shown, it steers nothing."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from slskmesh.engine.events import EngineEnded, Level, Notice, Reply, Resolving
from slskmesh.engine.views import Banner, PeersView, SettingsView, TransfersView, UploadsView, View
from slskmesh.text import sanitize
from tests.tui.fake import (
    NOW,
    chats,
    chunkmap,
    hit,
    library,
    mode,
    peers,
    published,
    s,
    settings_view,
    statistics,
    status,
    transfers,
    uploads,
)
from tests.tui.fake_jobs import job_view, jobs, looked_up, mesh, resolved
from tests.tui.stage import NARROW, Stage, play, stage
from tui.everywhere import run_command

HOSTILE = (
    "[/b]",
    "[@click=app.quit]click[/]",
    "[bold red]x",
    "]]]\\[",
    "\x1b]52;c;ZXZpbA==\x07\x1b[2J",
    "\x9b31m",
    "\u202egnp.exe",
    "a\u0300\u0301\u0302\u0303\u0304\u0305\u0306",
    "日本語のとても長い名前" * 4,
    "👩‍👩‍👧‍👦🇬🇧",
    "tab\tnew\nline\r",
    "\udcff\ud800",
    "",
)
BAD = set("\x1b\x9b\x07\r\u202e\u2066\x00")
KEPT = {
    "peer",
    "transfer",
    "content",
    "letter",
    "key",
    "banner",
    "state",
    "phase",
    "short",
    "choices",
    "kind",
    "mbid",
    "via",
    "mode",
    "health",
}


def soiled(view: Any, text: str) -> Any:
    """The same view with `text`, as the engine would pass it on, in each text field."""
    clean = sanitize(text)
    changes: dict[str, object] = {}
    for field in msgspec.structs.fields(view):
        value = getattr(view, field.name)
        if field.name in KEPT and not (field.name == "state" and isinstance(value, str)):
            continue
        if isinstance(value, str):
            changes[field.name] = clean
        elif isinstance(value, msgspec.Struct):
            changes[field.name] = soiled(value, text)
        elif isinstance(value, tuple) and value:
            changes[field.name] = tuple(_soiled(v, text) for v in value)
    return msgspec.structs.replace(view, **changes)


def _soiled(value: Any, text: str) -> Any:
    if isinstance(value, msgspec.Struct):
        return soiled(value, text)
    if isinstance(value, tuple):
        return tuple(_soiled(v, text) for v in value)
    return sanitize(text) if isinstance(value, str) else value


def check(st: Stage) -> None:
    strips = st.app.screen._compositor.render_strips()
    for strip in strips:
        for segment in strip:
            assert not set(segment.text) & BAD, repr(segment.text)
            assert not segment.style or set(segment.style.meta) <= {"offset"}, (
                "nothing foreign may become an action"
            )
    assert {strip.cell_length for strip in strips} == {st.app.size.width}


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_is_only_text(text: str) -> None:
    views: tuple[View, ...] = (settings_view(), status(), library(), peers(), transfers(), uploads())

    async def scene() -> None:
        async with stage(*(soiled(view, text) for view in views), size=NARROW) as st:
            check(st)
            await st.search("x", tuple(soiled(hit(n), text) for n in range(9)))
            check(st)
            await st.press("o")
            check(st)
            await st.press("escape", "enter", "4")
            await st.push(chunkmap())
            check(st)
            await st.press("enter")
            check(st)
            await st.press("escape", "d")
            check(st)
            await st.press("n", "6", "v")
            check(st)
            await st.press("escape", "7", "j", "enter")
            check(st)
            await st.press("escape", "L")
            await st.push(Notice(NOW, Level.ERROR, sanitize(text)), Reply(999, False, sanitize(text)))
            check(st)
            await st.press("escape", "b")
            await st.push(EngineEnded(False, sanitize(text)))
            check(st)

    play(scene())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_text_of_jobs_and_catalogue_is_only_text(text: str) -> None:
    views: tuple[View, ...] = (settings_view(), status(), peers(), transfers(), jobs(), mesh())

    async def scene() -> None:
        async with stage(*(soiled(view, text) for view in views), size=NARROW) as st:
            await st.press("3", "j")
            await st.push(soiled(job_view(1), text))
            for keys in (
                ("enter", "enter"),
                ("escape", "right_square_bracket"),
                ("e",),
                ("escape", "d"),
                ("n", "k"),
            ):
                await st.press(*keys)
                check(st)
            await st.push(soiled(job_view(0), text))
            for keys in (("e", "enter"), ("enter", "enter"), ("escape", "escape", "x")):
                await st.press(*keys)
                check(st)
            await st.press("escape", "c", "a", "enter")
            await st.push(soiled(looked_up(len(st.client.commands)), text))
            check(st)
            await st.press("O", "x", "enter")
            check(st)
            await st.press("escape", "escape", "6", "tab", "tab")
            check(st)
            await st.press("b")
            check(st)
            await st.press("escape", "1", "t", "i", "a", "enter")
            await st.push(soiled(looked_up(len(st.client.commands), note=s("x")), text))
            check(st)
            await st.press("enter")
            await st.push(Resolving(len(st.client.commands), 2**60, 2**60, 2**60))
            check(st)
            await st.push(soiled(resolved(len(st.client.commands)), text))
            check(st)
            await st.press("O", "enter")
            await st.push(Reply(len(st.client.commands), False, sanitize(text)))
            check(st)
            await st.press("escape")
            await st.press("enter")
            check(st)
            await st.press("escape", "t", "t", "t", "t")
            await st.search("x", tuple(soiled(hit(n), text) for n in range(9)))
            await st.press("z", "enter", "o")
            check(st)

    play(scene())


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_words_of_a_server_and_its_users_are_only_words(text: str) -> None:
    """What the server said of a login, names of users and rooms, what hooks printed, what is published."""
    views: tuple[View, ...] = (settings_view(), peers(), mesh(), statistics(), chats())

    async def scene() -> None:
        async with stage(*(soiled(view, text) for view in views), size=NARROW) as st:
            for banner in Banner:
                for name in ("degraded", "disaster", "no account", "legacy-only"):
                    for phase in ("stopped", "waiting"):
                        told = soiled(mode(name, phase=phase, next_at=None), text)
                        await st.push(soiled(status(banner), text), told)
                        check(st)
            for keys in (("b",), ("G",), ("y", "escape", "M"), ("escape", "7", "a"), ("escape", "L")):
                await st.press(*keys)
                check(st)
            await st.press("escape")
            for command in ("stats", "published", f"account {text}", f"mode {text}", f"server {text}"):
                run_command(st.app, command)
                if command == "published":
                    await st.push(soiled(published(len(st.client.commands)), text))
                await st.settle()
                check(st)
                await st.press("y", "escape", "escape")
            st.client.answer = lambda n, command: Reply(n, False, sanitize(text))
            run_command(st.app, "account lena")
            await st.press("x", "enter")
            check(st)

    play(scene())


def test_even_text_that_was_never_sanitised_cannot_steer() -> None:
    """The last fence: a caller's mistake shows a sign, it sends nothing."""
    from slskmesh.text import SafeStr

    raw = SafeStr("\x1b]0;owned\x07\x9b2J\u202ex")

    async def scene() -> None:
        async with stage(settings_view(), status(detail=raw, banner=Banner.STOPPED)) as st:
            await st.search("x")
            check(st)

    play(scene())


def test_a_search_text_from_the_command_line_is_cleaned() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.app.pasted("ignored while nothing is typed")
            await st.press("i")
            st.app.pasted("two\nlines\x1b[31m")
            await st.settle()
            check(st)
            assert "\x1b" not in st.app.search.query_box.edit.text
            assert run_command(st.app, "theme [/b]") is None
            await st.settle()
            check(st)

    play(scene())


def test_the_views_hold_what_the_test_believes() -> None:
    """Soiling reaches nested rows, or the test above would prove nothing."""
    view = soiled(peers(), "[/b]")
    assert isinstance(view, PeersView) and view.peers[0].name == "[/b]"
    assert soiled(transfers(), "[/b]").transfers[0].sources[0].state == "[/b]"
    assert soiled(settings_view(), "[/b]").settings[0].value == "[/b]"
    for kind in (TransfersView, UploadsView, SettingsView):
        assert kind in View.__subclasses__()
    assert (
        soiled(job_view(1), "[/b]").row.title == "[/b]"
        and soiled(job_view(1), "[/b]").tracks[0].why == "[/b]"
    )
    assert soiled(resolved(1), "[/b]").plan.tracks[0].variants[0].reasons[0] == "[/b]"
    assert soiled(mode(), "[/b]").events[0][1] == "[/b]" and soiled(mode(), "[/b]").what == "[/b]"
    assert soiled(statistics(), "[/b]").hooks[0].line == "[/b]"
    assert soiled(published(1), "[/b]").out[0].says == ("[/b]",) * 3
    assert s("[/b]") == "[/b]"
