"""Settings: config.toml of a home, over it the environment (SLSKMESH__SECTION__KEY), below it the defaults.

Rules:
- Each setting is one field of a section (`setting_sections`): its default, its help and how it is read stand together.
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
from typing import Any, Final, TypedDict, TypeVar, get_args, get_type_hints

import msgspec

from slskmesh.errors import StorageError, UserError
from slskmesh.paths import Home, atomic_write
from slskmesh.setting_kinds import Rule, key_line
from slskmesh.setting_sections import (
    DhtSettings,
    FabricSettings,
    GatewaySettings,
    JobsSettings,
    LibrarySettings,
    MeshSettings,
    MusicBrainzSettings,
    OverlaySettings,
    RescueSettings,
    SetupSettings,
    SoulseekSettings,
    SwarmSettings,
    UiSettings,
)
from slskmesh.text import sanitize

_ENV: Final = "SLSKMESH__"
_FILE_MAX: Final = 1 << 20
_S = TypeVar("_S", bound=msgspec.Struct)


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
    gateway: GatewaySettings = GatewaySettings()
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
