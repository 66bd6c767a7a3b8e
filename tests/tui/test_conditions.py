"""Jobs on conditions in the real app: O on a release, in the list of a new job, and behind `:job`."""

from __future__ import annotations

from slskmesh.engine import commands as c
from slskmesh.engine.events import LookedUp, Reply
from tests.tui.fake import s
from tests.tui.fake_jobs import entity, job_view, jobs, looked_up, mbid, resolved
from tests.tui.stage import NARROW, Stage, play, stage
from tui.everywhere import run_command


async def find(st: Stage, kind: str = "release") -> None:
    assert run_command(st.app, "release harbour") is None
    await st.settle()
    await st.push(looked_up(len(st.client.commands), 3, kind))


def added(st: Stage) -> c.AddJob:
    found = st.client.sent(c.AddJob)[-1]
    assert isinstance(found, c.AddJob)
    return found


def test_a_release_with_conditions() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.client.answer = lambda n, command: Reply(n, True, s(""), "7")
            await find(st)
            await st.press("O")
            assert "job of Quayside Records" in st.text() and "codec=  lossless  kbps=" in st.text()
            await st.type('codec=FLAC,ALAC lossless kbps=600 dir="New music" layout={title} tracks=1,3-5')
            await st.press("enter")
            assert st.app.prompt.question is None and "job 7 added" in st.text()
            assert added(st) == c.AddJob(
                "mb_release",
                mbid(0),
                title="Marit Holm / Quayside Records",
                target_dir="New music",
                layout="{title}",
                tracks=(1, 3, 4, 5),
                preferred_codecs=("FLAC", "ALAC"),
                allow_lossy=False,
                overlay_bandwidth_kbps=600,
            )
            await st.press("O", "up")
            assert "kbps=600" in st.app.prompt.edit.text, "earlier lines come back"

    play(scene())


def test_what_is_wrong_keeps_the_line_also_where_the_engine_says_it() -> None:
    async def scene() -> None:
        async with stage(size=NARROW) as st:
            await find(st)
            await st.press("O")
            await st.type("kbps=fast dir=../x")
            await st.press("enter")
            assert "kbps= takes a number from 1 to" in st.text() and not st.client.sent(c.AddJob)
            await st.press("ctrl+u")
            await st.type("dir=../x")
            st.client.answer = lambda n, command: Reply(n, False, s("the folder leads out of the downloads"))
            await st.press("enter")
            assert "the folder leads out of the downloads" in st.text()
            assert st.app.prompt.edit.text == "dir=../x"
            st.client.answer = lambda n, command: None
            await st.press("enter", "escape")
            await st.push(Reply(len(st.client.commands), False, s("too late to ask")))
            assert st.app.prompt.question is None
            assert any("too late to ask" in n.text for n in st.app.state.notices), "nothing wrong is lost"

    play(scene())


def test_tab_completes_names_and_values_and_says_what_they_are() -> None:
    async def scene() -> None:
        async with stage(size=NARROW) as st:
            await find(st)
            await st.press("O", "k", "tab")
            assert st.app.prompt.edit.text == "kbps=" and "kbit/s at most" in st.text()
            await st.type("600 c")
            await st.press("tab", "o", "tab")
            assert st.app.prompt.edit.text == "kbps=600 codec=Opus"

    play(scene())


def test_marked_tracks_stand_in_the_line() -> None:
    async def scene() -> None:
        async with stage() as st:
            await find(st)
            await st.press("enter")
            await st.push(resolved(len(st.client.commands)))
            await st.press("space", "space", "space", "j", "space", "O")
            assert st.app.prompt.edit.text == "tracks=1-3,5 "
            await st.press("enter")
            assert added(st).tracks == (1, 2, 3, 5)

    play(scene())


