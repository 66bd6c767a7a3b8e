import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh import settings as module
from slskmesh.errors import StorageError, UserError
from slskmesh.settings import Settings, describe, load_settings, set_value

KEYS = sorted(module._options())


def write(home: Path, text: str) -> Path:
    (home / "config.toml").write_text(text)
    return home


def test_a_home_without_a_file_has_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path, {}) == Settings()
    assert not Settings().configured


def test_the_environment_is_over_the_file_and_the_file_over_the_defaults(tmp_path: Path) -> None:
    write(
        tmp_path, '[overlay]\nlisten = "127.0.0.1:1"\nmax_upload_rate = "500K"\n[library]\ndownloads = "/d"\n'
    )
    env = {
        "SLSKMESH__OVERLAY__LISTEN": "[::1]:2",
        "SLSKMESH__LIBRARY__SHARES": '["/a", "/b"]',
        "SLSKMESH_HOME": "/x",
    }
    settings = load_settings(tmp_path, env)
    assert settings.overlay.listen == "[::1]:2"
    assert settings.overlay.max_upload_rate == 500 * 1024
    assert settings.library.shares == ("/a", "/b")
    assert settings.configured


def test_setup_without_downloads_counts_as_configured(tmp_path: Path) -> None:
    assert load_settings(write(tmp_path, "[setup]\ndone = true\n"), {}).configured


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[overlay]\n\nlisen = 1\n", ":3: overlay.lisen: unknown setting; did you mean overlay.listen?"),
        ("[ovrlay]\nlisten = 'a:1'\n", ":2: ovrlay.listen: unknown setting; did you mean overlay.listen?"),
        (
            "[swarm]\nzzz = 1\n",
            ":2: swarm.zzz: unknown setting; known are swarm.slots, swarm.slots_per_peer, swarm",
        ),
        (
            "[zzz]\nqqq = 1\n",
            ":2: zzz.qqq: unknown setting; known are "
            "overlay, library, swarm, mesh, dht, fabric, musicbrainz, jobs, soulseek, rescue, gateway, ui, "
            "setup",
        ),
        ("overlay = 3\n", ":1: overlay: is a section; write [overlay] and its settings below it"),
        ("mesh = true\n", ":1: mesh: is a section; write [mesh] and its settings below it"),
        ("ui.fps = 90\n", ":1: ui.fps: must be a whole number from 0 to 60, not 90"),
        ("ui = {fps = 90}\n", ":1: ui.fps: must be"),
        ("# c\n[ui]\n'fps' = 90\n", ":3: ui.fps: must be"),
        ("[ui]\nfps = true\n", ":2: ui.fps: must be a whole number"),
        ("[ui]\nfps = 1.5\n", ":2: ui.fps: must be a whole number"),
        ("[ui]\nmouse = 'maybe'\n", ":2: ui.mouse: must be one of auto, on, off, not 'maybe'"),
        ("[ui]\nbell = 'loud'\n", ":2: ui.bell: must be true or false, not 'loud'"),
        ("[ui]\ntheme = 3\n", ":2: ui.theme: must be text in quotes, not 3"),
        ("[overlay]\nlisten = '0.0.0.0'\n", ":2: overlay.listen: must be host:port"),
        ("[overlay]\nlisten = '::1:5'\n", ":2: overlay.listen: must be host:port"),
        ("[overlay]\nlisten = '0.0.0.0:70000'\n", ":2: overlay.listen: must be host:port"),
        (
            "[overlay]\nmax_upload_rate = '2 parsecs'\n",
            ":2: overlay.max_upload_rate: must be bytes per second like",
        ),
        ("[overlay]\nmax_upload_rate = -1\n", ":2: overlay.max_upload_rate: must be"),
        ("[overlay]\nname = 'a\\u0007'\n[overlay]\n", ":3: "),
        ('[overlay]\nname = "a\\u0007"\n', ":2: overlay.name: must be at most 64 printable characters"),
        (
            "[library]\nshares = ['music']\n",
            ":2: library.shares: must be a whole path that begins with / or ~",
        ),
        ("[library]\nshares = '['\n", ':2: library.shares: must be a list like ["a", "b"]'),
        ("[library]\nshares = 5\n", ':2: library.shares: must be a list like ["a", "b"], not 5'),
        ("[library.shares]\nx = 1\n", "library.shares: must be a list"),
        ('[ui]\n"a\\u001b" = 1\n', ":1: ui.a\ufffd: unknown"),
        ("[ui\n", ":1: "),
        ("x = \n", ":1: Invalid value"),
    ],
)
def test_what_is_not_allowed_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(UserError) as caught:
        load_settings(tmp_path, {})
    assert str(caught.value).startswith(str(tmp_path / "config.toml"))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 400


def test_the_environment_is_checked_by_name(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^SLSKMESH__UI__FPS: must be a whole number"):
        load_settings(tmp_path, {"SLSKMESH__UI__FPS": "many"})
    with pytest.raises(UserError, match=r"^SLSKMESH__UI__FP: unknown setting; did you mean ui\.fps\?"):
        load_settings(tmp_path, {"SLSKMESH__UI__FP": "1"})


def test_files_that_cannot_be_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"[ui]\n\xff\n")
    with pytest.raises(UserError, match=r"config\.toml:2: is not UTF-8"):
        load_settings(tmp_path, {})
    (tmp_path / "config.toml").write_bytes(b"#" * (module._FILE_MAX + 1))
    with pytest.raises(UserError, match="longer than"):
        load_settings(tmp_path, {})
    (tmp_path / "config.toml").unlink()
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(StorageError):
        load_settings(tmp_path, {})


