"""Saved contacts: what was saved is read, anything else is none."""

from pathlib import Path

import pytest

from slskmesh.dht import state


def test_saved_contacts_come_back_bounded(tmp_path: Path) -> None:
    path = tmp_path / "contacts.json"
    assert state.load(path) == []
    many = [((f"20.0.{i % 250}.{i // 250}", 7000), 1000.0 - i) for i in range(300)]
    state.save(path, [*many, (("2001:db8::1", 9), 2000.5), (many[5][0], 3000.0)])
    kept = [address for address, _ in many if address != many[5][0]]
    assert state.load(path) == [many[5][0], ("2001:db8::1", 9), *kept[:198]]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version":2,"contacts":[]}',
        '{"version":1,"contacts":[["x.example",1,5],["::1",0,5]]}',
        '{"version":1,"contacts":[["20.0.0.1",1]]}',
    ],
)
def test_a_file_of_no_use_gives_no_contacts(tmp_path: Path, text: str) -> None:
    path = tmp_path / "contacts.json"
    path.write_text(text)
    assert state.load(path) == []
