"""The sections of config.toml: each setting with its default, how it is read, and its help, in one place.

Rules: a section is a struct, a setting a field of it; sections may hold sections ("mesh.disaster_mode"). How a kind of
value is read is `setting_kinds`', reading and writing the file is `settings`'.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from slskmesh.setting_kinds import (
    Rule,
    choice,
    count,
    file,
    filter_text,
    folder,
    folders,
    hours,
    lines,
    listen_address,
    maybe_listen_address,
    patterns,
    rate,
    switch,
    word,
)


class OverlaySettings(msgspec.Struct, frozen=True):
    """How other peers reach this one."""

    listen: Annotated[
        str, Rule(listen_address, "where peers connect to: host:port, port 0 picks a free one")
    ] = "0.0.0.0:50300"
    name: Annotated[str, Rule(word(64), "what other peers see you called; may be empty")] = ""
    max_sessions: Annotated[int, Rule(count(1, 1024), "peers connected at once")] = 64
    neighbours: Annotated[
        int,
        Rule(
            count(0, 100), "peers to stay connected with, found through the table; 0 = only those you choose"
        ),
    ] = 8
    max_upload_rate: Annotated[int, Rule(rate, "bytes per second sent at most, 0 = no limit (500K, 2M)")] = 0
    max_download_rate: Annotated[
        int, Rule(rate, "bytes per second fetched at most, 0 = no limit (500K, 2M)")
    ] = 0


class LibrarySettings(msgspec.Struct, frozen=True):
    """What is shared and where downloads go."""

    shares: Annotated[
        tuple[str, ...], Rule(folders, "folders whose files connected peers may search and fetch")
    ] = ()
    downloads: Annotated[str, Rule(folder, "folder for finished downloads")] = ""
    rescan_minutes: Annotated[
        int, Rule(count(0, 100_000), "minutes between scans of the shares, 0 = never")
    ] = 60
    follow_links: Annotated[bool, Rule(switch, "follow symbolic links that stay inside a share")] = False
    exclude: Annotated[
        tuple[str, ...], Rule(patterns, "patterns of names that are not shared, like *.nfo")
    ] = ()


class SwarmSettings(msgspec.Struct, frozen=True):
    """Transfers."""

    slots: Annotated[int, Rule(count(1, 1000), "uploads served at once")] = 20
    slots_per_peer: Annotated[int, Rule(count(1, 100), "uploads served at once to one peer")] = 2
    active: Annotated[int, Rule(count(1, 100), "downloads that run at once")] = 3


class ShadowIndexSettings(msgspec.Struct, frozen=True):
    """What is published of the library."""

    enabled: Annotated[
        bool,
        Rule(
            switch,
            "publish small signed shards: which MusicBrainz releases are held here, never names or paths",
        ),
    ] = True


class DisasterSettings(msgspec.Struct, frozen=True):
    """What happens when the Soulseek server is gone (documents 000 sections 4.2 and 5.5)."""

    auto: Annotated[
        bool,
        Rule(switch, "work mesh-only by itself when the Soulseek server stays away; back when it is well"),
    ] = True
    force: Annotated[bool, Rule(switch, "mesh-only: never talk to the Soulseek server")] = False
    after: Annotated[
        int, Rule(count(5, 86_400), "seconds the server must be silent before mesh-only mode begins")
    ] = 600


class PrivacySettings(msgspec.Struct, frozen=True):
    """What is kept of others."""

    anonymize_usernames: Annotated[
        bool, Rule(switch, "keep statistics of Soulseek users under pseudonyms only, never under their names")
    ] = True
    capture: Annotated[
        bool, Rule(switch, "keep what own searches and transfers showed, on this machine only, for a while")
    ] = True


class MeshSettings(msgspec.Struct, frozen=True):
    """The mesh beside the connected peers (documents 000 section 8)."""

    enabled: Annotated[
        bool, Rule(switch, "take part in the table of peers (UDP): find and be found by MusicBrainz id")
    ] = True
    shadow_index: ShadowIndexSettings = ShadowIndexSettings()
    disaster_mode: DisasterSettings = DisasterSettings()
    privacy: PrivacySettings = PrivacySettings()


class GroupsSettings(msgspec.Struct, frozen=True):
    """Upload slots of Soulseek users by group; users who share nothing are leechers."""

    buddies: Annotated[int, Rule(count(0, 1000), "upload slots for buddies")] = 10
    default: Annotated[int, Rule(count(0, 1000), "upload slots for everybody else")] = 10
    leechers: Annotated[int, Rule(count(0, 1000), "upload slots for users who share nothing")] = 1
    queue_files: Annotated[
        int, Rule(count(0, 100_000), "files one user who is no buddy may have waiting, 0 = no limit")
    ] = 500
    queue_mb: Annotated[
        int, Rule(count(0, 10_000_000), "MiB one user who is no buddy may have waiting, 0 = no limit")
    ] = 0


class SoulseekSettings(msgspec.Struct, frozen=True):
    """The Soulseek network."""

    server: Annotated[str, Rule(listen_address, "the Soulseek server, host:port")] = "server.slsknet.org:2242"
    username: Annotated[
        str, Rule(word(30), "name on the Soulseek network; empty = no account, mesh only")
    ] = ""
    password_file: Annotated[
        str, Rule(file, "file that holds the password; empty = soulseek.password in the home")
    ] = ""
    listen: Annotated[
        str, Rule(listen_address, "where Soulseek users connect to: host:port, port 0 picks a free one")
    ] = "0.0.0.0:50305"
    upnp: Annotated[bool, Rule(switch, "ask the router to open that port (UPnP)")] = False
    description: Annotated[str, Rule(word(1000), "what users read of you")] = ""
    active: Annotated[int, Rule(count(1, 100), "downloads from Soulseek users that run at once")] = 10
    slots: Annotated[int, Rule(count(0, 1000), "uploads to Soulseek users at once")] = 10
    groups: GroupsSettings = GroupsSettings()
    max_upload_rate: Annotated[
        int, Rule(rate, "bytes per second sent to Soulseek users at most, 0 = no limit (500K, 2M)")
    ] = 0
    max_download_rate: Annotated[
        int, Rule(rate, "bytes per second fetched from Soulseek users at most, 0 = no limit")
    ] = 0
    schedule: Annotated[
        str, Rule(hours, "other limits at other hours: 22:00-07:00 upload=0 slots=20; rates in KiB/s")
    ] = ""
    search_filter: Annotated[
        str, Rule(filter_text, "filter every search begins with: lossless free -live; / changes it")
    ] = ""
    hooks: Annotated[
        tuple[str, ...],
        Rule(lines, 'after downloads: "file COMMAND ARG", "folder COMMAND", "file https://host/path"'),
    ] = ()


class RescueSettings(msgspec.Struct, frozen=True):
    """Slow Soulseek transfers finished by peers (000 section 7.2)."""

    enabled: Annotated[bool, Rule(switch, "let peers finish what a Soulseek user sends too slowly")] = True
    rate: Annotated[int, Rule(rate, "slower than this is too slow")] = 20 << 10
    over: Annotated[int, Rule(count(5, 3600), "seconds a transfer must be too slow")] = 30
    silent: Annotated[int, Rule(count(5, 3600), "seconds without a byte while it is said to be sending")] = 60
    queued: Annotated[int, Rule(count(5, 86_400), "seconds of waiting in a user's queue")] = 600
    at_once: Annotated[int, Rule(count(1, 50), "transfers rescued at once")] = 5


class DhtSettings(msgspec.Struct, frozen=True):
    """The table of peers."""

    listen: Annotated[
        str,
        Rule(
            maybe_listen_address,
            "UDP host:port; empty = host and port number of overlay.listen, so that one port number is enough",
        ),
    ] = ""
    lan: Annotated[bool, Rule(switch, "find peers on the local network by multicast")] = True


class FabricSettings(msgspec.Struct, frozen=True):
    """Services for peers."""

    services: Annotated[
        tuple[str, ...], Rule(patterns, "services that peers may call; nothing else is exposed")
    ] = ("introspection", "shadow-index")


class MusicBrainzSettings(msgspec.Struct, frozen=True):
    """The catalogue of music."""

    host: Annotated[
        str,
        Rule(
            word(200), "host asked about music; http://host:port for a server of your own, empty = never ask"
        ),
    ] = "musicbrainz.org"


class JobsSettings(msgspec.Struct, frozen=True):
    """Jobs by MusicBrainz id."""

    active: Annotated[int, Rule(count(1, 20), "jobs worked on at once")] = 2
    layout: Annotated[
        str,
        Rule(
            word(300),
            "where a job's files go below its folder; fields in braces: artist album year disc track title",
        ),
    ] = "{artist}/{album} ({year})/{disc}{track} {title}"


class GatewaySettings(msgspec.Struct, frozen=True):
    """The HTTP gateway: for programs on this machine."""

    enabled: Annotated[bool, Rule(switch, "serve HTTP to programs that have the key", True)] = False
    listen: Annotated[
        str, Rule(listen_address, "where programs connect to; other than this machine only on purpose", True)
    ] = "127.0.0.1:5030"
    hosts: Annotated[
        tuple[str, ...],
        Rule(patterns, "names programs may call this machine by in a URL, besides its addresses", True),
    ] = ()
    origins: Annotated[
        tuple[str, ...],
        Rule(patterns, "web pages that may call the gateway, like http://localhost:9765", True),
    ] = ()
    services: Annotated[
        tuple[str, ...], Rule(patterns, "services of peers that programs may call through /mesh/http", True)
    ] = ("introspection", "shadow-index")


class UiSettings(msgspec.Struct, frozen=True):
    """The terminal app."""

    theme: Annotated[str, Rule(word(32), "colour theme, auto = by terminal")] = "auto"
    charset: Annotated[str, Rule(choice("auto", "utf8", "ascii"), "characters for lines and marks", True)] = (
        "auto"
    )
    fps: Annotated[int, Rule(count(0, 60), "screen updates per second, 0 = by terminal", True)] = 0
    mouse: Annotated[str, Rule(choice("auto", "on", "off"), "mouse, auto = off over SSH", True)] = "auto"
    on_hangup: Annotated[
        str, Rule(choice("stop", "keep-running"), "what to do when the terminal goes away", True)
    ] = "stop"
    bell: Annotated[bool, Rule(switch, "ring when a download is finished or the banner changes")] = False


class SetupSettings(msgspec.Struct, frozen=True):
    """First run."""

    done: Annotated[bool, Rule(switch, "the first-run questions are answered")] = False
