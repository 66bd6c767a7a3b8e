"""Search by MusicBrainz in the real app: modes, look-ups and their states, holders, jobs; folded results."""

from __future__ import annotations

import time

import pytest
from msgspec import structs

from slskmesh.engine import commands as c
from slskmesh.engine.events import Found, Reply, Resolving
from slskmesh.engine.legacy_commands import GetHits
from slskmesh.engine.views import Banner
from tests.tui.fake import everything, hit, hits, s, settings_view, status
from tests.tui.fake_jobs import entity, looked_up, mbid, plan_track, resolved, variant
from tests.tui.stage import Stage, play, stage
from tests.tui.test_search import until
from tui.everywhere import run_command
from tui.inquiries import WAITING_MAX
from tui.panes.search import SearchPane
from tui.viewmodel.holdings import Group

ADDRESS = f"https://musicbrainz.org/release/{mbid(1)}"


def pane(st: Stage) -> SearchPane:
    return st.app.search


async def find(st: Stage, text: str = "harbour") -> int:
    """Asks in mode release; returns the request's number."""
    assert run_command(st.app, f"release {text}") is None
    await st.settle()
    return len(st.client.commands)


async def resolve(st: Stage) -> None:
    """The tracks of the second release, with their holders."""
    await st.push(looked_up(await find(st)))
    await st.press("j", "enter")
    assert st.last() == c.Resolve(mbid(1))
    await st.push(resolved(len(st.client.commands)))


def test_tab_and_t_change_the_mode_and_each_keeps_what_it_found() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            await st.press("t")
            assert pane(st).mode == "release" and "text [release] mbid" in st.text()
            assert "press i and type artist and title" in st.text()
            await st.press("i", "tab", "tab", "tab", "tab")
            assert pane(st).mode == "text" and pane(st).typing
            await st.press("tab", "escape")
            await st.push(looked_up(await find(st)))
            assert "Harbour Lights" in st.text() and "99%" in st.text()
            await st.press("t", "t")
            assert pane(st).mode == "user" and "40 hits" in st.text()
            await st.press("t", "t", "t")
            assert "6 releases at MusicBrainz" in st.text()
            assert [type(x) for x in st.client.commands] == [c.Search, c.LookUp]

    play(scene())


def test_typing_asks_musicbrainz_for_releases() -> None:
    async def scene() -> None:
        async with stage(settings_view(), status(Banner.ISOLATED)) as st:
            await st.press("t", "i")
            await st.type("salt lines")
            await st.press("enter")
            assert st.last() == c.LookUp("salt lines"), "this works without any peer"
            assert "asking MusicBrainz" in st.text()

    play(scene())


def test_the_states_of_a_look_up() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.push(looked_up(await find(st), 0))
            assert "MusicBrainz knows no release with these words" in st.text()
            await st.push(looked_up(await find(st), 0, note=s("musicbrainz.org cannot be reached: no route")))
            assert "0 releases" not in st.text() and "no answer" in st.text()
            assert (
                "cannot be reached: no route" in st.text()
                and "search by text works all the same" in st.text()
            )
            await st.push(
                looked_up(await find(st), 3, stale=True, note=s("musicbrainz.org asks for a pause"))
            )
            assert (
                "old answer: musicbrainz.org asks for a pause" in st.text() and "Harbour Lights" in st.text()
            )
            st.client.answer = lambda n, command: Reply(n, False, s("MusicBrainz is switched off"))
            await find(st)
            assert "MusicBrainz is switched off" in st.text()
            st.client.answer = lambda n, command: None
            first = await find(st, "one")
            await find(st, "two")
            await st.push(looked_up(first))
            assert "asking MusicBrainz" in st.text(), "an answer to the question before is not shown"

    play(scene())


def test_a_pasted_address_switches_the_mode_and_resolves_at_once() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.press("i")
            st.app.pasted(ADDRESS)
            await st.settle()
            assert pane(st).mode == "mbid" and "text release [mbid]" in st.text()
            await st.press("enter")
            assert st.last() == c.LookUp(ADDRESS)
            await st.push(looked_up(len(st.client.commands), entities=(entity(1),)))
            assert st.last() == c.Resolve(mbid(1)) and "asking MusicBrainz for its tracks" in st.text()
            await st.push(resolved(len(st.client.commands)))
            assert "7/8 tracks  4 holders" in st.text()
            await st.press("escape")
            assert "1 release at MusicBrainz" in st.text()

    play(scene())


def test_an_id_pasted_over_the_lists_goes_into_the_query() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            st.app.pasted("just text")
            assert not pane(st).typing
            st.app.pasted(ADDRESS)
            await st.settle()
            assert pane(st).typing and pane(st).mode == "mbid" and pane(st).query_box.edit.text == ADDRESS

    play(scene())


