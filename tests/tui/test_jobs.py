"""The Jobs pane in the real app: watching, tabs, every action and its reason, new jobs, many rows."""

from __future__ import annotations

import time

import pytest
from msgspec import structs

from slskmesh.engine import commands as c
from slskmesh.engine.events import LookedUp, Reply
from slskmesh.engine.job_views import JobPhase, JobsView
from tests.tui.fake import ended, everything, s, status
from tests.tui.fake_jobs import entity, job, job_view, jobs, looked_up, mbid, release, track
from tests.tui.stage import Stage, play, stage
from tui.everywhere import run_command
from tui.panes.jobs import JobsPane
from tui.panes.swarm import SwarmPane
from tui.widgets.overlay import Menu


def pane(st: Stage) -> JobsPane:
    found = st.app.panes["jobs"]
    assert isinstance(found, JobsPane)
    return found


async def open_jobs(st: Stage, at: int = 1) -> None:
    await st.push(jobs())
    await st.press("3")
    await st.settle()
    await st.press(*["j"] * at)
    await st.push(job_view(at))


def test_the_job_under_the_cursor_is_watched_and_nothing_after_leaving() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("3")
            assert "no job yet: c begins one" in st.text()
            await st.push(jobs())
            assert st.last() == c.WatchJob(12)
            await st.press("j", "j")
            assert st.last() == c.WatchJob(14)
            await st.push(job_view(1))
            assert "Night Ferry" not in st.text(), "another job's view is not this job's"
            await st.push(job_view(2))
            assert "The Lanterns" in st.text()
            before = len(st.client.commands)
            await st.push(jobs())
            assert len(st.client.commands) == before, "nothing is asked again for a newer list"
            await st.press("1")
            assert st.last() == c.WatchJob(0)

    play(scene())


def test_pause_resume_retry_and_their_reasons() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("p")
            assert st.last() == c.PauseJob(13)
            await st.press("5", "j", "k", "p")
            assert st.last() == c.ResumeJob(17), "p goes on with a paused one"
            await st.press("r")
            assert any("it is paused; p goes on with it" in n.text for n in st.app.state.notices)
            await st.press("j", "r")
            assert st.last() == c.RetryJob(18)
            await st.press("k", "k", "p")
            assert any("off, it is done" in n.text for n in st.app.state.notices)
            await st.push(ended())
            before = len(st.client.commands)
            await st.press("p", "d", "c", "J")
            assert len(st.client.commands) == before

    play(scene())


def test_cancel_and_remove_ask_and_say_what_stays() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("d")
            text = st.text()
            assert (
                "Harbour Lights: cancel it? 19 finished files stay" in text
                and "unfinished ones are deleted" in text
            )
            await st.press("n")
            assert not st.client.sent(c.CancelJob)
            await st.press("d", "y")
            assert st.last() == c.CancelJob(13)
            await st.press("j", "j", "j", "d")
            assert "take it off the list? 10 finished files stay" in st.text()
            await st.press("y")
            assert st.last() == c.RemoveJob(16)

    play(scene())


def test_moving_takes_a_count_and_only_in_the_order_of_work() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("J", "5", "J", "K")
            assert st.client.commands[-3:] == [c.MoveJob(13, 1), c.MoveJob(13, 5), c.MoveJob(13, -1)]
            await st.press("s", "j", "enter")
            assert pane(st).sort == "state" and "sort:state" in st.text()
            assert pane(st).list.source.row(0).phase is JobPhase.FAILED
            assert pane(st).row is not None and pane(st).row.job == 13, "the cursor stays on its job"  # type: ignore[union-attr]
            before = len(st.client.commands)
            await st.press("J")
            assert len(st.client.commands) == before
            await st.press("S")
            assert pane(st).list.source.row(7).phase is JobPhase.FAILED

    play(scene())


def test_tabs_tracks_plan_and_events() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            assert "[tracks]  plan  events" in st.text() and "canon FLAC 16/44.1" in st.text()
            await st.press("enter", "j", "enter")
            assert "Salt Lines" in st.text() and "why" in st.text()
            assert st.app.overlay is not None
            await st.press("escape", "right_square_bracket")
            text = st.text()
            assert "4 hold it, the table names 6, about 9 by sketches" in text and "canonical variant" in text
            assert pane(st).box.id == "job-plan"
            await st.press("e")
            assert "MusicBrainz names 8 tracks" in st.text() and pane(st).box.id == "job-events"
            await st.press("e", "left_square_bracket", "left_square_bracket")
            assert pane(st).tab == "plan"
            await st.press("escape")
            assert pane(st).box.id == "jobs"

    play(scene())