def test_artists_and_labels_begin_with_how_much() -> None:
    async def scene() -> None:
        async with stage() as st:
            await find(st, "artist")
            await st.press("O")
            assert st.app.prompt.edit.text == "profile=core " and "tracks=" not in st.text()
            await st.type("lossless")
            await st.press("enter")
            assert (added(st).profile, added(st).allow_lossy) == ("core", False)
            await st.press("escape", "enter")
            assert "on conditions" in st.text()
            await st.press("O")
            assert st.app.prompt.edit.text == "profile=core "
            await st.press("escape")
            await find(st, "label")
            await st.press("O")
            await st.press("ctrl+u")
            await st.type("limit=3 scene=scene:label:x")
            await st.press("enter")
            assert (added(st).kind, added(st).limit, added(st).scene) == ("label_crate", 3, "scene:label:x")

    play(scene())


def test_a_new_job_takes_conditions_behind_its_words_and_in_its_list() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("3", "c")
            await st.type("harbour lights loss")
            await st.press("tab", "enter")
            assert st.last() == c.LookUp("harbour lights", "")
            await st.push(looked_up(len(st.client.commands)))
            assert "O conditions" in st.text()
            await st.press("enter")
            assert not added(st).allow_lossy
            await st.press("c")
            await st.type("harbour kbps=x")
            await st.press("enter")
            assert "kbps= takes a number" in st.text() and len(st.client.sent(c.LookUp)) == 1
            await st.press("backspace", "9", "enter")
            await st.push(looked_up(len(st.client.commands)))
            await st.press("j", "O")
            assert st.app.prompt.edit.text == "kbps=9" and "job of Harbour Lights" in st.text()
            await st.press("enter")
            assert (added(st).target, added(st).overlay_bandwidth_kbps) == (mbid(1), 9)

    play(scene())


def test_the_command_takes_ids_and_conditions() -> None:
    async def scene() -> None:
        async with stage() as st:
            complete = st.app.registry.complete
            assert complete(st.app, f"job {mbid(3)} ") and f"job {mbid(3)} dir=" in complete(
                st.app, f"job {mbid(3)} d"
            )
            assert complete(st.app, "job artist: Holm profile=e") == ["job artist: Holm profile=extended"]
            assert complete(st.app, "job harbour c") == [], "one letter may be a word of its name"
            assert run_command(st.app, f"job {mbid(3)} codec=FLAC tracks=2") is None
            await st.push(LookedUp(1, "release", (entity(3),)))
            assert (added(st).preferred_codecs, added(st).tracks) == (("FLAC",), (2,))
            assert run_command(st.app, f"job {mbid(5)} tracks=2") is None
            await st.push(LookedUp(len(st.client.commands), "artist", (entity(5, "artist"),)))
            assert "tracks= is for jobs of a release only" in st.text()
            assert st.app.prompt.edit.text == "tracks=2", "it can be mended"
            await st.press("escape")
            assert run_command(st.app, f"job {mbid(1)} {mbid(2)} lossless") is None
            await st.settle()
            for number, at in zip(list(st.app.inquiries._look_ups), (1, 2), strict=True):
                await st.push(LookedUp(number, "release", (entity(at),)))
            sent = st.client.sent(c.AddJob)[-2:]
            assert [(x.target, x.allow_lossy) for x in sent] == [(mbid(1), False), (mbid(2), False)]  # type: ignore[attr-defined]
            assert run_command(st.app, "job codec=FLAC") is None
            await st.settle()
            assert "then its conditions" in st.text()

    play(scene())


def test_the_job_s_head_tells_its_conditions_whole() -> None:
    words = "codecs FLAC, ALAC  lossy refused  at most 600 kbit/s  folder New music  layout {artist}/{title}"

    async def scene() -> None:
        async with stage(size=NARROW) as st:
            await st.push(jobs())
            await st.press("3")
            await st.settle()
            await st.press("j")
            await st.push(job_view(1, options=s(words)))
            shown = " ".join(st.text().replace("│", " ").split())
            for part in ("codecs FLAC, ALAC", "lossy refused", "at most 600 kbit/s", "{artist}/{title}"):
                assert part in shown

    play(scene())
