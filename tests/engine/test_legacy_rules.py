"""Settings of the Soulseek plane as its rooms take them, and the account's password."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import pytest

from slskmesh.engine.account import password_path, read_password, write_password
from slskmesh.engine.legacy_rules import hooks_of, limits_at, rescue_rules, upload_rules
from slskmesh.errors import StorageError, UserError
from slskmesh.setting_sections import GroupsSettings, RescueSettings, SoulseekSettings
from slskmesh.soulseek.groups import BUDDIES, DEFAULT, LEECHERS

MONDAY = datetime(2026, 11, 30, 23, 0)


def test_groups_have_their_slots_and_only_buddies_no_queue_limit() -> None:
    rules = upload_rules(SoulseekSettings(slots=4, groups=GroupsSettings(3, 2, 1, 50, 10)))
    assert rules.slots == 4 and [rules.groups[name].slots for name in (BUDDIES, DEFAULT, LEECHERS)] == [
        3,
        2,
        1,
    ]
    assert rules.groups[BUDDIES].queue_files == 0 == rules.groups[BUDDIES].queue_bytes
    assert rules.groups[DEFAULT].queue_files == 50 and rules.groups[DEFAULT].queue_bytes == 10 << 20
    assert rules.groups[BUDDIES].priority < rules.groups[DEFAULT].priority < rules.groups[LEECHERS].priority


def test_limits_follow_the_hours() -> None:
    settings = SoulseekSettings(max_upload_rate=1000, schedule="22:00-07:00 upload=2 slots=20")
    night = limits_at(settings, MONDAY)
    assert (night.upload, night.download, night.slots) == (2048, 0, 20)
    day = limits_at(settings, MONDAY.replace(hour=12))
    assert (day.upload, day.slots) == (1000, None)


def test_nothing_is_rescued_without_the_mesh() -> None:
    assert rescue_rules(RescueSettings(), mesh=True).enabled
    assert not rescue_rules(RescueSettings(), mesh=False).enabled
    assert not rescue_rules(RescueSettings(enabled=False), mesh=True).enabled


def test_hooks_are_read_or_refused_with_their_line() -> None:
    [hook] = hooks_of(["file /bin/echo 'a b'"])
    assert hook.command == ("/bin/echo", "a b") and hook.on == "file"
    with pytest.raises(UserError):
        hooks_of(["sometimes /bin/true"])


def test_a_password_is_kept_for_its_owner_only(tmp_path: Path) -> None:
    path = password_path(SoulseekSettings(), tmp_path)
    assert path == tmp_path / "soulseek.password"
    write_password(path, "pass wörd")
    assert read_password(path) == "pass wörd" and path.stat().st_mode & 0o777 == 0o600
    assert password_path(SoulseekSettings(password_file="~/x"), tmp_path) == Path("~/x").expanduser()


@pytest.mark.parametrize("password", ["", "a\nb", "x" * 300, "\x1b[2J"])
def test_what_is_no_password_is_refused(tmp_path: Path, password: str) -> None:
    with pytest.raises(UserError):
        write_password(tmp_path / "p", password)
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("raw", [None, b"", b"\n", b"\xff\xfe", b"x" * 4000])
def test_an_unreadable_password_is_told_with_its_file(tmp_path: Path, raw: bytes | None) -> None:
    path = tmp_path / "p"
    if raw is not None:
        path.write_bytes(raw)
    with pytest.raises(UserError) as caught:
        read_password(path)
    assert raw in (b"", b"\n", b"x" * 4000) or str(path) in str(caught.value)


def test_a_folder_in_the_password_s_place_is_told(tmp_path: Path) -> None:
    os.mkdir(tmp_path / "p")
    with pytest.raises(StorageError):
        write_password(tmp_path / "p", "secret")
