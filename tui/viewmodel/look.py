"""How the app looks and behaves on this terminal, decided once from settings and environment, before the app exists.

Rules: over SSH the ansi theme, no mouse, 4 frames a second; NO_COLOR means an ansi theme, which is the only way Textual
emits no colours at all; a terminal that names fewer than 256 colours gets the ansi theme too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from slskmesh.settings import Settings
from tui.viewmodel.glyphs import Glyphs, choose

DARK = "slskmesh-dark"
ANSI = "ansi-dark"
LOCAL_FPS = 20
SSH_FPS = 4


@dataclass(frozen=True, slots=True)
class Look:
    """The decision."""

    theme: str
    glyphs: Glyphs
    fps: int
    mouse: bool
    ssh: bool
    no_color: bool
    keep_running: bool
    bell: bool
    plain: bool = False  # over SSH, or few colours


def over_ssh(env: Mapping[str, str]) -> bool:
    """Whether this terminal is at the far end of an SSH line."""
    return bool(env.get("SSH_CONNECTION") or env.get("SSH_TTY"))


def _few_colours(env: Mapping[str, str]) -> bool:
    term = env.get("TERM", "")
    return not env.get("COLORTERM") and "256" not in term and "truecolor" not in term and "direct" not in term


def default_theme(look: Look) -> str:
    """The theme of `ui.theme = "auto"` on this terminal."""
    return ANSI if look.no_color or look.plain else DARK


def look(settings: Settings, env: Mapping[str, str]) -> Look:
    """The look for these settings in this environment."""
    ui = settings.ui
    ssh = over_ssh(env)
    no_color = "NO_COLOR" in env
    plain = ssh or _few_colours(env)
    theme = ui.theme
    if no_color:
        theme = ANSI
    elif theme in {"", "auto"}:
        theme = ANSI if plain else DARK
    return Look(
        theme=theme,
        glyphs=choose(ui.charset, env),
        fps=max(1, min(60, ui.fps)) if ui.fps else (SSH_FPS if ssh else LOCAL_FPS),
        mouse=ui.mouse == "on" or (ui.mouse == "auto" and not ssh),
        ssh=ssh,
        no_color=no_color,
        keep_running=ui.on_hangup == "keep-running",
        bell=ui.bell,
        plain=plain,
    )