@pytest.mark.parametrize(
    ("text", "rate"),
    [("0", 0), ("1500", 1500), ("500K", 512_000), ("2M", 2 << 20), ("1 GiB/s", 1 << 30), ("3kb", 3072)],
)
def test_rates(tmp_path: Path, text: str, rate: int) -> None:
    assert set_value(tmp_path, "overlay.max_download_rate", text, {}).overlay.max_download_rate == rate


def test_writing_keeps_comments_and_order(tmp_path: Path) -> None:
    before = '# mine\n[ui]\nbell = true # loud\n\n# shares\n[library]\nshares = [ "/a" ]\n'
    write(tmp_path, before)
    settings = set_value(tmp_path, "library.shares", '["/a", "/ä b"]', {})
    assert settings.library.shares == ("/a", "/ä b") and settings.ui.bell
    set_value(tmp_path, "ui.bell", "no", {})
    set_value(tmp_path, "overlay.max_upload_rate", "2M", {})
    after = (tmp_path / "config.toml").read_text()
    assert after.startswith("# mine\n[ui]\nbell = false # loud\n\n# shares\n[library]\n")
    assert '[overlay]\nmax_upload_rate = "2M"\n' in after
    assert load_settings(tmp_path, {}).library.shares == ("/a", "/ä b")
    assert (tmp_path / "config.toml").stat().st_mode & 0o777 == 0o600


def test_what_may_not_be_is_not_written(tmp_path: Path) -> None:
    write(tmp_path, "[ui]\nfps = 9\n")
    for key, text in (("ui.fps", "61"), ("ui.fsp", "3"), ("library.shares", "music"), ("ui", "3"), ("", "")):
        with pytest.raises(UserError):
            set_value(tmp_path, key, text, {})
    assert (tmp_path / "config.toml").read_text() == "[ui]\nfps = 9\n"


def test_a_broken_file_is_not_written_over(tmp_path: Path) -> None:
    write(tmp_path, "[ui]\nfsp = 9\n")
    with pytest.raises(UserError, match=r":2: ui\.fsp"):
        set_value(tmp_path, "ui.fps", "3", {})
    assert (tmp_path / "config.toml").read_text() == "[ui]\nfsp = 9\n"


@pytest.mark.parametrize(
    "before", ["ui.fps = 9\n", "ui = {fps = 9}\n", "[ui]\n", "[ui]\nfps=9 # x", "\ufeff[ui]\n"]
)
def test_every_way_to_write_a_key_can_be_changed(tmp_path: Path, before: str) -> None:
    write(tmp_path, before)
    assert set_value(tmp_path, "ui.fps", "12", {}).ui.fps == 12
    assert tomllib.loads((tmp_path / "config.toml").read_text())["ui"]["fps"] == 12


@given(st.sampled_from(KEYS), st.text(max_size=40))
def test_any_text_is_taken_or_refused_and_comes_back(
    tmp_path_factory: pytest.TempPathFactory, key: str, text: str
) -> None:
    home = tmp_path_factory.getbasetemp()
    (home / "config.toml").unlink(missing_ok=True)
    try:
        settings = set_value(home, key, text, {})
    except UserError:
        assert not (home / "config.toml").exists()
        return
    assert load_settings(home, {}) == settings


def test_rows_tell_value_default_and_source(tmp_path: Path) -> None:
    write(tmp_path, '[overlay]\nmax_upload_rate = "2M"\n[library]\nshares = ["/a"]\n')
    env = {"SLSKMESH__UI__BELL": "yes"}
    rows = {row["key"]: row for row in describe(load_settings(tmp_path, env), tmp_path, env)}
    assert rows["overlay.max_upload_rate"]["value"] == "2M"
    assert rows["overlay.max_upload_rate"]["source"] == "config.toml"
    assert rows["library.shares"]["value"] == '["/a"]'
    assert (rows["ui.bell"]["value"], rows["ui.bell"]["source"]) == ("yes", "environment")
    assert (rows["ui.fps"]["value"], rows["ui.fps"]["source"]) == ("0", "default")
    assert rows["ui.mouse"]["choices"] == ("auto", "on", "off")
    assert list(rows) == [key for key in module._options() if not key.startswith("setup.")]
    assert all(row["help"] for row in rows.values())


def test_every_default_is_allowed_by_its_own_rule_and_can_be_typed(tmp_path: Path) -> None:
    for row in describe(Settings(), tmp_path, {}):
        assert set_value(tmp_path, row["key"], row["default"], {}) == Settings()


def test_reading_settings_stays_light() -> None:
    code = (
        "import sys, slskmesh.settings as s; s.load_settings(s.Path('/nonexistent'), {}); print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"pydantic", "tomlkit", "trio", "textual", "rich", "difflib", "typer"} & set(loaded)
