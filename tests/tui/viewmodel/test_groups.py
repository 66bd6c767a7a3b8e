"""Folded results: the same files as the list shows, in any batches; discs fold; ids beat names; sources told apart."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.views import HitView
from slskmesh.filters import Filter
from tests.tui.fake import hit, s
from tests.tui.fake_jobs import mbid
from tests.tui.fake_search import legacy, mixed
from tui.viewmodel.facets import NAMES
from tui.viewmodel.groups import Groups
from tui.viewmodel.hits import source_rank, who
from tui.viewmodel.holdings import Group, Member, group_key
from tui.viewmodel.results import Results
from tui.viewmodel.rows import SORTS, Wanted

MESH = st.builds(
    lambda key, content, album, trusted, form, ids: hit(
        key,
        content=f"{content:064x}",
        album=s(album),
        folder=s(f"Music/{album or 'loose'}"),
        trusted=trusted,
        format=s(form),
        release=mbid(content % 3) if ids else "",
    ),
    st.integers(0, 300),
    st.integers(0, 50),
    st.sampled_from(["", "One", "Two", "Three"]),
    st.booleans(),
    st.sampled_from(["FLAC", "MP3", ""]),
    st.booleans(),
)
LEGACY = st.builds(
    lambda number, nth, group, locked: legacy(number, nth, group=group, locked=locked),
    st.integers(0, 30),
    st.integers(0, 4),
    st.sampled_from(["r1", "r2", ""]),
    st.booleans(),
)
HITS = st.lists(st.one_of(MESH, LEGACY), max_size=60)
FILTERS = st.sampled_from(["", "one", "night", "free", "lossless -two", "format=mp3"]).map(Filter.parse)


def releases(groups: Groups) -> list[Group]:
    return [item for at in range(len(groups)) if isinstance(item := groups.row(at), Group)]


def files(groups: Groups) -> set[str]:
    return {member.row.key for group in releases(groups) for member in group.lines()}


def arrange(results: Results, wanted: Wanted) -> None:
    for _ in results.arrange(wanted):
        pass


def finish(groups: Groups, results: Results, most: int = 7) -> None:
    while not groups.update(results, most):
        pass


@given(
    HITS, st.frozensets(st.sampled_from(NAMES)), FILTERS, st.sampled_from(SORTS), st.booleans(), st.randoms()
)
@settings(max_examples=80, deadline=None)
def test_folding_shows_the_files_of_the_list_however_they_come(
    hits: list[HitView],
    facets: frozenset[str],
    words: Filter,
    sort: str,
    reverse: bool,
    rng: random.Random,
) -> None:
    results, groups = Results(), Groups()
    wanted = Wanted(sort, reverse, words, facets)
    rest = list(hits)
    while rest:
        cut = rng.randint(1, len(rest))
        results.add(rest[:cut])
        rest = rest[cut:]
        if rng.random() < 0.3:
            arrange(results, wanted)
        groups.update(results, rng.randint(1, 20))
        if len(groups) and rng.random() < 0.3:
            groups.flip(groups.group_of(groups.row(rng.randrange(len(groups)))))
    arrange(results, wanted)
    finish(groups, results)
    shown = {results.row(at).key for at in range(len(results))}
    assert files(groups) == shown
    for group in releases(groups):
        assert len(group.lines()) == group.shown > 0
        assert all(member.best.ok for member in group.lines())
    for at in range(len(groups)):
        assert groups.position(groups.row(at).key) == at
    fresh = Groups()
    fresh.update(results)
    assert [group.key for group in releases(fresh)] == [group.key for group in releases(groups)]
    assert files(fresh) == files(groups)


@given(HITS)
@settings(max_examples=60, deadline=None)
def test_every_source_is_told_with_what_it_has(hits: list[HitView]) -> None:
    results, groups = Results(), Groups()
    results.add(hits)
    groups.update(results)
    first = {h.key: h for h in reversed(hits)}.values()
    for group in releases(groups):
        here = [h for h in first if group_key(h) == group.key]
        assert group.users == len({who(h) for h in here})
        assert sum(len(holding.files) for holding in group.holdings.values()) >= len(group.members)
        for holding in group.sources():
            have, of = group.completeness(holding)
            assert 0 < have <= of or not holding.numbers
            assert {who(h) for h in holding.files.values()} == {who(holding.hit)}
            assert holding.size == sum(h.size for h in holding.files.values())
        open_ones = [holding for holding in group.sources() if not holding.locked]
        assert group.best.locked is not bool(open_ones), "a locked one is the best of locked ones only"
        most = max(group.completeness(holding)[0] for holding in open_ones or group.sources())
        assert group.completeness(group.best)[0] >= most


@given(HITS)
@settings(max_examples=30, deadline=None)
def test_opening_shows_files_under_their_release_and_folding_takes_them_away(hits: list[HitView]) -> None:
    results, groups = Results(), Groups()
    results.add(hits)
    groups.update(results)
    before = releases(groups)
    assert len(before) == len(groups)
    for item in before:
        groups.flip(item)
    lines = [groups.row(at) for at in range(len(groups))]
    assert len(lines) == len(before) + sum(group.shown for group in before)
    for line in lines:
        if isinstance(line, Member):
            assert line in groups.group_of(line).lines() and groups.is_open(line.group)
    groups.update(results)
    assert len(groups) == len(lines), "what is open stays open"
    for item in before:
        groups.flip(item)
    assert releases(groups) == before


def test_the_best_source_has_most_then_a_free_slot_then_speed() -> None:
    results, groups = Results(), Groups()
    results.add(mixed())
    groups.update(results)
    by_title = {group.title: group for group in releases(groups)}
    lights = by_title["Marit Holm / Harbour Lights"]
    told = [(holding.hit.short, *lights.completeness(holding)) for holding in lights.sources()]
    assert told == [
        ("slsk:vinyl_b", 8, 8),
        ("slsk:tape hiss", 8, 8),
        ("slsk:dusty_groove", 5, 8),
        ("k:7f3a..9c", 1, 8),
        ("k:1b0d..9c", 1, 8),
    ]
    assert lights.best.hit.short == "slsk:vinyl_b" and lights.users == 5
    moons = by_title["The Lanterns - Paper Moons"]
    assert moons.best.hit.short == "slsk:kosmische" and moons.sources()[-1].locked
    arrange(results, replace(results.asked, filter=Filter.parse("queue>=12!? queue<=12")))
    finish(groups, results)
    assert releases(groups)[0].best.hit.short == "slsk:tape hiss", (
        "a source that passes the filter comes first"
    )


def test_peers_together_give_what_each_lacks() -> None:
    results, groups = Results(), Groups()
    results.add([hit(n, peer=f"p{n % 2}", short=f"k:{n % 2}", content=f"{n:064x}") for n in range(8)])
    groups.update(results)
    (group,) = releases(groups)
    assert {group.completeness(holding) for holding in group.sources()} == {(4, 8)}
    assert group.completeness(group.best) == (8, 8) and len(group.best.files) == 8
    results.add([legacy(n, 0, group="", artist=s("Marit Holm"), album=s("Harbour Lights")) for n in range(7)])
    groups.update(results)
    assert len(releases(groups)) == 2, "without the engine's key another folder's name is another release"


def test_what_a_peer_is_found_with_twice_counts_once() -> None:
    """As in a mode that looks for ids too: once by words, without a disc, once by ids, with one and in no folder."""
    results, groups = Results(), Groups()
    for n in range(4):
        content, given = hit(n).content, {"disc": 1, "track": n + 1, "folder": s("")}
        results.add([hit(n, peer="p", group="r"), hit(50 + n, peer="p", group="r", content=content, **given)])
    results.add([hit(90, peer="q", group="r", content=hit(0).content, disc=1, track=1, folder=s(""))])
    groups.update(results)
    (group,) = releases(groups)
    assert group.completeness(group.best) == (4, 4) and group.best.discs == 1
    told = [(holding.hit.peer, len(holding.files)) for holding in group.sources()]
    assert told == [("p", 4), ("q", 1)]


def test_locked_folders_come_last_and_a_free_slot_first() -> None:
    results, groups = Results(), Groups()
    results.add([legacy(n, 0, locked=True) for n in range(8)] + [legacy(n, 1) for n in range(6)])
    groups.update(results)
    (group,) = releases(groups)
    assert group.best.hit.short == "slsk:tape hiss" and group.completeness(group.best) == (6, 8)
    assert source_rank(legacy(0, 0)) < source_rank(legacy(0, 1)) < source_rank(legacy(0, 0, locked=True))


def test_numbers_that_mean_nothing_do_not_make_a_release_incomplete() -> None:
    results, groups = Results(), Groups()
    results.add([legacy(n, 0, track=track, group="r") for n, track in enumerate((99, 2))])
    groups.update(results)
    (group,) = releases(groups)
    assert group.completeness(group.best) == (2, 2)


@pytest.mark.parametrize("folder", ["CD1", "cd 2", "Disc 1", "disk-02", "Disc 2 (live)", "LP1", "Side A"])
def test_discs_are_one_release(folder: str) -> None:
    plain = hit(1, folder=s("Music/Marit Holm/Harbour Lights"))
    assert group_key(hit(2, folder=s(f"Music/Marit Holm/Harbour Lights/{folder}"))) == group_key(plain)
    assert group_key(hit(2, folder=s(f"D:\\Harbour Lights\\{folder}"))) == group_key(plain)


def test_discs_in_one_name_are_one_holding() -> None:
    results, groups = Results(), Groups()
    results.add(
        legacy(n, 0, disc=1 + n % 2, track=1 + n // 2, folder=s(f"Music/Lights (Disc {1 + n % 2})"))
        for n in range(6)
    )
    groups.update(results)
    (group,) = releases(groups)
    assert len(group.holdings) == 1 and group.best.discs == 2
    assert group.completeness(group.best) == (6, 6)
    assert [m.hit.disc for m in group.lines()] == [1, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("folder", ["Discovery", "CDs", "Sidewalk", "LP", "Vinyls"])
def test_other_folders_are_not_discs(folder: str) -> None:
    assert group_key(hit(2, folder=s(f"A/{folder}"))).endswith(folder.casefold())


def test_the_engine_s_key_beats_ids_and_ids_beat_names() -> None:
    one, two = hit(1, release=mbid(1)), hit(2, release=mbid(1), artist=s("x"), album=s("y"), folder=s("z"))
    assert group_key(one) == group_key(two) != group_key(hit(1))
    assert group_key(hit(1, group="r1")) == group_key(legacy(3, group="r1")) != group_key(one)
    loose = {group_key(hit(n, artist=s(""), peer=f"p{n}")) for n in (1, 2)}
    assert len(loose) == 2


def test_a_file_of_two_releases_stands_in_both() -> None:
    results, groups = Results(), Groups()
    results.add([legacy(0, 0, group="r1"), legacy(0, 1, group="r2", group_title=s("Best of"))])
    groups.update(results)
    assert len(results) == 1 and [len(group.lines()) for group in releases(groups)] == [1, 1]
    for group in releases(groups):
        groups.flip(group)
    assert len({groups.row(at).key for at in range(len(groups))}) == len(groups) == 4


def test_what_is_held_is_counted() -> None:
    results, groups = Results(), Groups()
    results.add([hit(0, disc=1, peer="p"), hit(1, disc=2, have=True, peer="p")])
    groups.update(results)
    group = groups.row(0)
    assert isinstance(group, Group)
    assert (group.users, group.have, group.best.discs, group.best.formats()) == (1, 1, 2, "FLAC x1  MP3 x1")
    results.add([hit(2, content=hit(0).content, peer="another", folder=s("Harbour Lights"), have=True)])
    groups.update(results)
    assert (group.users, group.have) == (2, 2)


def test_a_file_that_a_facet_hid_comes_back_with_a_trusted_copy() -> None:
    results, groups = Results(Wanted(facets=frozenset({"trusted"}))), Groups()
    results.add([hit(1, content="a" * 64, trusted=False)])
    groups.update(results)
    assert len(groups) == 0
    results.add([hit(2, content="a" * 64, trusted=True)])
    groups.update(results)
    assert files(groups) == {"a" * 64}


def test_nothing_moves_while_the_person_does() -> None:
    results, groups = Results(), Groups()
    results.add([hit(1)])
    groups.update(results)
    results.freeze(True)
    results.add([hit(30, album=s("Other"))])
    assert groups.update(results)
    assert groups.releases == 1
    results.freeze(False)
    groups.update(results)
    assert groups.releases == 2


def test_much_is_folded_in_parts_and_the_old_list_stands_until_the_end() -> None:
    results, groups = Results(), Groups()
    results.add(legacy(n, 0) for n in range(3_000))
    finish(groups, results, 500)
    before = [group.key for group in releases(groups)]
    arrange(results, Wanted("name", filter=Filter.parse("lanterns")))
    assert not groups.update(results, 500)
    assert [group.key for group in releases(groups)] == before
    finish(groups, results, 500)
    assert 0 < groups.releases < len(before)
