import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.acquire.domains import Constraints
from slskmesh.catalogue.objects import ReleaseBrief, ReleaseGroup
from slskmesh.jobs.editions import choose_edition, crate_of, groups_of
from slskmesh.jobs.state import Profile
from slskmesh.text import SafeStr
from tests.jobs.doubles import mbid


def brief(
    number: int, date: str = "2000", tracks: int = 10, status: str = "Official", **more: str
) -> ReleaseBrief:
    words = {name: SafeStr(value) for name, value in more.items() if name != "group"}
    group = mbid(int(more["group"])) if "group" in more else None
    return ReleaseBrief(
        mbid(number), SafeStr(f"R{number}"), SafeStr("A"), group=group, date=SafeStr(date),
        status=SafeStr(status), tracks=tracks, **words,
    )  # fmt: skip


def group(number: int, primary: str, *beside: str, date: str = "2000") -> ReleaseGroup:
    return ReleaseGroup(
        mbid(number),
        SafeStr(f"G{number}"),
        first_date=SafeStr(date),
        primary_type=SafeStr(primary),
        secondary_types=tuple(map(SafeStr, beside)),
    )


GROUPS = [
    group(1, "Album", date="2001"),
    group(2, "EP", date="1999"),
    group(3, "Single"),
    group(4, "Album", "Live"),
    group(5, "Album", "Compilation", "Remix"),
    group(6, "Album", date=""),
    group(7, "Other"),
    group(1, "Album", date="2001"),
]


@pytest.mark.parametrize(
    ("profile", "numbers"),
    [
        (Profile.CORE, [2, 1, 6]),
        (Profile.EXTENDED, [2, 3, 4, 1, 6]),
        (Profile.ALL, [2, 3, 4, 5, 7, 1, 6]),
    ],
)
def test_profiles(profile: Profile, numbers: list[int]) -> None:
    assert [one.mbid for one in groups_of(profile, GROUPS)] == [mbid(n) for n in numbers]


def test_the_edition_is_official_then_most_complete_then_earliest() -> None:
    editions = [
        brief(1, "1990", 20, "Bootleg"),
        brief(2, "2001", 10),
        brief(3, "1999", 10),
        brief(4, "2005", 12),
        brief(5, "2004", 12),
        brief(6, "", 12),
    ]
    chosen = choose_edition(editions, Constraints(), official_only=True)
    assert chosen is not None and chosen.mbid == mbid(5)
    assert choose_edition(editions[:1], Constraints(), official_only=True) is None
    only = choose_edition(editions[:1], Constraints(), official_only=False)
    assert only is not None and only.mbid == mbid(1)


def test_a_medium_that_was_never_lossless_comes_last_where_only_lossless_is_wanted() -> None:
    editions = [brief(1, tracks=12, format="MiniDisc"), brief(2, tracks=10, format="CD")]
    for allow, number in ((True, 1), (False, 2)):
        chosen = choose_edition(editions, Constraints(allow_lossy=allow), official_only=True)
        assert chosen is not None and chosen.mbid == mbid(number)


briefs = st.lists(
    st.builds(
        brief,
        st.integers(1, 50),
        st.sampled_from(["", "1999", "2000-01-01", "2004"]),
        st.integers(0, 30),
        st.sampled_from(["Official", "", "Bootleg"]),
        group=st.sampled_from(["7", "8", "9"]),
    ),
    max_size=12,
    unique_by=lambda one: one.mbid,
)


@given(briefs, st.randoms(), st.integers(1, 4))
def test_the_choice_does_not_hang_on_the_order(some: list[ReleaseBrief], rng: object, limit: int) -> None:
    shuffled = list(some)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    for official in (True, False):
        assert choose_edition(some, Constraints(), official_only=official) == choose_edition(
            shuffled, Constraints(), official_only=official
        )
    crate = crate_of(some, Constraints(), limit)
    assert crate == crate_of(shuffled, Constraints(), limit)
    assert len(crate) <= limit and len({one.group for one in crate}) == len(crate)
    assert all(one.status != "Bootleg" for one in crate)
