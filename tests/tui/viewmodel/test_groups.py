"""Folded results: the same files as the list shows, in any batches; discs fold; ids beat names."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slskmesh.engine.views import HitView
from tests.tui.fake import hit, s
from tests.tui.fake_jobs import mbid
from tui.viewmodel.facets import NAMES
from tui.viewmodel.groups import Group, Groups, group_key
from tui.viewmodel.results import Results, Row

HITS = st.lists(
    st.builds(
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
    ),
    max_size=60,
)


def files(groups: Groups) -> list[str]:
    found = [groups.row(at) for at in range(len(groups))]
    return [row.key for item in found if isinstance(item, Group) for row in item.rows]


@given(
    HITS, st.sets(st.sampled_from(NAMES)).map(frozenset), st.sampled_from(["", "one", "night"]), st.randoms()
)
@settings(max_examples=60, deadline=None)
def test_folding_shows_the_files_of_the_list_however_they_come(
    hits: list[HitView], facets: frozenset[str], words: str, rng: random.Random
) -> None:
    results, groups = Results(), Groups()
    rest = list(hits)
    while rest:
        cut = rng.randint(1, len(rest))
        results.add(rest[:cut])
        rest = rest[cut:]
        if rng.random() < 0.3:
            results.refilter(words, facets)
        groups.update(results)
    results.refilter(words, facets)
    groups.update(results)
    assert sorted(files(groups)) == sorted(results.row(at).key for at in range(len(results)))
    for at in range(len(groups)):
        assert groups.position(groups.row(at).key) == at
    fresh = Groups()
    fresh.update(results)
    assert sorted(files(fresh)) == sorted(files(groups))


@given(HITS)
@settings(max_examples=30, deadline=None)
def test_opening_shows_files_under_their_release_and_folding_takes_them_away(hits: list[HitView]) -> None:
    results, groups = Results(), Groups()
    results.add(hits)
    groups.update(results)
    before = [groups.row(at) for at in range(len(groups))]
    for item in before:
        assert isinstance(item, Group)
        groups.flip(item)
    lines = [groups.row(at) for at in range(len(groups))]
    assert len(lines) == len(before) + len(results)
    for line in lines:
        if isinstance(line, Row):
            assert line in groups.group_of(line).rows
    groups.update(results)
    assert len(groups) == len(lines), "what is open stays open"
    for item in before:
        assert isinstance(item, Group)
        groups.flip(item)
    assert [groups.row(at) for at in range(len(groups))] == before


@pytest.mark.parametrize("folder", ["CD1", "cd 2", "Disc 1", "disk-02", "Disc 2 (live)", "LP1", "Side A"])
def test_discs_are_one_release(folder: str) -> None:
    plain = hit(1, folder=s("Music/Marit Holm/Harbour Lights"))
    assert group_key(hit(2, folder=s(f"Music/Marit Holm/Harbour Lights/{folder}"))) == group_key(plain)
    assert group_key(hit(2, folder=s(f"D:\\Harbour Lights\\{folder}"))) == group_key(plain)


@pytest.mark.parametrize("folder", ["Discovery", "CDs", "Sidewalk", "LP", "Vinyls"])
def test_other_folders_are_not_discs(folder: str) -> None:
    assert group_key(hit(2, folder=s(f"A/{folder}"))).endswith(folder.casefold())


def test_ids_beat_names_and_nameless_files_stay_with_their_peer() -> None:
    one, two = hit(1, release=mbid(1)), hit(2, release=mbid(1), artist=s("x"), album=s("y"), folder=s("z"))
    assert group_key(one) == group_key(two) != group_key(hit(1))
    loose = {group_key(hit(n, artist=s(""), peer=f"p{n}")) for n in (1, 2)}
    assert len(loose) == 2


def test_sums_follow_new_hits() -> None:
    results, groups = Results(), Groups()
    results.add([hit(0, disc=1), hit(1, disc=2, have=True)])
    groups.update(results)
    group = groups.row(0)
    assert isinstance(group, Group)
    found = groups.sum(group)
    assert (found.peers, found.have, found.discs, found.formats) == (2, 1, 2, "FLAC x1  MP3 x1")
    results.add([hit(9, content=hit(0).content, peer="another", folder=s("elsewhere"))])
    groups.update(results)
    assert groups.sum(group).peers == 3
    assert group.title == "Harbour Lights"


def test_a_file_that_a_facet_hid_comes_back_with_a_trusted_copy() -> None:
    results, groups = Results(), Groups()
    results.refilter("", frozenset({"trusted"}))
    results.add([hit(1, content="a" * 64, trusted=False)])
    groups.update(results)
    assert len(groups) == 0
    results.add([hit(2, content="a" * 64, trusted=True)])
    groups.update(results)
    assert files(groups) == ["a" * 64]


def test_nothing_moves_while_the_person_does() -> None:
    results, groups = Results(), Groups()
    results.add([hit(1)])
    groups.update(results)
    results.freeze(True)
    results.add([hit(30, album=s("Other"))])
    groups.update(results)
    assert groups.releases == 1
    results.freeze(False)
    groups.update(results)
    assert groups.releases == 2
