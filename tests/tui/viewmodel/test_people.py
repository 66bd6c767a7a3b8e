"""People and wishes in words: targets, scopes, order, what is known of a user, names of folders."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.fake import NOW, s
from tests.tui.fake_scenes import buddy, offer, people, user_shown, wish
from tui.viewmodel.people import (
    BAN,
    SCOPES,
    buddies,
    buddy_details,
    rule_details,
    rule_kind,
    rules,
    scope_words,
    target_of,
    user_lines,
)
from tui.viewmodel.spans import text_of
from tui.viewmodel.wishes import folder_name, head, offer_lines, wish_lines


@pytest.mark.parametrize(
    ("text", "target", "address"),
    [
        ("lena", "lena", False),
        ("spam*", "spam*", False),
        (" 192.0.2.7 ", "192.0.2.7", True),
        ("192.0.2.0/24", "192.0.2.0/24", True),
        ("192.0.2.9/24", "192.0.2.9/24", True),
        ("2001:db8::/32", "2001:db8::/32", True),
        ("name:192.0.2.7", "192.0.2.7", False),
        ("192.0.2.*", "192.0.2.*", False),
        ("1234", "1234", False),
        ("", "", False),
    ],
)
def test_whom_a_rule_is_for(text: str, target: str, address: bool) -> None:
    assert target_of(text) == (target, address)


@given(st.text(max_size=40))
def test_any_text_after_name_is_a_name(text: str) -> None:
    assert target_of(f"name:{text}") == (text.strip(), False)


def test_scopes_have_words() -> None:
    assert [scope_words(scope) for scope, _, _ in SCOPES] == [word for _, word, _ in SCOPES]
    assert scope_words(tuple(reversed(BAN))) == "ban"
    assert scope_words(("chat", "transfers")) == "chat and transfers" and scope_words(()) == "nothing"


def test_buddies_who_are_there_come_first() -> None:
    found = [str(one.name) for one in buddies(people(), "")]
    assert found == ["kessel", "Lennart", "dj shadow", "nobody_yet"]
    assert [str(one.name) for one in buddies(people(), "LOSSLESS")] == ["kessel"]
    assert buddies(None, "") == [] and rules(None, "x") == []


def test_a_buddy_and_a_rule_in_words() -> None:
    def words(name: str) -> str:
        one = next(x for x in people().buddies if x.name == name)
        return " ".join(text_of(line) for line in buddy_details(one, people(), NOW))

    assert "is here now" in words("kessel") and "by you" in words("kessel")
    assert "last seen 1d ago" in words("dj shadow") and "you are told when they come" in words("dj shadow")
    assert "not since they are on the list" in words("nobody_yet")
    both = people(buddies=(buddy("loudmouth"),))
    assert "ignore" in text_of(buddy_details(both.buddies[0], both, NOW)[-1])
    kinds = {rule_kind(rule) for rule in people().rules}
    assert kinds == {"pattern", "address", "name"}
    spared = [any("spares" in text_of(line) for line in rule_details(rule, NOW)) for rule in people().rules]
    assert spared == [True, True, False], "a rule of the very name is for a buddy, too"
    assert [str(rule.target) for rule in rules(people(), "usual")] == ["spam*"]


def test_a_user_in_words() -> None:
    known = " ".join(text_of(line) for line in user_lines(user_shown(1), people(), NOW))
    assert "buddy, trusted: lossless only" in known and "39.1k, not shown in a terminal" in known
    unknown = user_shown(1, "x", text=s(""), note=s("no answer within 20 s"), picture=0)
    text = " ".join(text_of(line) for line in user_lines(unknown, None, NOW))
    assert "no answer within 20 s" in text and "picture" not in text and "they say nothing" in text


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("Music\\Marit Holm\\Harbour Lights", "Harbour Lights"),
        ("Music/Marit Holm/Harbour Lights/", "Harbour Lights"),
        ("a\\Box\\CD1", "Box/CD1"),
        ("a/Box/disc 02", "Box/disc 02"),
        ("CD1", "CD1"),
        ("", ""),
        ("///", "///"),
        ("a/Discovery", "Discovery"),
    ],
)
def test_a_folder_is_named_by_its_last_part(path: str, name: str) -> None:
    assert folder_name(path) == name


def test_a_wish_and_an_offer_in_words() -> None:
    assert text_of(head((), 5)[0]).startswith("no wish is looking")
    assert "1 wish looking" in text_of(head((wish(0), wish(3)), 61)[0])
    assert "asked in 1:01" in text_of(head((wish(0),), 61)[0])
    text = " ".join(text_of(line) for line in wish_lines(wish(1), NOW))
    assert "3 times, last 11m ago" in text and "nothing by itself" in text
    assert "verified chunk by chunk" in text_of(offer_lines(offer(2))[-1])
    assert "3 files before you" in text_of(offer_lines(offer(1))[-1])
