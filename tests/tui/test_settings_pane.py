"""The real settings in the Settings pane at 80x24: every key and every help can be read; no password is among them."""

from __future__ import annotations

from pathlib import Path

from slskmesh.engine.views import SettingsView, SettingView
from slskmesh.settings import describe, load_settings
from tests.tui.fake import status
from tests.tui.stage import NARROW, play, stage
from tui.panes.settings import SettingsPane
from tui.viewmodel.spans import text_of


def real(home: Path) -> SettingsView:
    rows = describe(load_settings(home, {}), home, {})
    return SettingsView(True, str(home), str(home / "config.toml"), tuple(SettingView(**row) for row in rows))


def test_every_setting_can_be_read_at_80x24(tmp_path: Path) -> None:
    view = real(tmp_path)

    async def scene() -> None:
        async with stage(view, status(), size=NARROW) as st:
            await st.press("7")
            pane = st.app.panes["settings"]
            assert isinstance(pane, SettingsPane)
            for setting in view.settings:
                pane.filter(setting.key)
                pane.list.go(pane.items.position(setting.key) or 0)
                await st.settle()
                screen = st.text().splitlines()
                assert any(f" {setting.key} " in line for line in screen[3:15]), setting.key
                shown = pane.help.flowed()[: pane.help.inner[1]]
                text = " ".join(" ".join(text_of(line).split()) for line in shown)
                assert setting.help in text, setting.key

    play(scene())


def test_the_sections_of_the_soulseek_plane_are_there_and_no_password(tmp_path: Path) -> None:
    (tmp_path / "soulseek.password").write_text("corr3ct")
    view = real(tmp_path)
    keys = {setting.key for setting in view.settings}
    for section in ("soulseek", "soulseek.groups", "rescue", "mesh.disaster_mode", "mesh.privacy"):
        assert any(key.rpartition(".")[0] == section for key in keys), section

    async def scene() -> None:
        async with stage(view, status(), size=NARROW) as st:
            await st.press("7", "shift+tab")
            for _ in range(len(view.settings)):
                assert "corr3ct" not in st.text()
                await st.press("j")
            await st.press("tab", "y", "t")
            assert "soulseek.password_file" in keys and "corr3ct" not in st.app.clipboard

    play(scene())
