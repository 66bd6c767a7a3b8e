"""Settings: config.toml of a home, over it the environment (SLSKMESH__SECTION__KEY), below it the defaults.

Rules:
- Each setting is one field of a section below: its default, its help and how it is read stand together.
- What is not understood is refused with file, line, key and what is allowed; nothing is guessed or skipped.
- Writing validates first, keeps the comments and the order of the file, and replaces it in one step.
- `value` in `describe` is the text as a person writes it in config.toml, `Settings` holds it ready for use.
"""

from __future__ import annotations

import functools
import operator
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, TypedDict, TypeVar, get_args, get_type_hints

import msgspec

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import Home, atomic_write
from slskmesh.setting_kinds import (
    Rule,
    choice,
    count,
    file,
    filter_text,
    folder,
    folders,
    hours,
    key_line,
    lines,
    listen_address,
    maybe_listen_address,
    patterns,
    rate,
    switch,
    word,
)
from slskmesh.text import sanitize

_ENV: Final = "SLSKMESH__"
_FILE_MAX: Final = 1 << 20
_S = TypeVar("_S", bound=msgspec.Struct)


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
    bell: Annotated[bool, Rule(switch, "ring when a download is finished")] = False


class SetupSettings(msgspec.Struct, frozen=True):
    """First run."""

    done: Annotated[bool, Rule(switch, "the first-run questions are answered")] = False


class Settings(msgspec.Struct, frozen=True):
    """All settings, checked."""

    overlay: OverlaySettings = OverlaySettings()
    library: LibrarySettings = LibrarySettings()
    swarm: SwarmSettings = SwarmSettings()
    mesh: MeshSettings = MeshSettings()
    dht: DhtSettings = DhtSettings()
    fabric: FabricSettings = FabricSettings()
    musicbrainz: MusicBrainzSettings = MusicBrainzSettings()
    jobs: JobsSettings = JobsSettings()
    soulseek: SoulseekSettings = SoulseekSettings()
    rescue: RescueSettings = RescueSettings()
    ui: UiSettings = UiSettings()
    setup: SetupSettings = SetupSettings()

    @property
    def configured(self) -> bool:
        """Whether the person said where downloads go (or that they are content without)."""
        return bool(self.library.downloads) or self.setup.done


class Row(TypedDict):
    """One setting as it is shown; the fields of the engine's SettingView."""

    key: str
    value: str
    default: str
    help: str
    source: str  # "default", "config.toml", "environment"
    choices: tuple[str, ...]
    restart: bool


@functools.cache
def _options() -> dict[str, tuple[Rule, Any]]:
    """(rule, default) by dotted key, in the order of the sections above."""
    options: dict[str, tuple[Rule, Any]] = {}
    _collect(Settings, "", options)
    return options


def _collect(section: type[msgspec.Struct], prefix: str, options: dict[str, tuple[Rule, Any]]) -> None:
    hints = get_type_hints(section, include_extras=True)
    for field in msgspec.structs.fields(section):
        if _is_section(field.type):
            _collect(field.type, f"{prefix}{field.name}.", options)
        else:
            options[prefix + field.name] = (get_args(hints[field.name])[1], field.default)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


@functools.cache
def _sections() -> frozenset[str]:
    """Dotted names of all sections: "mesh", "mesh.shadow_index"."""
    inner = {key.rpartition(".")[0] for key in _options()}
    return frozenset(inner | {name.partition(".")[0] for name in inner})


def load_settings(home: Path, env: Mapping[str, str] = os.environ) -> Settings:
    """The settings of a home folder. UserError: file or environment hold something that is not allowed."""
    return _checked(_read_file(home), Home(home).config, env)


def read_value(key: str, text: str) -> Any:
    """What `set_value` would make of this text; nothing is written. UserError: not allowed."""
    if key not in _options():
        raise UserError(f"{key}: unknown setting{_meant(key)}")
    try:
        return _options()[key][0].read(text)
    except ValueError as error:
        raise UserError(f"{key}: {error}") from error


def set_value(home: Path, key: str, text: str, env: Mapping[str, str] = os.environ) -> Settings:
    """Writes one setting (text as in config.toml, lists as ["a", "b"]) and returns all. UserError: not allowed."""
    read_value(key, text)
    native = _options()[key][0].read.native(text)
    source = _read_file(home)
    _checked(source, Home(home).config, env)
    changed = _with_value(source, key, native)
    settings = _checked(changed, Home(home).config, env)
    atomic_write(Home(home).config, changed.encode())
    return settings