def test_a_discography_shows_releases_first() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st, 2)
            await st.push(job_view(2, 32))
            assert "1996 Harbour Lights" in st.text() and "Night Ferry" not in st.text()
            await st.press("enter", "j")
            assert pane(st).box.id == "job-releases"
            await st.press("enter")
            assert pane(st).box.id == "job-tracks" and "job 14 The Lanterns" in st.text()
            assert [row.release for row in pane(st).tracks.source.items] == [mbid(101)] * 8  # type: ignore[attr-defined]
            await st.push(job_view(2, 32))
            assert pane(st).inside, "a newer view leaves the person where they are"
            await st.press("escape")
            assert pane(st).box.id == "job-releases"
            await st.press("e", "escape", "escape")
            assert pane(st).box.id == "jobs"

    play(scene())


def test_m_jumps_to_the_track_s_transfer() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("m")
            await st.settle()
            swarm = st.app.panes["swarm"]
            assert st.app.pane_name == "swarm" and isinstance(swarm, SwarmPane)
            assert swarm.transfer is not None and swarm.transfer.transfer == f"{1:064x}", (
                "the first that is fetched"
            )
            await st.press("3", "enter", "j", "j", "m")
            await st.settle()
            assert swarm.transfer is not None and swarm.transfer.transfer == f"{2:064x}"
            await st.press("3")
            await st.settle()
            await st.press("j", "m")
            assert st.app.pane_name == "jobs"
            assert any("no transfer has begun" in n.text for n in st.app.state.notices)

    play(scene())


def test_copying_path_ids_and_rows() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("y", "i")
            assert st.app.clipboard == mbid(1)
            await st.press("enter", "o")
            assert st.app.clipboard == "/music/in/00.flac"
            await st.press("j", "o")
            assert any("it is not finished" in n.text for n in st.app.state.notices)
            await st.press("y", "i")
            assert st.app.clipboard == mbid(501)
            await st.press("y", "y")
            assert "Salt Lines" in st.app.clipboard

    play(scene())


def test_a_filter_keeps_jobs_with_its_words() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("slash")
            await st.type("disk full")
            await st.press("enter")
            assert "1 shown /disk full" in st.text() and pane(st).row is not None
            assert st.last() == c.WatchJob(18)
            await st.press("escape")
            assert len(pane(st).list.source) == 8

    play(scene())


def test_the_row_s_menu_is_named_after_it_and_a_click_finds_the_row() -> None:
    async def scene() -> None:
        async with stage() as st:
            await open_jobs(st)
            await st.press("x")
            assert isinstance(st.app.overlay, Menu) and st.app.overlay.title == "Harbour Lights"
            assert "it is running" not in st.text()
            await st.press("escape")
            await st.pilot.click("#job-tracks", offset=(8, 6))
            assert pane(st).box.id == "job-tracks" and pane(st).tracks.cursor == 2, (
                "below two lines and the titles"
            )
            await st.press("x")
            assert isinstance(st.app.overlay, Menu) and st.app.overlay.title == "The Long Pier"

    play(scene())


async def ask_for(st: Stage, text: str, found: LookedUp) -> None:
    await st.press("3", "c")
    await st.type(text)
    await st.press("enter")
    asked = st.last()
    assert isinstance(asked, c.LookUp)
    await st.push(LookedUp(len(st.client.commands), found.kind, found.entities, found.stale, found.note))


def test_a_new_job_from_text() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.client.answer = lambda n, command: Reply(n, True, s(""), "21")
            await ask_for(st, "harbour lights", looked_up(0))
            assert st.last() == c.LookUp("harbour lights", "")
            assert isinstance(st.app.overlay, Menu) and "Quayside Records (1998)" in st.text()
            await st.press("j", "enter")
            job_ = st.last()
            assert isinstance(job_, c.AddJob)
            assert (job_.kind, job_.target, job_.title) == (
                "mb_release",
                mbid(1),
                "Marit Holm / Harbour Lights",
            )
            assert "job 21 added" in st.text()

    play(scene())


