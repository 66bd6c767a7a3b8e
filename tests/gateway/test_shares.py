"""What we share below /api/v0, by slskd-api: real files, scanned by a real engine."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from slskmesh.engine.commands import ShowLibrary
from slskmesh.engine.console import Refused
from slskmesh.engine.events import LibraryShown
from slskmesh.engine.views import LibraryView, ScanPhase
from tests.gateway.ground import WAIT, Ground, ground
from tests.gateway.test_rooms import client_of, refused, until

FILES = 2_100  # more than two pages


def fill(root: Path) -> tuple[Path, Path]:
    """Two shares, one with a folder of very many files."""
    music, more = root / "Music", root / "more" / "B-sides"
    for number, path in enumerate((music / "One/a.txt", music / "One/Two/b.txt", more / "c.txt")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(random.Random(number).randbytes(10 + number))
    (music / "Many").mkdir()
    for number in range(FILES):
        (music / "Many" / f"{number:05}.txt").write_text(str(number))
    return music, more


def scanned(me: Ground, files: int) -> None:
    me.wait_view(LibraryView, lambda v: v.files == files and v.phase is ScanPhase.IDLE, WAIT, "the scan")


def test_shares_and_what_is_in_them(tmp_path: Path) -> None:
    music, more = fill(tmp_path)
    with ground(tmp_path, music, more) as me:
        scanned(me, FILES + 3)
        shares = client_of(me).shares
        first, second = shares.get_all()["local"]
        assert first == {
            "id": first["id"],
            "alias": "Music",
            "remotePath": "Music",
            "isExcluded": False,
            "directories": 3,
            "files": FILES + 2,
        }
        assert shares.get(second["id"]) == second
        assert (second["alias"], second["files"], second["directories"]) == ("B-sides", 1, 1)
        told = {one["name"]: one for one in shares.all_contents()}
        assert list(told) == ["B-sides", "Music\\Many", "Music\\One", "Music\\One\\Two"]
        many = told["Music\\Many"]
        assert many["fileCount"] == FILES
        assert [file["filename"] for file in many["files"]] == [f"{number:05}.txt" for number in range(FILES)]
        [one] = told["Music\\One"]["files"]
        assert one == {
            "filename": "a.txt",
            "size": 10,
            "code": 1,
            "extension": "txt",
            "attributeCount": 0,
            "attributes": [],
        }
        assert [one["name"] for one in shares.contents(first["id"])] == list(told)[1:]
        assert [one["name"] for one in shares.contents(second["id"])] == ["B-sides"]
        assert str(tmp_path) not in json.dumps([shares.get_all(), shares.all_contents()])
        with me.http.stream("GET", "/api/v0/shares/contents") as half:
            assert next(half.iter_raw(64))  # and hangs up
        assert [one["fileCount"] for one in shares.contents(second["id"])] == [1]
        for id in ("0", "99", "x", "1" * 400):
            assert refused(lambda id=id: shares.get(id))[0] == 404
            assert refused(lambda id=id: shares.contents(id))[0] == 404
        (music / "One" / "new.txt").write_text("new")
        assert shares.start_scan()
        until(me, lambda: shares.get(first["id"])["files"], lambda files: files == FILES + 3, "the new file")
        scanned(me, FILES + 4)
        assert refused(shares.cancel_scan) == (404, "no scan is running")
        assert me.reader.get("/api/v0/shares/contents").status_code == 200
        for method in ("PUT", "DELETE"):
            assert me.reader.request(method, "/api/v0/shares").status_code == 403


def test_a_running_scan_is_cancelled(tmp_path: Path) -> None:
    big = tmp_path / "Big"
    big.mkdir()
    for number in range(3):
        with open(big / f"{number}.bin", "wb") as file:
            file.truncate(3 << 30)  # hashing it takes seconds, writing it none
    with ground(tmp_path, big) as me:
        me.wait_view(LibraryView, lambda view: view.phase is ScanPhase.HASHING, WAIT, "the hashing")
        assert client_of(me).shares.cancel_scan()
        me.wait_view(LibraryView, lambda view: view.phase is ScanPhase.CANCELLED, WAIT, "the end")


def test_nothing_shared_is_an_empty_list(tmp_path: Path) -> None:
    with ground(tmp_path) as me:
        shares = client_of(me).shares
        assert shares.get_all() == {"local": []} and shares.all_contents() == []
        status, said = refused(shares.start_scan)
        assert status == 400 and "nothing is shared" in said
        for after in ("zz", "00", "93a0a0ff", "93a161a162cfffffffffffffffff"):
            with pytest.raises(Refused, match="begin anew"):
                me.ask(ShowLibrary(after=after))
        with pytest.raises(Refused, match="no share"):
            me.ask(ShowLibrary(share=1 << 70))


def test_what_is_shared_is_found_by_words(tmp_path: Path) -> None:
    music, _ = fill(tmp_path)
    found: list[LibraryShown] = []
    with ground(tmp_path, music) as me:
        scanned(me, FILES + 2)
        request = me.post(ShowLibrary("two b"))
        me.wait_for(
            lambda: bool(found.extend(e for e in me.seen if isinstance(e, LibraryShown)) or found), WAIT, "it"
        )
    assert found[0].query == request and found[0].next == ""
    assert [(file.folder, file.name, file.size) for file in found[0].files] == [
        ("Music/One/Two", "b.txt", 11)
    ]
