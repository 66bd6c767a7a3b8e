"""Saved contacts: what was saved is read, anything else is none."""

from pathlib import Path

import pytest

from slskmesh.dht import state


def test_saved_contacts_come_back_bounded(tmp_path: Path) -> None:
    path = tmp_path / "contacts.json"
    assert state.load(path) == []
    many = [(f"20.0.{i % 250}.{i // 250}", 7000) for i in range(300)]
    state.save(path, [("2001:db8::1", 9), *many])
    assert state.load(path) == [("2001:db8::1", 9), *many[:199]]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"version":2,"contacts":[]}', '{"version":1,"contacts":[["x.example",1],["::1",0]]}'],
)
def test_a_file_of_no_use_gives_no_contacts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "contacts.json"
    path.write_text(text)
    assert state.load(path) == []