def test_a_new_job_of_an_artist_asks_how_much_and_of_a_label_how_many() -> None:
    async def scene() -> None:
        async with stage() as st:
            await ask_for(st, "artist: Marit Holm", looked_up(0, 2, "artist"))
            assert c.LookUp("Marit Holm", "artist") in st.client.commands
            await st.press("enter")
            assert "how much of Marit Holm" in st.text()
            await st.press("2")
            found = st.last()
            assert isinstance(found, c.AddJob) and (found.kind, found.profile) == ("discography", "extended")
            await ask_for(st, "label: Quayside", looked_up(0, 1, "label"))
            await st.press("enter")
            await st.type("x")
            await st.press("enter")
            assert "a number from 1 to 500" in st.text()
            await st.press("backspace", "backspace", "5", "enter")
            crate = st.last()
            assert isinstance(crate, c.AddJob) and (crate.kind, crate.limit) == ("label_crate", 25)

    play(scene())


def test_a_look_up_without_an_answer_keeps_the_prompt() -> None:
    async def scene() -> None:
        async with stage() as st:
            await ask_for(st, "harbour", looked_up(0, 0, note=s("musicbrainz.org cannot be reached")))
            assert "musicbrainz.org cannot be reached" in st.text() and st.app.prompt.question is not None
            st.client.answer = lambda n, command: Reply(n, False, s("the catalogue is off"))
            await st.press("enter")
            assert "the catalogue is off" in st.text()
            st.client.answer = lambda n, command: None
            await st.press("enter", "escape")
            await st.push(looked_up(len(st.client.commands)))
            assert st.app.overlay is None, "who left the question is not asked any more"

    play(scene())


def test_job_commands_take_text_and_several_ids() -> None:
    async def scene() -> None:
        async with stage() as st:
            assert run_command(st.app, f"job {mbid(3)}") is None
            await st.push(LookedUp(1, "release", (entity(3),)))
            assert isinstance(st.last(), c.AddJob)
            st.client.commands.clear()
            assert run_command(st.app, f"job {mbid(1)} https://musicbrainz.org/release/{mbid(2)}") is None
            assert [type(x) for x in st.client.commands] == [c.LookUp, c.LookUp]
            numbers = list(st.app.inquiries._look_ups)
            await st.push(
                LookedUp(numbers[0], "release", (entity(1),)),
                LookedUp(numbers[1], "release", (), note=s("no")),
            )
            assert [x.target for x in st.client.sent(c.AddJob)] == [mbid(1)]  # type: ignore[attr-defined]
            assert any(str(n.text).startswith(mbid(2)) for n in st.app.state.notices)
            assert run_command(st.app, "jobs") is None
            assert st.app.pane_name == "jobs"

    play(scene())


def test_a_refused_job_says_why() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.client.answer = lambda n, command: (
                Reply(n, False, s("choose a downloads folder first"))
                if isinstance(command, c.AddJob)
                else Reply(n, True)
            )
            assert run_command(st.app, f"job {mbid(3)}") is None
            await st.push(LookedUp(1, "release", (entity(3),)))
            assert "choose a downloads folder first" in st.text()

    play(scene())


@pytest.mark.parametrize("key", ["j", "G", "]", "e"])
def test_two_thousand_tracks_and_five_hundred_jobs_cost_no_more_than_a_screen(key: str) -> None:
    async def scene() -> None:
        rows = JobsView(tuple(job(n, job=n + 1) for n in range(500)))
        async with stage(*everything(), status(jobs=500), rows) as st:
            await st.press("3")
            many = tuple(track(n, key=n) for n in range(2_000))
            row = rows.jobs[0]
            await st.push(
                structs.replace(
                    job_view(0), row=row, tracks=many, releases=(release(0), release(13, mbid=mbid(100)))
                )
            )
            await st.press("enter", "enter", "j")
            start = time.process_time()
            for _ in range(10):
                await st.press({"]": "right_square_bracket"}.get(key, key))
            assert time.process_time() - start < 1.5, "ten keys"

    play(scene())
