import string
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.catalogue.objects import Release
from slskmesh.errors import UserError
from slskmesh.jobs.layout import DEPTH_MAX, FALLBACK, FIELDS, check_folder, check_layout, place_of
from slskmesh.paths import safe_join
from slskmesh.setting_sections import JobsSettings
from slskmesh.text import SafeStr, safe_name
from tests.jobs.doubles import make_release


def named(release: Release, **fields: str) -> Release:
    changed = {name: SafeStr(value) for name, value in fields.items() if name != "track"}
    release = msgspec.structs.replace(release, **changed)
    if "track" not in fields:
        return release
    medium = release.media[0]
    track = msgspec.structs.replace(medium.tracks[0], title=SafeStr(fields["track"]))
    return msgspec.structs.replace(
        release,
        media=(msgspec.structs.replace(medium, tracks=(track, *medium.tracks[1:])), *release.media[1:]),
    )


def where(release: Release, layout: str, index: int = 0, target: str = "") -> str:
    return "/".join(place_of(release, release.tracks[index], "FLAC", check_layout(layout), target))


def test_the_default_layout() -> None:
    assert JobsSettings().layout == FALLBACK
    assert where(make_release(), FALLBACK) == "Ann/Winter Light (2002)/01 Song 101.flac"
    two = make_release(discs=2)
    assert where(two, FALLBACK, 4) == "Ann/Winter Light (2002)/2-02 Song 105.flac"
    assert where(named(make_release(), date=""), FALLBACK) == "Ann/Winter Light/01 Song 101.flac"
    assert where(make_release(tracks=120), FALLBACK).endswith("/001 Song 101.flac")


@pytest.mark.parametrize(
    ("layout", "result"),
    [
        ("{title}", "/Song 101.flac"),
        ("{disc}/{title}", "/Song 101.flac"),  # one disc: no folder for it
        ("{album} [{disc}]/{track}", "Winter Light/01.flac"),
        ("x\\{track}", "x/01.flac"),
        ("{year}/{artist} - {title}", "2002/Ann - Song 101.flac"),
    ],
)
def test_layouts(layout: str, result: str) -> None:
    assert where(make_release(), layout) == result


@pytest.mark.parametrize(
    ("track", "name"),
    [
        ("AC/DC", "01 AC_DC.flac"),
        ("../../etc/passwd", "01 .._.._etc_passwd.flac"),
        ("..", "01 _..flac"),
        ("a\0b", "01 a_b.flac"),
        ("x" * 400, "01 " + "x" * 247 + ".flac"),
        ("{artist}", "01 {artist}.flac"),
    ],
)
def test_hostile_titles_stay_one_name(track: str, name: str) -> None:
    place = place_of(release := named(make_release(), track=track), release.tracks[0], "FLAC", FALLBACK)
    assert (place.folder, place.name) == ("Ann/Winter Light (2002)", name)


def test_a_device_name_is_no_file_name() -> None:
    assert where(named(make_release(), track="CON"), "{title}") == "/_CON.flac"


hostile = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["..", ".", "../..", "/", "/etc/passwd", "~", "con", "\\", "a/../b", "\0", "", " ", "é" * 300]
    ),
)
layouts = st.lists(
    st.lists(
        st.sampled_from([*(f"{{{name}}}" for name in FIELDS), " ", "-", "x", "(", ")", "."]), min_size=1
    ),
    min_size=1,
    max_size=5,
).map(lambda parts: "/".join("".join(part) for part in parts))


@given(hostile, hostile, hostile, hostile, layouts)
def test_whatever_the_catalogue_says_files_stay_below_the_folder(
    artist: str, album: str, date: str, title: str, layout: str
) -> None:
    try:
        checked = check_layout(layout)
    except UserError:
        return
    release = named(make_release(discs=2), artist=artist, title=album, date=date, track=title)
    place = place_of(release, release.tracks[0], "MP3", checked, "below")
    parts = [*place.folder.split("/"), place.name]
    assert parts[0] == "below" and len(parts) <= DEPTH_MAX + 1
    assert all(part == safe_name(part) and len(part.encode()) <= 255 for part in parts)
    assert place.name.endswith(".mp3")
    root = Path("/music")
    assert safe_join(root, *parts).parts[: 2 + len(parts)] == ("/", "music", *parts)


@given(st.text(alphabet=string.printable + "{}é", max_size=60))
def test_a_layout_is_good_or_refused_and_stays_what_it_is(text: str) -> None:
    try:
        checked = check_layout(text)
    except UserError as error:
        assert str(error)
        return
    assert check_layout(checked) == checked
    assert place_of(release := make_release(), release.tracks[0], "", checked).name


@given(st.text(max_size=80))
def test_a_folder_is_below_the_root_or_refused(text: str) -> None:
    try:
        folder = check_folder(text, "/music")
    except UserError:
        return
    assert check_folder(folder, "/music") == folder
    if folder:
        safe_join(Path("/music"), folder)
    assert not folder.startswith("/") and ".." not in folder.split("/")


def test_an_absolute_folder_below_the_root_is_taken() -> None:
    assert check_folder("/music/new/a", "/music") == "new/a"
    assert check_folder("/music", "/music") == ""
    for bad in ("/musicians", "/music/../etc", "~/x", "/".join("x" * 20)):
        with pytest.raises(UserError):
            check_folder(bad, "/music")
