"""Who may be on the demo's Soulseek server, and for whom it keeps messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.demo.soulseek import mail, rooms
from slskmesh.demo.soulseek.accounts import Accounts, Verdict, is_secret, name_fault


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def accounts(clock: Clock | None = None, known: dict[str, str] | None = None) -> Accounts:
    return Accounts(clock or Clock(), lambda: b"salt", known)


def test_a_new_name_takes_its_first_password_and_keeps_it() -> None:
    them = accounts()
    assert them.login("ann", "one", 160, 2).verdict is Verdict.WELCOME
    assert them.login("ann", "two", 160, 2).verdict is Verdict.WRONG_PASSWORD
    assert them.login("Ann", "two", 160, 2).verdict is Verdict.WELCOME
    again = accounts(known=them.known)
    assert again.login("ann", "one", 160, 2).verdict is Verdict.WELCOME
    assert again.login("ann", "two", 160, 2).verdict is Verdict.WRONG_PASSWORD
    assert all(is_secret(secret) and "one" not in secret for secret in them.known.values())


@pytest.mark.parametrize(
    ("name", "detail"),
    [
        ("", "Nick empty."),
        ("x" * 31, "Nick too long."),
        (" x", "No leading and trailing spaces allowed in nick."),
        ("x\x1b", "Invalid characters in nick."),
        ("jürgen", "Invalid characters in nick."),
        ("server", ""),
    ],
)
def test_bad_names_are_told_what_is_wrong(name: str, detail: str) -> None:
    decision = accounts().login(name, "x", 160, 2)
    assert (decision.verdict, decision.detail) == (Verdict.BAD_NAME, detail)


def test_every_other_refusal() -> None:
    them = accounts()
    assert them.login("ann", "one", 160, 2).verdict is Verdict.WELCOME
    assert them.login("bob", "", 160, 2).verdict is Verdict.NO_PASSWORD
    assert them.login("bob", "x", 0, 2).verdict is Verdict.BAD_VERSION
    assert them.login("bob", "x", 160, 0).verdict is Verdict.BAD_VERSION
    them.private = True
    assert them.login("bob", "x", 160, 2).verdict is Verdict.PRIVATE
    assert them.login("ann", "one", 160, 2).verdict is Verdict.WELCOME
    them.full = True
    assert them.login("ann", "one", 160, 2).verdict is Verdict.FULL
    assert "bob" not in them


def test_a_ban_is_silence_until_it_ends() -> None:
    clock = Clock()
    them = accounts(clock)
    them.ban("ann", 120)
    them.ban("bob")
    assert them.login("ann", "x", 160, 2).verdict is Verdict.SILENCE
    clock.now += 119.9
    assert them.login("ann", "x", 160, 2).verdict is Verdict.SILENCE
    clock.now += 0.1
    assert them.login("ann", "x", 160, 2).verdict is Verdict.WELCOME
    clock.now += 1e9
    assert them.login("bob", "x", 160, 2).verdict is Verdict.SILENCE
    them.unban("bob")
    assert them.login("bob", "x", 160, 2).verdict is Verdict.WELCOME


@given(st.text(max_size=40))
def test_a_name_that_is_taken_is_short_and_printable(name: str) -> None:
    if name_fault(name) is None:
        assert 0 < len(name) <= 30 and name.isascii() and name.isprintable() and name == name.strip()
    else:
        assert accounts().login(name, "x", 160, 2).verdict is Verdict.BAD_NAME


def test_mail_waits_until_it_is_acknowledged_and_is_bounded() -> None:
    post = mail.Mail()
    letters = [post.keep("bob", "ann", str(n), 5.5) for n in range(mail.KEPT_MAX + 3)]
    assert [letter.text for letter in post.waiting("ann")] == [str(n) for n in range(3, mail.KEPT_MAX + 3)]
    assert letters[-1].when == 5
    post.acknowledge("bob", letters[-1].number)
    assert len(list(post.waiting("ann"))) == mail.KEPT_MAX
    for letter in letters:
        post.acknowledge("ann", letter.number)
    assert list(post.waiting("ann")) == []


def test_mail_is_bounded_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "TOTAL_MAX", 3)
    post = mail.Mail()
    letters = [post.keep("bob", f"reader {n}", "x", 0) for n in range(5)]
    assert [len(list(post.waiting(f"reader {n}"))) for n in range(5)] == [1, 1, 1, 0, 0]
    post.acknowledge("reader 0", letters[0].number)
    post.keep("bob", "reader 4", "y", 0)
    assert [letter.text for letter in post.waiting("reader 4")] == ["y"]


@given(st.lists(st.tuples(st.sampled_from("jlh"), st.sampled_from("ab"), st.sampled_from("xyz"))))
def test_a_room_is_there_while_somebody_is_in_it(steps: list[tuple[str, str, str]]) -> None:
    all_rooms = rooms.Rooms()
    inside: set[tuple[str, str]] = set()
    for what, room, user in steps:
        if what == "j":
            assert all_rooms.join(room, user) == ((room, user) not in inside)
            inside.add((room, user))
        elif what == "l":
            assert all_rooms.leave(room, user) == ((room, user) in inside)
            inside.discard((room, user))
        else:
            all_rooms.hang(room, user, "text")
        assert set(all_rooms.counts()) == {name for name, _ in inside}
        for name, count in all_rooms.counts().items():
            assert count == len([one for one in inside if one[0] == name])


@pytest.mark.parametrize("name", ["", "x" * 25, " x", "x ", "a  b", "café"])
def test_bad_room_names(name: str) -> None:
    assert rooms.name_fault(name) is not None
    assert rooms.name_fault("a good room") is None