def test_only_so_many_questions_wait() -> None:
    async def scene() -> None:
        async with stage() as st:
            told: list[int] = []
            for _ in range(WAITING_MAX + 3):
                st.app.inquiries.look_up(st.app, c.LookUp("x"), lambda event: told.append(event.query), print)
            await st.push(*(looked_up(n) for n in range(1, WAITING_MAX + 4)))
            assert told == list(range(4, WAITING_MAX + 4)), "the oldest are dropped, each is told once"
            await st.push(looked_up(5))
            assert told.count(5) == 1

    play(scene())


def test_twenty_thousand_folded_files_cost_no_more_than_a_screen() -> None:
    async def scene() -> None:
        async with stage() as st:
            found = tuple(hit(n, artist=s("X"), album=s(f"A{n // 10}"), folder=s("M")) for n in range(20_000))
            await st.search(found=found)
            await until(st, lambda: pane(st).results.hits == 20_000)
            pane(st).hits.publish()
            await st.press("z")
            await until(st, lambda: pane(st).hits.groups.releases == 2_000)
            start = time.process_time()
            await st.press("j", "enter", "j", "G", "g", "g", "k", "enter", "j")
            assert time.process_time() - start < 1.5, "nine keys"

    play(scene())


def test_an_id_typed_in_mode_text_is_looked_up_and_text_in_mode_mbid_is_not() -> None:
    async def scene() -> None:
        async with stage() as st:
            assert run_command(st.app, f"search {mbid(4)}") is None
            assert pane(st).mode == "mbid" and st.last() == c.LookUp(mbid(4))
            assert run_command(st.app, "resolve harbour lights") is None
            await st.settle()
            assert len(st.client.commands) == 1 and "not a MusicBrainz id" in st.text()

    play(scene())


def test_holders_variants_and_reasons_of_a_release() -> None:
    async def scene() -> None:
        async with stage() as st:
            await resolve(st)
            text = st.text()
            assert (
                "4 hold it, the table names 6, about 9 by sketches" in text
                and "most holders agree on it" in text
            )
            assert "nobody named it" in text and "here already" in text
            await st.press("j", "enter")
            assert "1 candidate left out" in st.text() and "alt MP3 320" in st.text()
            await st.press("escape", "r")
            assert st.last() == c.Resolve(mbid(1)), "r asks again"
            await st.push(resolved(len(st.client.commands), plan=None, note=s("nobody in the table has it")))
            assert "nobody in the table has it" in st.text()
            before = len(st.client.commands)
            await st.press("a")
            assert len(st.client.commands) == before, "no tracks are known"
            await st.press("A")
            assert isinstance(st.last(), c.AddJob)

    play(scene())


def test_holders_are_shown_as_they_come_and_only_while_the_search_is_on() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.push(looked_up(await find(st)))
            await st.press("enter")
            first = len(st.client.commands)
            await st.push(Resolving(first))
            assert "asking the table of peers who has it" in st.text()
            await st.push(Resolving(first, 3, 7, 9))
            assert "asking: 3 hold it, the table names 7" in st.text()
            assert "3 hold it, the table names 7, about 9 by sketches" in st.text()
            await st.press("escape")
            await st.push(Resolving(first, 4, 7, 9))
            assert "4 hold it" not in st.text(), "who left is not told"
            await st.press("enter")
            assert "asking: 4 hold it" in st.text() and len(st.client.commands) == first, "asked once"
            await st.press("r")
            await st.push(Resolving(first, 5, 7, 9))
            assert "5 hold it" not in st.text(), "it is asked anew"
            await st.press("escape", "j", "enter")
            second = len(st.client.commands)
            await st.push(Resolving(second, 1, 1, 1), resolved(first), resolved(first + 1))
            assert "asking: 1 hold it" in st.text()
            await st.push(resolved(second), Resolving(second, 9, 9, 9))
            assert "7/8 tracks  4 holders" in st.text() and "9 hold it" not in st.text()
            await st.press("r")
            third = len(st.client.commands)
            await find(st, "something else")
            await st.push(Resolving(third, 2, 2, 2))
            assert "2 hold it" not in st.text() and "asking MusicBrainz" in st.text()

    play(scene())


def test_wrapped_reasons_stay_under_their_variant() -> None:
    words = "the most holders agree on this one and it fits the other tracks of the release"

    async def scene() -> None:
        async with stage() as st:
            track = plan_track(0, variants=(variant(0, reasons=(s(words), s("lossless"))),))
            await st.push(looked_up(await find(st)))
            await st.press("enter")
            answer = resolved(len(st.client.commands))
            assert answer.plan is not None
            await st.push(structs.replace(answer, plan=structs.replace(answer.plan, tracks=(track,))))
            shown = ["".join(text for text, _ in line) for line in pane(st).sources.flowed()]
            assert len(shown) > 3 and not shown[0].startswith(" ")
            assert all(line.startswith("  ") and line[2] != " " for line in shown[1:])
            assert " ".join(line.strip() for line in shown[1:-1]) == words

    play(scene())


