"""What a changed setting changes on the screen at once: colours and bell; other values wait for the next start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slskmesh.engine.events import Level
from slskmesh.engine.views import SettingsView
from tui.viewmodel.look import default_theme

if TYPE_CHECKING:
    from tui.desk import Desk


def follow(desk: Desk, before: SettingsView | None, view: SettingsView) -> None:
    """Newer settings came after those of `before`; the first ones change no theme, which was chosen by then."""
    values = {s.key: s.value for s in view.settings}
    if "ui.bell" in values:
        desk.ringing = values["ui.bell"] == "true"
    theme = values.get("ui.theme", "")
    was = next((s.value for s in before.settings if s.key == "ui.theme"), "") if before is not None else theme
    if was == theme or desk.look.no_color:
        return
    wanted = default_theme(desk.look) if theme in {"", "auto"} else theme
    if wanted in desk.available_themes:
        desk.theme = wanted
    else:
        desk.say(f"no theme {theme}; tab after :theme shows them", Level.WARN)
