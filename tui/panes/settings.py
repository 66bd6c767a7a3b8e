"""The Settings pane: every setting with its value, where it comes from, and what it does."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from slskmesh.engine.commands import CancelScan, Rescan, SetSetting
from slskmesh.engine.events import Level, Reply
from slskmesh.engine.views import LibraryView, ScanPhase, SettingsView, SettingView, View
from slskmesh.text import sanitize
from tui.actions import Action, engine_off
from tui.panes.base import Pane
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.settings import columns, details, fixed, flipped, library_line, sections, shown, words_of
from tui.viewmodel.spans import Line
from tui.widgets.box import Box, TextBox
from tui.widgets.prompt import Question
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.app import MeshApp


def _one_column() -> tuple[Column[str], ...]:
    return (Column("", 8, lambda name: Cell(name), weight=1),)


class SettingsPane(Pane):
    """Settings."""

    NAME, TITLE, DIGIT = "settings", "Settings", "7"

    def __init__(self) -> None:
        super().__init__()
        self.first = 1
        self.names: ListSource[str] = ListSource(lambda name: name)
        self.items: ListSource[SettingView] = ListSource(lambda s: s.key)
        self.sections = RowsBox(self.names, _one_column, "sections", id="sections")
        self.sections.heading = False
        self.sections.on_cursor = self._show
        self._longest = 0
        self.list = RowsBox(self.items, self._columns, "settings", id="settings")
        self.list.empty = ("", "no setting has these words; esc shows all")
        self.list.on_cursor = self._show_help
        self.help = TextBox("what it does", id="help")

    def _columns(self) -> tuple[Column[SettingView], ...]:
        return columns(self.desk.glyphs, self._longest)

    def make_boxes(self) -> Iterable[Box]:
        return (self.sections, self.list, self.help)

    def entered(self) -> None:
        self.changed({SettingsView})

    def changed(self, types: set[type[View]]) -> None:
        if SettingsView in types:
            self.names.set(sections(self.desk.state.settings))
            self.sections.sync()
            self._show()
        if LibraryView in types:
            self._show_help()

    def _show(self) -> None:
        view = self.desk.state.settings
        section = self.sections.current or "all"
        rows = shown(view, section, self.filter_text)
        self._longest = max((len(row.key) for row in rows), default=0)
        self.items.set(rows)
        self.list.title = f"settings /{self.filter_text}" if self.filter_text else f"settings: {section}"
        self.list.note = str(sanitize(view.file)) if view is not None else ""
        self.list.sync()
        self._show_help()

    def _show_help(self) -> None:
        setting = self.list.current
        lines: list[Line] = details(setting, self.desk.state.settings_file) if setting is not None else []
        lines.append([("shares  ", "dim"), (library_line(self.desk.state.library), "text")])
        self.help.title = setting.key if setting is not None else "what it does"
        self.help.show(lines)

    @property
    def rows_box(self) -> RowsBox[SettingView]:
        return self.list

    def words_of(self, row: SettingView) -> str:
        return words_of(row)

    def refilter(self) -> None:
        self._show()

    def yanks(self) -> dict[str, str]:
        setting = self.list.current
        if setting is None:
            return {}
        return {"row": f"{setting.key} = {setting.value}", "path": self.desk.state.settings_file}

    def edit(self, setting: SettingView) -> None:
        """Asks for a new value; a refused one keeps the prompt open with the reason."""

        def submit(text: str) -> str | None:
            asked = self.desk.prompt.question

            def answered(reply: Reply) -> None:
                if self.desk.prompt.question is not asked:
                    self.desk.say(str(reply.text), Level.GOOD if reply.ok else Level.ERROR)
                elif reply.ok:
                    self.desk.prompt.close()
                    self.desk.say(str(reply.text) or f"{setting.key} is set")
                else:
                    self.desk.prompt.fail(str(reply.text))

            self.desk.ask(SetSetting(setting.key, text), answered)
            return "checking ..."

        allowed = f"one of {', '.join(setting.choices)}" if setting.choices else str(sanitize(setting.help))
        choices = list(setting.choices)
        complete = (lambda text: [c for c in choices if c.startswith(text)]) if choices else None
        self.desk.question(Question(setting.key, submit, text=setting.value, help=allowed, complete=complete))


def _setting(desk: MeshApp) -> SettingView | None:
    pane = desk.panes.get("settings")
    return pane.list.current if isinstance(pane, SettingsPane) else None


def _off(desk: MeshApp) -> str | None:
    setting = _setting(desk)
    if setting is None:
        return "no setting is chosen"
    return fixed(setting) or engine_off(desk)


def _no_switch(desk: MeshApp) -> str | None:
    reason = _off(desk)
    setting = _setting(desk)
    if reason is None and setting is not None and flipped(setting) is None:
        return "it has no choices; enter edits it"
    return reason


def _edit(desk: MeshApp, argument: str) -> None:
    pane, setting = desk.panes["settings"], _setting(desk)
    assert isinstance(pane, SettingsPane) and setting is not None
    if pane.sections.active:
        pane.focus_box(pane.list)
        return
    pane.edit(setting)


def _toggle(desk: MeshApp, argument: str) -> None:
    setting = _setting(desk)
    assert setting is not None
    value = flipped(setting)
    assert value is not None
    desk.ask(SetSetting(setting.key, value))


def _back(desk: MeshApp, argument: str) -> None:
    setting = _setting(desk)
    assert setting is not None
    desk.ask(SetSetting(setting.key, setting.default))


def set_value(desk: MeshApp, argument: str) -> None:
    """`:set key=value`."""
    key, equals, value = argument.partition("=")
    if not equals:
        desk.say("set takes key=value, for example :set ui.bell=true", Level.WARN)
        return
    view = desk.state.settings
    setting = next((s for s in view.settings if s.key == key.strip()), None) if view is not None else None
    reason = fixed(setting) if setting is not None else None
    if reason is not None:
        desk.say(reason, Level.WARN)
        return
    desk.ask(SetSetting(key.strip(), value.strip()))


def setting_names(desk: MeshApp) -> list[str]:
    """Candidates of `:set`."""
    view = desk.state.settings
    return [f"{s.key}={s.value}" for s in view.settings] if view is not None else []


def _no_scan(desk: MeshApp) -> str | None:
    view = desk.state.library
    running = view is not None and view.phase in {ScanPhase.WALKING, ScanPhase.HASHING}
    return engine_off(desk) or (None if running else "no scan is running")


ACTIONS = (
    Action("edit", "change this setting", ("enter",), _edit, "settings", _off, hint="edit", on_row=True),
    Action(
        "toggle",
        "switch it, or take the next choice",
        ("space",),
        _toggle,
        "settings",
        _no_switch,
        hint="toggle",
        on_row=True,
    ),
    Action(
        "default", "set it back to the default", ("u",), _back, "settings", _off, hint="default", on_row=True
    ),
    Action(
        "settings-account",
        "set the Soulseek account: name, then password",
        ("a",),
        lambda desk, _: desk.perform("account"),
        "settings",
        engine_off,
        hint="account",
    ),
    Action(
        "rescan",
        "scan the shares now",
        ("R",),
        lambda desk, _: desk.ask(Rescan()),
        "settings",
        engine_off,
        "rescan",
        hint="rescan",
    ),
    Action(
        "cancel-scan",
        "stop the running scan",
        ("X",),
        lambda desk, _: desk.ask(CancelScan()),
        "settings",
        _no_scan,
        "cancelscan",
    ),
)
