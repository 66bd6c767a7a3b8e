"""One request on a bad line: each thing that can go wrong becomes one clear trouble."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
import trio

from slskmesh.catalogue import musicbrainz, queries
from slskmesh.catalogue.musicbrainz import AGENT, Host, Line, parse_host, read_xml
from slskmesh.catalogue.objects import CatalogueError, Release, Trouble
from slskmesh.errors import UserError
from slskmesh.mbid import Mbid
from tests.catalogue.ground import RELEASE, FaultServer, Reply, closed_port, release_xml, xml

QUERY = queries.release(Mbid(RELEASE))


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("musicbrainz.org", Host("musicbrainz.org", True, "musicbrainz.org", 443)),
        (" https://MusicBrainz.org/ ", Host("musicbrainz.org", True, "musicbrainz.org", 443)),
        ("http://127.0.0.1:5000", Host("http://127.0.0.1:5000", False, "127.0.0.1", 5000)),
        ("http://[::1]:5000", Host("http://[::1]:5000", False, "::1", 5000)),
        ("mirror.example:8443", Host("mirror.example:8443", True, "mirror.example", 8443)),
        ("", None),
        ("  ", None),
    ],
)
def test_hosts_as_people_write_them(text: str, host: Host | None) -> None:
    assert parse_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "ftp://x",
        "http://",
        "http://x:port",
        "http://x:99999",
        "a b",
        "http://x/path",
        "http://u:p@x",
        "x?q",
        "[::1",
        "-x",
    ],
)
def test_what_is_no_host_is_said(text: str) -> None:
    with pytest.raises(UserError, match=r"musicbrainz\.host"):
        parse_host(text)


async def ask(host: str) -> Release:
    parsed = parse_host(host)
    assert parsed is not None
    return await Line(parsed).ask(QUERY.path, QUERY.params, QUERY.read)


async def trouble(reply: Reply | Callable[[str], Reply]) -> CatalogueError:
    with FaultServer(reply if callable(reply) else lambda _path: reply) as server:
        with pytest.raises(CatalogueError) as told:
            await ask(server.host)
    assert server.log
    return told.value


async def test_a_good_answer_and_what_the_host_was_told() -> None:
    with FaultServer(lambda _path: Reply(body=release_xml())) as server:
        release = await ask(server.host)
    assert (release.mbid, release.title) == (RELEASE, "Ruined Subjects")
    (asked,) = server.log
    assert asked.agent == AGENT and asked.path.startswith(
        f"/ws/2/release/{RELEASE}?inc=artist-credits+labels"
    )


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Trouble.REFUSED),
        (401, Trouble.REFUSED),
        (403, Trouble.REFUSED),
        (404, Trouble.NOT_FOUND),
        (429, Trouble.LIMITED),
        (500, Trouble.UNREACHABLE),
        (502, Trouble.UNREACHABLE),
        (503, Trouble.LIMITED),
        (304, Trouble.UNREACHABLE),
    ],
)
async def test_each_status_is_one_trouble(status: int, kind: Trouble) -> None:
    assert (await trouble(Reply(status))).trouble is kind


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7.0), ("0", 0.0), ("soon", None), ("-1", None), ("9" * 40, None), ("٣", None)],
)
async def test_retry_after_is_read_where_it_is_a_number(value: str, seconds: float | None) -> None:
    error = await trouble(Reply(503, headers=(("Retry-After", value.encode().decode("latin-1")),)))
    assert (error.trouble, error.retry) == (Trouble.LIMITED, seconds)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not xml at all",
        b"<html><body>Hello</body></html>",
        release_xml()[:-40],
        release_xml()[:200],
        xml(""),
        xml("<release/>"),
        xml('<release id="nonsense"/>'),
        xml('<artist id="833d4c3a-2635-4b7a-83c4-4e560588f23a"/>'),
        xml('<release id="833d4c3a-2635-4b7a-83c4-4e560588f23a"><relation-list/></release>'),
        xml('<release id="833d4c3a-2635-4b7a-83c4-4e560588f23a"><medium-list count="x"/></release>'),
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b"\xff\xfe\x00\x01" * 20,
        b"<a>" * 20_000,
    ],
)
async def test_what_cannot_be_read_is_malformed(body: bytes) -> None:
    assert (await trouble(Reply(body=body))).trouble is Trouble.MALFORMED


def test_missing_fields_are_empty() -> None:
    release = QUERY.read(read_xml(xml(f'<release id="{RELEASE}"/>')))
    assert release == Release(Mbid(RELEASE), release.title, release.artist, ())
    assert (release.title, release.artist, release.tracks) == ("", "", ())


def test_foreign_text_is_made_harmless() -> None:
    release = QUERY.read(read_xml(release_xml(title="A\u202eB&#x85;C")))
    assert release.title == "AB\ufffdC"


async def test_a_body_without_end_is_cut_off() -> None:
    error = await trouble(Reply(body=b"x" * (musicbrainz.BODY_MAX + 10)))
    assert error.trouble is Trouble.MALFORMED and "4 MiB" in str(error)


@pytest.mark.parametrize("raw", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<a"])
async def test_an_answer_that_is_no_http_or_ends_early(raw: bytes) -> None:
    assert (await trouble(Reply(raw=raw))).trouble in (Trouble.UNREACHABLE, Trouble.MALFORMED)


async def test_nobody_listens() -> None:
    with pytest.raises(CatalogueError, match="cannot be reached: Connection refused") as told:
        await ask(f"http://127.0.0.1:{closed_port()}")
    assert told.value.trouble is Trouble.UNREACHABLE


async def test_a_host_that_speaks_no_tls() -> None:
    with FaultServer(lambda _path: Reply()) as server:
        with pytest.raises(CatalogueError, match="cannot be reached") as told:
            await ask(server.host.replace("http:", "https:"))
    assert told.value.trouble is Trouble.UNREACHABLE


async def test_silence_ends_with_the_patience_for_one_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicbrainz, "IDLE", 0.05)
    assert musicbrainz.TOTAL > 5

    def silent(_path: str) -> Reply:
        server.released.wait(5)
        return Reply()

    with FaultServer(silent) as server:
        with pytest.raises(CatalogueError, match="no answer within") as told:
            await ask(server.host)
    assert told.value.trouble is Trouble.UNREACHABLE


def slowly(server: list[FaultServer], _path: str) -> Reply:
    server[0].released.wait(5)
    return Reply()


async def test_a_line_that_drips_ends_with_the_patience_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(musicbrainz, "TOTAL", 0.1)
    servers: list[FaultServer] = []
    with FaultServer(lambda path: slowly(servers, path)) as server:
        servers.append(server)
        with pytest.raises(CatalogueError, match="took longer") as told:
            await ask(server.host)
    assert told.value.trouble is Trouble.UNREACHABLE


async def test_cancelling_hangs_up_and_its_thread_ends(nursery: trio.Nursery) -> None:
    servers: list[FaultServer] = []
    ended = threading.Event()
    with FaultServer(lambda path: slowly(servers, path)) as server:
        servers.append(server)
        host = parse_host(server.host)
        assert host is not None
        exchange = musicbrainz._Exchange(host, "/ws/2/release/x", AGENT)

        def run() -> None:
            try:
                with pytest.raises(CatalogueError):
                    exchange.run()
            finally:
                ended.set()

        nursery.start_soon(trio.to_thread.run_sync, run)
        assert await trio.to_thread.run_sync(server.heard.wait, 5)
        exchange.hang_up()
        assert await trio.to_thread.run_sync(ended.wait, 5)


async def test_a_redirect_on_the_same_host_is_followed_once() -> None:
    def moved(path: str) -> Reply:
        if path == "/ws/2/moved":
            return Reply(body=release_xml())
        return Reply(301, headers=(("Location", "/ws/2/moved"),))

    with FaultServer(moved) as server:
        assert (await ask(server.host)).mbid == RELEASE
        assert len(server.log) == 2
    error = await trouble(Reply(302, headers=(("Location", "/ws/2/again"),)))
    assert error.trouble is Trouble.REFUSED


@pytest.mark.parametrize(
    "location",
    ["http://127.0.0.1:1/ws/2/x", "https://example.org/", "//evil/x", "", "http://[", "/a b", "ftp://x/"],
)
async def test_a_redirect_to_another_host_is_not_followed(location: str) -> None:
    with FaultServer(lambda _path: Reply(301, headers=(("Location", location),))) as server:
        with pytest.raises(CatalogueError) as told:
            await ask(server.host)
    assert told.value.trouble is Trouble.REFUSED
    assert len(server.log) <= 2
