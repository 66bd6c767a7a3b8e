"""Rows of the Settings pane: sections, settings with their source, and what toggling one means."""

from __future__ import annotations

from slskmesh.engine.views import LibraryView, ScanPhase, SettingsView, SettingView
from slskmesh.text import sanitize
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import clock, count, plural, rate, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.spans import Line

ALL = "all"


def sections(view: SettingsView | None) -> list[str]:
    """The sections in the file's order, "all" first."""
    names: list[str] = [ALL]
    for setting in view.settings if view else ():
        name = setting.key.partition(".")[0]
        if name not in names:
            names.append(name)
    return names


def shown(view: SettingsView | None, section: str, words: str) -> list[SettingView]:
    """The settings of a section that match a filter; a filter looks through all sections."""
    if view is None:
        return []
    terms = words.casefold().split()
    if terms:
        return [s for s in view.settings if all(t in words_of(s) for t in terms)]
    return [s for s in view.settings if section == ALL or s.key.partition(".")[0] == section]


def words_of(setting: SettingView) -> str:
    """What a filter looks at."""
    return f"{setting.key} {setting.help}".casefold()


def variable(setting: SettingView) -> str:
    """The environment variable that would set it."""
    return "SLSKMESH__" + setting.key.upper().replace(".", "__")


def fixed(setting: SettingView) -> str | None:
    """Why it cannot be changed here, where the environment sets it."""
    if setting.source != "environment":
        return None
    return f"{variable(setting)} in the environment sets it; start without that variable to change it here"


def is_switch(setting: SettingView) -> bool:
    """Whether space flips it: true or false."""
    return setting.default in {"true", "false"} or set(setting.choices) == {"true", "false"}


def flipped(setting: SettingView) -> str | None:
    """The next value for space: the other of two, or the next choice; None where it must be typed."""
    if is_switch(setting):
        return "false" if setting.value == "true" else "true"
    if setting.choices:
        at = setting.choices.index(setting.value) if setting.value in setting.choices else -1
        return setting.choices[(at + 1) % len(setting.choices)]
    return None


def columns(glyphs: Glyphs, longest: int = 0) -> tuple[Column[SettingView], ...]:
    """The settings list; `longest` is the length of the longest key in it."""

    def value(s: SettingView) -> Cell:
        if is_switch(s):
            return Cell(glyphs.on if s.value == "true" else glyphs.off, "text")
        text = str(sanitize(s.value))
        return Cell(text or "(empty)", "text" if text else "dim")

    def source(s: SettingView) -> Cell:
        return Cell(s.source, "dim" if s.source == "default" else "accent")

    return (
        Column("setting", max(24, min(32, longest)), lambda s: s.key, weight=1),
        Column("value", 14, value, weight=3),
        Column("from", 11, source),
        Column("", 7, lambda s: Cell("restart" if s.restart else "", "dim"), level=70),
    )


def details(setting: SettingView, file: str) -> list[Line]:
    """What a setting does, and where its value comes from, in words. `file` is the settings file."""
    lines: list[Line] = [[(str(sanitize(setting.help, 600)), "text")]]
    allowed = ", ".join(setting.choices)
    default = str(sanitize(setting.default)) or "(empty)"
    lines.append(
        [
            ("default ", "dim"),
            (default, "text"),
            *([("   allowed ", "dim"), (allowed, "text")] if allowed else []),
        ]
    )
    lines.append(_origin(setting, file))
    if setting.restart and setting.source != "environment":
        lines.append([("takes effect at the next start", "warn")])
    return lines


def _origin(setting: SettingView, file: str) -> Line:
    head = ("from    ", "dim")
    match setting.source:
        case "environment":
            return [head, (f"the environment, {variable(setting)}; {file} is not asked for it", "warn")]
        case "default":
            return [head, (f"the default; nothing is written in {file}", "text")]
    return [head, (file, "text")]


def library_line(view: LibraryView | None) -> str:
    """The shares in one line."""
    if view is None:
        return "not scanned yet"
    shared = f"{plural(view.files, 'file')}, {size(view.size)}"
    match view.phase:
        case ScanPhase.WALKING:
            return f"{shared}; looking for files, {count(view.pending)} new so far"
        case ScanPhase.HASHING:
            total = view.total if view.total is not None else view.done + view.pending
            return f"{shared}; hashing {count(view.done)} of {count(total)}, {rate(view.rate)}, {clock(view.eta)} left"
        case ScanPhase.FAILED:
            problem = view.problems[0] if view.problems else "see the event log"
            return f"{shared}; the last scan failed: {problem}"
        case ScanPhase.CANCELLED:
            return f"{shared}; the last scan was stopped"
        case ScanPhase.IDLE:
            return f"{shared}; {plural(view.problem_count, 'problem')}" if view.problem_count else shared