def test_going_back_and_in_again_asks_nothing_twice() -> None:
    async def scene() -> None:
        async with stage() as st:
            await resolve(st)
            await st.press("escape", "enter")
            assert "7/8 tracks" in st.text() and len(st.client.sent(c.Resolve)) == 1
            await st.press("escape", "k", "enter", "escape", "j", "j", "enter")
            assert st.client.commands[-2:] == [c.Resolve(mbid(0)), c.Resolve(mbid(2))]
            await st.push(resolved(len(st.client.commands) - 1))
            assert "7/8 tracks" not in st.text(), "the answer about another release is not shown"
            await st.push(resolved(len(st.client.commands)))
            assert "7/8 tracks" in st.text()

    play(scene())


def test_jobs_of_a_release_and_of_marked_tracks() -> None:
    async def scene() -> None:
        async with stage() as st:
            st.client.answer = lambda n, command: Reply(n, True, s(""), "7")
            await resolve(st)
            await st.press("A")
            assert st.last() == c.AddJob("mb_release", mbid(1), title="Marit Holm / Harbour Lights")
            assert "job 7 added" in st.text()
            await st.press("a")
            made = st.last()
            assert isinstance(made, c.AddJob) and made.tracks == (1,)
            await st.press("space", "j", "space", "a")
            made = st.last()
            assert isinstance(made, c.AddJob) and made.tracks == (1, 3)
            assert not pane(st).releases.lookup.marked, "the marks are used up"
            await st.press("asterisk")
            assert "8 marked" in st.text()
            await st.press("escape")
            assert "marked" not in st.text() and pane(st).releases.inside

    play(scene())


def test_an_artist_found_by_id_becomes_a_discography() -> None:
    async def scene() -> None:
        async with stage() as st:
            assert run_command(st.app, f"resolve {mbid(9)}") is None
            await st.push(looked_up(1, 1, "artist"))
            assert "A makes a job of its discography" in st.text()
            await st.press("enter", "1")
            made = st.last()
            assert isinstance(made, c.AddJob) and (made.kind, made.profile) == ("discography", "core")

    play(scene())


def test_filter_yank_and_menus_in_the_release_lists() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.push(looked_up(await find(st)))
            await st.press("slash")
            await st.type("paper")
            await st.press("enter")
            assert len(pane(st).front.source) == 1
            await st.press("y", "i")
            assert st.app.clipboard == mbid(3)
            await st.press("escape")
            assert len(pane(st).front.source) == 6
            await st.press("o")
            assert "enter asks who has it" in st.text()
            await st.press("escape", "x")
            assert "show its tracks and who has them" in st.text()
            await st.press("escape", "question_mark")
            assert "Search, releases" in st.text() and "switch facets" not in st.text()
            await st.press("escape", "alt+x")
            await st.type("whole folder")
            await st.press("enter")
            assert "only in the modes text, user and room (t changes it)" in st.text()

    play(scene())


def test_folded_results_open_and_download() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search()
            await st.press("z")
            first = pane(st).front.current
            assert isinstance(first, Group) and "3 releases" in st.text()
            assert "8 of 8 tracks at k:7f3a..9c lena" in st.text()
            await st.press("enter")
            assert len(pane(st).front.source) == 3 + len(first.lines())
            await st.press("j", "enter")
            asked = pane(st).asked
            assert st.last() == GetHits(asked, (first.lines()[0].hit.key,), "Marit Holm/Harbour Lights")
            await st.press("k", "space")
            assert pane(st).results.marked == set(first.best.files)
            await st.press("escape", "g", "g", "enter", "A")
            wanted = {found.key for found in first.best.files.values() if not found.have}
            got = st.last()
            assert isinstance(got, GetHits) and set(got.hits) == wanted
            await st.press("s", "j", "enter")
            assert pane(st).results.wanted.sort == "name"
            await st.press("z")
            assert "via  trust" in st.text()

    play(scene())


def test_folded_results_follow_filter_facets_and_new_hits() -> None:
    async def scene() -> None:
        async with stage() as st:
            await st.search(found=hits(16))
            await st.press("z", "slash")
            await st.type("paper")
            assert "1 release " in st.text()
            await st.press("escape", "f", "m", "escape")
            source = pane(st).front.source
            groups = [row for at in range(len(source)) if isinstance(row := source.row(at), Group)]
            assert groups and all(member.hit.format == "MP3" for group in groups for member in group.lines())
            await st.press("f", "m", "escape")
            await st.push(Found(pane(st).asked, (hit(99, artist=s("X"), album=s("New"), content="f" * 64),)))
            pane(st).results.freeze(False)
            pane(st).publish()
            await st.settle()
            assert "X / New (" in st.text()
            await st.press("slash")
            await st.type("new")
            await st.press("enter")
            assert pane(st).rows_box.current is not None

    play(scene())


@pytest.mark.parametrize("key", ["enter", "a", "A", "space", "r", "o"])
def test_keys_on_an_empty_list_say_why_they_are_off(key: str) -> None:
    async def scene() -> None:
        async with stage(*everything()) as st:
            await st.press("t", key)
            assert not st.client.commands and st.app.overlay is None

    play(scene())
