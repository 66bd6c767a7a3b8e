"""Searching, fetching and the list of transfers on the Soulseek network: real commands, the demo's server and users."""

from __future__ import annotations

import json
import queue
import signal
import subprocess
from pathlib import Path

import pytest

from slskmesh.cli.download import check_path
from slskmesh.cli.search import question_of
from slskmesh.cli.transfer_words import Transfer
from slskmesh.cli.transfers import find
from slskmesh.engine.hit_facts import facts_of, path_of
from slskmesh.engine.views import HitView
from slskmesh.errors import UserError
from slskmesh.filters import Filter, Verdict
from slskmesh.text import sanitize
from tests.cli.conftest import Account, Soulseek, environment

TIDE, WIRE = "Slow Ferries/01 Tide Table.flac", "Quiet Machines/02 Copper Wire.mp3"
HIT_FIELDS = {
    *(
        "content",
        "size",
        "name",
        "folder",
        "peer",
        "peer_name",
        "music",
        "format",
        "artist",
        "album",
        "title",
    ),
    *(
        "track",
        "disc",
        "year",
        "duration",
        "bitrate",
        "sample_rate",
        "bit_depth",
        "channels",
        "trusted",
        "have",
    ),
    *("via", "user", "path", "vbr", "free_slot", "speed", "queue", "locked"),
}


def got(me: Account) -> list[bytes]:
    """The files in its downloads folder."""
    paths = [path for path in me.downloads.rglob("*") if path.is_file()]
    return [path.read_bytes() for path in paths if ".incomplete" not in path.parts]


def test_users_answer_and_the_filter_chooses(me: Account) -> None:
    code, (*hits, end), errors = me("search", "slow ferries", "--for", "4")
    assert code == 0, errors
    assert {hit["name"] for hit in hits} == {"01 Tide Table.flac", "notes.txt"}
    assert all(set(hit) == HIT_FIELDS and (hit["via"], hit["user"]) == ("soulseek", "ann") for hit in hits)
    assert (end["ended"], end["hits"], end["shown"], end["users"]) == (True, 2, 2, 1)
    code, (hit, end), _ = me(
        "search", "slow", "--where", "soulseek", "--filter", "lossless size>=100K", "--for", "4"
    )
    assert code == 0 and hit["name"] == "01 Tide Table.flac" and (end["hits"], end["shown"]) == (2, 1)
    code, (end,), _ = me("search", "ferries", "--filter", "format=ogg", "--for", "4")
    assert code == 1 and (end["hits"], end["shown"]) == (2, 0)


def test_one_user_or_a_room_is_asked(me: Account) -> None:
    code, (*hits, _), _ = me("search", "copper", "--user", "bob", "--for", "4")
    assert code == 0 and {hit["user"] for hit in hits} == {"bob"}
    assert me("search", "copper", "--user", "ann", "--for", "4")[0] == 1
    assert me("rooms", "join", "harbour")[0] == 0
    code, (*hits, _), _ = me("search", "tide", "--room", "harbour", "--for", "4")
    assert code == 0 and {hit["user"] for hit in hits} == {"ann"}


def test_a_file_is_fetched_by_its_words(me: Account, soulseek: Soulseek) -> None:
    code, rows, errors = me("download", "tide table")
    assert code == 0, (rows, errors)
    last = rows[-1]
    assert set(last) == {"finished", "transfer", "via", "path", "size", "seconds", "bad_chunks", "rescued"}
    assert (last["finished"], last["via"], last["rescued"]) == (True, "soulseek", False)
    assert Path(last["path"]).read_bytes() == soulseek.files[TIDE]
    assert {row["user"] for row in rows[:-1]} == {"ann"} and rows[-2]["state"] == "done"


def test_a_file_is_fetched_by_user_and_path(me: Account, soulseek: Soulseek) -> None:
    hits = me("search", "tide table", "--for", "4")[1][:-1]
    path, size = hits[0]["path"], hits[0]["size"]
    code, rows, errors = me("download", "--user", "ann", "--path", path)
    assert code == 0, (rows, errors)
    assert got(me) == [soulseek.files[TIDE]]
    key = rows[-1]["transfer"]
    assert me("transfers", "remove", key)[0] == 0
    Path(rows[-1]["path"]).unlink()
    code, rows, errors = me(
        "download", "--user", "ann", "--path", path.replace("\\", "/"), "--size", str(size)
    )
    assert code == 0 and rows[-1]["transfer"] == key, (rows, errors)
    assert got(me) == [soulseek.files[TIDE]]
    code, _, errors = me("download", "--user", "ann", "--path", "nowhere\\no such.flac")
    assert code == 1 and "no such file" in errors


def test_a_broken_off_download_is_in_the_list_and_goes_on(me: Account, soulseek: Soulseek) -> None:
    words = me.args("download", "copper wire")
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment()) as fetching:
        assert fetching.stdout is not None
        for line in fetching.stdout:
            if 0 < json.loads(line)["done"] < 2_000_000:
                break
        fetching.send_signal(signal.SIGINT)
        fetching.communicate(timeout=60)
    assert fetching.returncode == 130
    code, (row,), _ = me("transfers", "list")
    assert code == 0 and set(row) == {
        *(
            "transfer",
            "via",
            "user",
            "name",
            "folder",
            "state",
            "done",
            "size",
            "rate",
            "eta",
            "sources",
            "place",
        ),
        *("reason", "rescued", "bad_chunks", "added", "finished", "path"),
    }
    assert (row["via"], row["user"], row["name"], row["size"]) == (
        "soulseek",
        "bob",
        "02 Copper Wire.mp3",
        2_000_000,
    )
    key = row["transfer"]
    code, (paused,), _ = me("transfers", "pause", key[:8])
    assert code == 0 and (paused["transfer"], paused["did"]) == (key, "paused")
    (row,) = me("transfers", "list")[1]
    had = row["done"]
    assert row["state"] == "paused" and had > 0
    soulseek.bob.tell(limit=0)
    try:
        code, rows, errors = me("download", "--user", "bob", "--path", f"{row_path(me)}")
        assert code == 0, (rows, errors)
        assert rows[0]["done"] >= had, "it goes on where it stopped"
    finally:
        soulseek.bob.tell(limit=40)
    assert got(me) == [soulseek.files[WIRE]]
    assert me("transfers", "remove", key)[0] == 0 and me("transfers", "list")[1] == []
    assert got(me) == [soulseek.files[WIRE]], "finished files stay"