def describe(settings: Settings, home: Path, env: Mapping[str, str] = os.environ) -> list[Row]:
    """A row for each setting a person may change. UserError as `load_settings`."""
    written = {f"{s}.{k}": value for s, k, value in _flat(tomllib.loads(_read_file(home)))}
    rows = []
    for key, (rule, default) in _options().items():
        if key.startswith("setup."):
            continue
        source, value = "default", operator.attrgetter(key)(settings)
        if _env_name(key) in env:
            source, value = "environment", env[_env_name(key)]
        elif key in written:
            source, value = "config.toml", written[key]
        row = Row(
            key=key,
            value=_shown(value),
            default=_shown(default),
            help=rule.help,
            source=source,
            choices=rule.read.choices,
            restart=rule.restart,
        )
        rows.append(row)
    return rows


# -- the file --------------------------------------------------------------------------------------------------


def _read_file(home: Path) -> str:
    path = Home(home).config
    try:
        with open(path, "rb") as file:
            raw = file.read(_FILE_MAX + 1)
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise StorageError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(raw) > _FILE_MAX:
        raise UserError(f"{path}: is longer than {_FILE_MAX} bytes")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UserError(f"{path}:{line}: is not UTF-8 text") from error


def _with_value(source: str, key: str, value: Any) -> str:
    import tomlkit  # here, for what only reads settings starts faster without it
    from tomlkit.exceptions import TOMLKitError

    *sections, name = key.split(".")
    try:
        document = tomlkit.parse(source)
        table: Any = document
        for section in sections:
            if section not in table:
                table[section] = tomlkit.table()
            table = table[section]
        table[name] = value
        return tomlkit.dumps(document)
    except TOMLKitError as error:
        raise UserError(f"config.toml: cannot be edited: {error}") from error


def _checked(source: str, path: Path, env: Mapping[str, str]) -> Settings:
    values = dict(_file_values(source, path))
    for name in sorted(env):
        if name.startswith(_ENV):
            key = name.removeprefix(_ENV).lower().replace("__", ".")
            values[key] = _read(key, env[name], name)
    return _built(Settings, "", values)


def _built(section: type[_S], prefix: str, values: Mapping[str, Any]) -> _S:
    fields: dict[str, Any] = {}
    for field in msgspec.structs.fields(section):
        key = prefix + field.name
        if _is_section(field.type):
            fields[field.name] = _built(field.type, key + ".", values)
        elif key in values:
            fields[field.name] = values[key]
    return section(**fields)


def _file_values(source: str, path: Path) -> list[tuple[str, Any]]:
    try:
        tree = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        what, _, place = str(error).partition(" (at line ")
        line = place.partition(",")[0]
        raise UserError(f"{path}:{line}: {what}" if line.isdigit() else f"{path}: {error}") from error
    found = []
    for section, name, raw in _flat(tree):
        number = key_line(source, section, name)
        where = f"{path}:{number}: " if number else f"{path}: "
        key = f"{section}.{name}" if name else section
        found.append((key, _read(key, raw, where + sanitize(key, 80))))
    return found


def _flat(tree: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """(section, key, value) of each entry; a value outside any section has no key."""
    flat: list[tuple[str, str, Any]] = []
    for section, fields in tree.items():
        if isinstance(fields, dict):
            flat += _below(section, fields)
        else:
            flat.append((section, "", fields))
    return flat


def _below(section: str, fields: dict[str, Any]) -> list[tuple[str, str, Any]]:
    flat: list[tuple[str, str, Any]] = []
    for name, value in fields.items():
        if isinstance(value, dict) and f"{section}.{name}" in _sections():
            flat += _below(f"{section}.{name}", value)
        else:
            flat.append((section, name, value))
    return flat


def _read(key: str, raw: Any, where: str) -> Any:
    if key in _sections():
        raise UserError(f"{where}: is a section; write [{key}] and its settings below it")
    if key not in _options():
        raise UserError(f"{where}: unknown setting{_meant(key)}")
    try:
        return _options()[key][0].read(raw)
    except ValueError as error:
        raise UserError(f"{where}: {error}") from error


# -- words for people ------------------------------------------------------------------------------------------


def _env_name(key: str) -> str:
    return _ENV + key.upper().replace(".", "__")


def _meant(key: str) -> str:
    """A hint for a key that does not exist."""
    import difflib  # here, for only mistakes need it

    known = list(_options())
    section, _, name = key.partition(".")
    inside = [other for other in known if other.startswith(section + ".")]
    near = difflib.get_close_matches(key, inside or known, 1, 0.8 if inside else 0.7)
    near = near or [other for other in known if name and other.endswith("." + name)]
    if near:
        return f"; did you mean {near[0]}?"
    return f"; known are {', '.join(inside or Settings.__struct_fields__)}"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return msgspec.json.encode([str(item) for item in value]).decode() if value else "[]"
    return str(value)
