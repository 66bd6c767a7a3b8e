"""The downloads folder below /api/v0, by slskd-api: nothing outside it is seen, nothing in it is deleted."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from slskd_api.apis._base import b64encode

from slskmesh.engine import disk_desk
from slskmesh.engine.disk_desk import Listing
from slskmesh.errors import UserError
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.slskd_files import path_of
from tests.gateway.ground import Ground, ground
from tests.gateway.test_rooms import client_of, refused

LONG = "Artist with a long name/An album whose name is longer than a line of base64 is, by far"


def fill(root: Path) -> Path:
    """A downloads folder with links out of it, and a file outside."""
    downloads = root / "me-downloads"
    for path, text in (
        ("Album/CD1/01.flac", "one"),
        ("Album/front.jpg", "front"),
        ("zap\x1b.txt", "zap"),
        (".incomplete/part.legacy", "half"),
        (f"{LONG}/1.mp3", "1"),
    ):
        (downloads / path).parent.mkdir(parents=True, exist_ok=True)
        (downloads / path).write_text(text)
    (root / "outside").mkdir()
    (root / "outside" / "secret.txt").write_text("secret")
    (downloads / "out").symlink_to(root / "outside")
    (downloads / "Album" / "secret.txt").symlink_to(root / "outside" / "secret.txt")
    return downloads


def raw(me: Ground, path: str, method: str = "GET") -> int:
    """The status for a folder named by hand."""
    name = base64.urlsafe_b64encode(path.encode()) if "\0" in path else base64.b64encode(path.encode())
    return me.http.request(method, f"/api/v0/files/downloads/directories/{name.decode()}").status_code


def test_folders_are_listed_and_nothing_else(tmp_path: Path) -> None:
    fill(tmp_path)
    with ground(tmp_path) as me:
        files = client_of(me).files
        top = files.get_downloads_dir()
        assert (top["name"], top["fullName"], top["attributes"]) == ("me-downloads", "", "Directory")
        assert [one["name"] for one in top["directories"]] == ["Album", LONG.partition("/")[0]]
        assert all("files" not in one for one in top["directories"])
        [zap] = top["files"]
        assert (zap["name"], zap["length"], zap["fullName"]) == ("zap\ufffd.txt", 3, "zap\ufffd.txt")
        assert zap["modifiedAt"].endswith("Z") and zap["createdAt"].endswith("Z")
        album = files.get_downloaded_directory("Album", recursive=True)
        assert [file["fullName"] for file in album["files"]] == ["Album/front.jpg"]
        [cd] = album["directories"]
        assert (cd["fullName"], [file["fullName"] for file in cd["files"]]) == (
            "Album/CD1",
            ["Album/CD1/01.flac"],
        )
        assert [file["name"] for file in files.get_downloaded_directory(LONG)["files"]] == ["1.mp3"]
        assert [file["name"] for file in files.get_downloaded_directory("Album\\CD1")["files"]] == ["01.flac"]
        half = files.get_incomplete_dir()
        assert [file["name"] for file in half["files"]] == ["part.legacy"]
        for path in ("out", "Album/secret.txt", "../outside", "..", "/etc", "none", ".incomplete", "a\0b"):
            assert raw(me, path) == 404, path
        assert me.http.get("/api/v0/files/downloads/directories/!!!").status_code == 400
        assert me.http.get("/api/v0/files/elsewhere/directories").status_code == 400
        assert me.reader.get("/api/v0/files/downloads/directories/").status_code == 200


def test_nothing_is_deleted_from_afar(tmp_path: Path) -> None:
    downloads = fill(tmp_path)
    before = sorted(downloads.rglob("*"))
    with ground(tmp_path) as me:
        files = client_of(me).files
        for call, name in (
            (files.delete_downloaded_directory, "Album"),
            (files.delete_downloaded_file, "Album/front.jpg"),
            (files.delete_incomplete_directory, "x"),
            (files.delete_incomplete_file, "part.legacy"),
        ):
            status, said = refused(lambda call=call, name=name: call(name))
            assert status == 403 and "remoteFileManagement is false" in said
    assert sorted(downloads.rglob("*"))[: len(before)] == before


def test_a_listing_has_its_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path
    for _ in range(disk_desk.DEPTH_MAX + 3):
        place = place / "d"
        place.mkdir()
    found = Listing(tmp_path).of("", True)
    assert [one.parent for one in found] == list(range(-1, disk_desk.DEPTH_MAX))
    assert [one.read for one in found] == [True] * disk_desk.DEPTH_MAX + [False]
    os.mkfifo(tmp_path / "pipe")
    assert Listing(tmp_path).of("", False)[0].files == ()
    monkeypatch.setattr(disk_desk, "ENTRIES_MAX", 5)
    with pytest.raises(UserError, match="one folder at a time"):
        Listing(tmp_path).of("", True)
    with pytest.raises(UserError, match="no folder none"):
        Listing(tmp_path).of("none", True)


@given(st.text(max_size=80))
def test_a_path_in_base64_is_read_as_it_was_meant_and_nothing_else_is_taken(text: str) -> None:
    raw_text = text.encode("utf-8", "surrogatepass")
    try:
        meant = raw_text.decode()
    except UnicodeDecodeError:
        meant = None
    if meant is not None:
        assert path_of(base64.b64encode(raw_text).decode()) == meant == path_of(b64encode(meant))
    with contextlib.suppress(GatewayError):
        path_of(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.sampled_from(["..", ".", "in", "out", "/", "\\", "\0", "\ud800", "x", ""]), max_size=6))
def test_no_path_leaves_the_folder(tmp_path: Path, parts: list[str]) -> None:
    root = tmp_path / "root"
    if not root.exists():
        (root / "in" / "in").mkdir(parents=True)
        (tmp_path / "secret").mkdir()
        (root / "out").symlink_to(tmp_path)
        (root / "in" / "out").symlink_to(root / "in")  # a link that stays inside
    for path in ("/".join(parts), "".join(parts)):
        try:
            found = Listing(root).of(path, True)
        except UserError as error:
            assert str(tmp_path) not in str(error)
            continue
        assert all(".." not in one.path and one.name in ("root", "in") for one in found)