def row_path(me: Account) -> str:
    """The remote path of the one hit for the mp3."""
    return str(me("search", "copper wire", "--user", "bob", "--for", "3")[1][0]["path"])


def test_uploads_are_shown_while_somebody_fetches(me: Account, soulseek: Soulseek, tmp_path: Path) -> None:
    share = tmp_path / "shared" / "Marigold"
    share.mkdir(parents=True)
    (share / "Pilot Whale.flac").write_bytes(bytes(3_000_000))
    config = me.home / "config.toml"
    config.write_text(
        config.read_text().replace("shares = []", f"shares = {json.dumps([str(share.parent)])}")
    )
    config.write_text(config.read_text().replace("[soulseek]", '[soulseek]\nmax_upload_rate = "200K"'))
    assert me("scan")[0] == 0
    with subprocess.Popen(
        me.args("transfers", "uploads", "--watch"), stdout=subprocess.PIPE, text=True, env=environment()
    ) as sharing:
        assert sharing.stdout is not None
        path = ""
        while not path:  # until it is on the server
            soulseek.ann.tell(search="pilot whale")
            try:
                path = soulseek.ann.wait("answer")["answer"][0][0]
            except queue.Empty:  # nobody answered yet
                continue
        name = soulseek.server.order(status=True)["users"]
        mine = next(user for user in name if user not in ("ann", "bob"))
        soulseek.ann.tell(download=path, from_=mine)
        row = json.loads(sharing.stdout.readline())
        assert set(row) == {"via", "user", "name", "state", "done", "size", "rate", "group"}
        assert (row["via"], row["user"], row["name"]) == ("soulseek", "ann", "Pilot Whale.flac")
        sharing.send_signal(signal.SIGTERM)
        sharing.communicate(timeout=60)
    assert sharing.returncode == 130


def test_without_an_account_the_command_says_what_to_do(run, make_home) -> None:  # type: ignore[no-untyped-def]
    for command in (("search", "x", "--where", "soulseek"), ("download", "--user", "u", "--path", "a\\b")):
        done = run(*command, "--home", make_home(command[0]))
        assert done.returncode == 2 and "slskmesh account set" in done.stderr


@pytest.mark.parametrize(
    "args",
    [
        ("search", "x", "--user", "a", "--room", "b"),
        ("search", "x", "--user", "a", "--where", "mesh"),
        ("search", "x", "--where", "moon"),
        ("search", "x", "--filter", "size>="),
        ("download",),
        ("download", "x", "--user", "a", "--path", "b\\c"),
        ("download", "--user", "a"),
        ("download", "--user", "a", "--path", "bare name"),
        ("transfers", "pause"),
        ("transfers", "pause", "abcd"),
    ],
)
def test_what_does_not_go_together_is_code_2(args: tuple[str, ...], run, make_home) -> None:  # type: ignore[no-untyped-def]
    done = run(*args, "--home", make_home("h"))
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr


def transfer(key: str) -> Transfer:
    return Transfer(key, "mesh", "", "x", "", "done", 1, 1, 0.0, None, 0, None, "", False, 0, 0.0, None, "")


def test_a_transfer_is_named_by_its_id_or_by_a_beginning_that_is_its_alone() -> None:
    every = [transfer("abcd00"), transfer("abcd11"), transfer("ff00aa"), transfer("ff00")]
    assert (
        find(every, "ff00") is every[3]
        and find(every, " FF00A") is every[2]
        and find(every, "abcd1") is every[1]
    )
    for name in ("abcd", "abc", "", "f", "1234"):
        with pytest.raises(UserError, match="id"):
            find(every, name)


def test_a_path_has_folders_and_a_name() -> None:
    assert check_path(" @@x\\a/b\\c.flac") == "@@x\\a/b\\c.flac"
    assert check_path("@@x/a/c.flac") == "@@x\\a\\c.flac"
    for path in ("", "c.flac", "a\\"):
        with pytest.raises(UserError):
            check_path(path)


def test_a_hit_of_a_user_has_his_path_and_unknown_passes_a_filter() -> None:
    hit = HitView(
        1, "", 2_000_000, sanitize("b.mp3"), sanitize("@@x/a"), "", "", sanitize("u"), True, via="soulseek",
        user=sanitize("u"), bitrate=192_000,
    )  # fmt: skip
    assert (
        path_of(hit) == "@@x\\a\\b.mp3"
        and path_of(HitView(1, "aa", 1, *[sanitize("x")] * 2, "", "", sanitize(""), True)) == ""
    )
    verdicts = {
        text: Filter.parse(text).matches(facts_of(hit)) for text in ("mp3", "bitrate>=256", "free", "-a/")
    }
    assert verdicts["bitrate>=256"] is Verdict.NO and verdicts["free"] is Verdict.UNKNOWN


def test_a_user_or_a_room_is_of_the_soulseek_network() -> None:
    assert question_of(" x ", 5, "all", "ann", "").where == "soulseek"
    assert question_of("x", 5, "mesh", "", "").where == "mesh"
