"""Buddies, bans and ignores: one verdict everywhere, watched again after each login, as text and on disk."""

from __future__ import annotations

import ipaddress
import re
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.errors import UserError
from slskmesh.soulseek import blocklist, people_lists, people_rows
from slskmesh.soulseek.blocklist import BAN, IGNORE, Blocklist, Rule, Scope, address_rule, matches, name_rule
from slskmesh.soulseek.people import People
from slskmesh.soulseek.people_lists import Buddy
from slskmesh.soulseek.values import UserChanged, UserState
from slskmesh.soulseek.watches import WATCHED_MAX, Watches
from slskmesh.store.database import open_store

from .social_double import ME, SocialDouble

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=3, max_size=30).filter(
    lambda name: name != "server"
)
PLAIN_NAMES = NAMES.filter(lambda name: "*" not in name)
SCOPES = st.integers(1, 7).map(Scope)


class Crowd:
    """People on a double."""

    def __init__(self, buddies: list[Buddy] | None = None, rules: list[Rule] | None = None) -> None:
        self.now = 1000.0
        self.client = SocialDouble()
        self.there: list[str] = []
        self.watches = Watches(self.client)
        self.people = People(
            self.watches,
            lambda: self.now,
            me=lambda: ME,
            on_there=lambda buddy: self.there.append(buddy.name),
            buddies=buddies or (),
            rules=rules or (),
        )
        self.client.on_event(self.people.on_event)
        self.client.on_event(self.watches.on_event)


async def test_a_ban_and_an_ignore_hold_for_results_chat_and_transfers() -> None:
    people = Crowd().people
    people.block("leech", BAN)
    people.block("bore", IGNORE)
    people.block("taker", Scope.TRANSFERS)
    assert people.hides("leech") and people.mutes("leech") and people.refuses("leech")
    assert people.hides("bore") and people.mutes("bore") and not people.refuses("bore")
    assert not people.hides("taker") and not people.mutes("taker") and people.refuses("taker")
    assert not people.verdict("Leech")  # another name, as the network sees it
    rule = next(rule for rule in people.rules() if rule.target == "leech")
    assert people.unblock(rule) and not people.unblock(rule)
    assert not people.verdict("leech")


async def test_networks_hold_for_users_whose_address_is_known() -> None:
    people = Crowd().people
    rule = people.block_address("192.0.2.77/24", BAN)
    assert rule.target == "192.0.2.0/24"
    people.block_address("2001:db8::/32", IGNORE)
    assert (
        not people.hides("x") and people.refuses("x", "192.0.2.1") and people.refuses("x", "::ffff:192.0.2.1")
    )
    assert not people.refuses("x", "192.0.3.1") and not people.refuses("x", "no address")
    people.learn("x", "192.0.2.9")
    assert people.hides("x") and people.mutes("x") and people.refuses("x")
    people.learn("x", "2001:db8::1%eth0")
    assert people.hides("x") and not people.refuses("x")


async def test_a_buddy_is_spared_by_patterns_and_networks_but_not_by_his_name() -> None:
    crowd = Crowd()
    await crowd.people.add("bot-friend")
    crowd.people.block("bot*", BAN)
    crowd.people.block_address("192.0.2.0/24", BAN)
    assert crowd.people.refuses("bot-other") and not crowd.people.refuses("bot-friend", "192.0.2.1")
    crowd.people.block("bot-friend", IGNORE)
    assert crowd.people.mutes("bot-friend") and not crowd.people.refuses("bot-friend")
    await crowd.people.remove("bot-friend")
    assert crowd.people.refuses("bot-friend")


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("", "no name"),
        ("x" * 31, "no name"),
        ("jürgen", "no name"),
        ("a\tb", "no name"),
        ("*", "nearly everybody"),
        ("*a*", "nearly everybody"),
        ("server", "the server itself"),
        (ME, "that is you"),
        (ME + "*", "that is you"),
    ],
)
async def test_rules_that_make_no_sense_are_refused(target: str, why: str) -> None:
    people = Crowd().people
    with pytest.raises(UserError, match=why):
        people.block(target, BAN)
    with pytest.raises(UserError):
        people.block("fine", Scope.NOTHING)
    assert people.rules() == [] and people.take_changes() is None


@pytest.mark.parametrize(
    "target", ["", "0.0.0.0/0", "192.0.0.0/7", "::/0", "2000::/15", "1.2.3", "host", "1.2.3.4/33"]
)
async def test_networks_that_are_none_or_too_wide_are_refused(target: str) -> None:
    with pytest.raises(UserError):
        Crowd().people.block_address(target, BAN)


async def test_buddies_are_watched_again_after_each_login_and_tell_when_they_come() -> None:
    crowd = Crowd([Buddy("ann", notify=True), Buddy("bob")])
    await crowd.people.add("cyd", "met in jazz\x1b", notify=True)
    crowd.client.log_in()
    await crowd.watches.again()
    assert crowd.client.watched == ["ann", "bob", "cyd"]
    crowd.client.tell(UserChanged("ann", UserState.ONLINE))  # was there when we came
    crowd.client.tell(UserChanged("cyd", UserState.OFFLINE))
    crowd.client.tell(UserChanged("bob", UserState.OFFLINE))
    crowd.now = 2000.0
    for name in ("cyd", "bob"):
        crowd.client.tell(UserChanged(name, UserState.AWAY))
    crowd.client.tell(UserChanged("cyd", UserState.ONLINE))
    assert crowd.there == ["cyd"]
    cyd = crowd.people.buddy("cyd")
    assert cyd is not None and cyd.last_seen == 2000.0 and "\x1b" not in cyd.note
    assert crowd.people.state("cyd") is UserState.ONLINE
    crowd.client.lose()
    assert crowd.people.state("cyd") is UserState.UNKNOWN
    crowd.client.log_in()
    await crowd.watches.again()
    assert crowd.client.watched == ["ann", "bob", "cyd"]
    await crowd.people.remove("bob")
    assert crowd.client.watched == ["ann", "cyd"]
    with pytest.raises(UserError, match="that is you"):
        await crowd.people.add(ME)


async def test_a_user_is_watched_while_anybody_wants_it() -> None:
    crowd = Crowd([Buddy("ann")])
    crowd.client.log_in()
    await crowd.watches.again()
    await crowd.watches.on("ann", "downloads")
    await crowd.watches.on("bob", "downloads")
    assert crowd.client.watched == ["ann", "bob"]
    crowd.client.tell(UserChanged("ann", UserState.ONLINE))
    await crowd.people.remove("ann")
    assert crowd.client.watched == ["ann", "bob"] and crowd.watches.state("ann") is UserState.ONLINE
    await crowd.watches.off("ann", "downloads")
    await crowd.watches.off("ann", "downloads")
    assert crowd.client.watched == ["bob"] and crowd.watches.state("ann") is UserState.UNKNOWN
    crowd.client.tell(UserChanged("stranger", UserState.ONLINE))
    assert crowd.watches.state("stranger") is UserState.UNKNOWN
    crowd.client.lose()
    await crowd.watches.again()  # nobody there to be told
    crowd.watches.begin((f"u{count}" for count in range(WATCHED_MAX)), "downloads")
    with pytest.raises(UserError, match="watched already"):
        await crowd.watches.on("one more", "downloads")


async def test_lists_go_out_as_text_and_come_in_whole_or_not_at_all() -> None:
    crowd = Crowd()
    await crowd.people.add("ann", "a note", trusted=True, notify=True)
    crowd.people.block("leech", BAN, "takes all")
    crowd.people.block("1.2.3.4", IGNORE)  # a name that looks like an address
    crowd.people.block_address("192.0.2.0/24", Scope.CHAT)
    text = crowd.people.text()
    other = Crowd()
    assert await other.people.take_text(text) == (1, 3)
    assert other.people.text() == text
    assert await other.people.take_text(text) == (0, 0)
    with pytest.raises(UserError, match=r"line 2: .*nothing of the list"):
        await other.people.take_text("ban\tgood\nban\t*\n")
    with pytest.raises(UserError, match="your own name"):
        await other.people.take_text("ban\tsome\nban\tm?\nban\tme\n")
    assert not other.people.verdict("good") and not other.people.verdict("some")


async def test_plain_lists_are_taken_as_what_the_person_says() -> None:
    people = Crowd().people
    assert await people.take_text("# spam\n\nspammer one\r\n198.51.100.0/24\n", BAN) == (0, 2)
    assert people.refuses("spammer one") and people.refuses("x", "198.51.100.7")
    with pytest.raises(UserError, match="say ban or ignore"):
        await people.take_text("spammer\n")
    for wrong in ("ban spammer", "fly\tspammer", "ban+trusted\tx", "block:\tx", "block:chat,x\ty", "ban\t"):
        with pytest.raises(UserError, match="line 1"):
            await people.take_text(wrong, BAN)


async def test_lists_are_bounded() -> None:
    people = Crowd().people
    with pytest.raises(UserError, match="there may be"):
        await people.take_text("".join(f"ban\tuser{i}\n" for i in range(blocklist.RULES_MAX + 1)))
    with pytest.raises(UserError, match="patterns"):
        await people.take_text("".join(f"ban\tuser{i}*\n" for i in range(blocklist.PATTERNS_MAX + 1)))
    with pytest.raises(UserError, match="letters"):
        people_lists.read("x" * (people_lists.TEXT_MAX + 1))
    assert people.rules() == []


async def test_everything_is_on_disk_and_comes_back(tmp_path: Path) -> None:
    crowd = Crowd()
    await crowd.people.add("ann", "a note", trusted=True)
    await crowd.people.add("bob")
    crowd.people.block("leech*", BAN, "why")
    gone = crowd.people.block("gone", BAN)
    crowd.people.block_address("192.0.2.0/24", IGNORE)
    async with open_store(tmp_path / "a.db") as store:
        first = crowd.people.take_changes()
        assert first is not None
        crowd.people.put_back(first)
        crowd.people.unblock(gone)
        await crowd.people.remove("bob")
        changes = crowd.people.take_changes()
        assert changes is not None and changes.buddies_gone == ("bob",)
        await store.run(people_rows.save_people, changes)
        buddies = await store.run(people_rows.load_buddies)
        rules = await store.run(people_rows.load_rules)
    again = Crowd(buddies, rules).people
    assert again.text() == crowd.people.text() and again.take_changes() is None
    assert again.refuses("leech 7") and again.hides("x") is False


@given(st.text("ab*", max_size=12), st.text("ab", max_size=12))
def test_patterns_match_as_an_expression_would(pattern: str, name: str) -> None:
    expression = ".*".join(re.escape(part) for part in re.sub(r"\*+", "*", pattern).split("*"))
    assert matches(pattern, name) is (re.fullmatch(expression, name) is not None)


@given(
    st.lists(
        st.text("abc*", min_size=3, max_size=8).filter(lambda p: "*" in p and len(p.replace("*", "")) > 1)
    ),
    st.text("abc", min_size=1, max_size=10),
)
def test_a_list_of_patterns_says_what_each_of_them_says(patterns: list[str], name: str) -> None:
    hit = any(matches(pattern, name) for pattern in patterns)
    assert Blocklist(name_rule(pattern, IGNORE) for pattern in patterns).verdict(name) == (
        IGNORE if hit else 0
    )


def test_a_hostile_pattern_costs_no_more_than_another() -> None:
    rules = [name_rule("*" + "a*" * 14, BAN) for _ in range(blocklist.PATTERNS_MAX)]
    assert not Blocklist(rules).verdict("a" * 13 + "b" * 17)


@given(
    st.lists(
        st.tuples(st.ip_addresses(v=4), st.integers(8, 32), SCOPES)
        | st.tuples(st.ip_addresses(v=6), st.integers(16, 128), SCOPES),
        max_size=8,
    ),
    st.data(),
)
def test_networks_match_as_the_library_says(
    drawn: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int, Scope]], data: st.DataObject
) -> None:
    mapped = ipaddress.ip_network("::ffff:0:0/96")  # taken for what it maps, and then too wide perhaps
    rules = [address_rule(f"{ip}/{bits}", scope) for ip, bits, scope in drawn if ip not in mapped]
    asked = data.draw(
        st.ip_addresses() | st.sampled_from([ip for ip, _, _ in drawn] or [ipaddress.ip_address("::1")])
    )
    if isinstance(asked, ipaddress.IPv6Address) and asked.ipv4_mapped:
        asked = asked.ipv4_mapped
    expected = Scope.NOTHING
    for rule in rules:
        if asked in ipaddress.ip_network(rule.target):
            expected |= rule.scope
    assert Blocklist(rules).verdict("x", str(asked)) == expected


@given(
    st.lists(st.tuples(PLAIN_NAMES, st.text(max_size=40), st.booleans(), st.booleans()), max_size=5),
    st.lists(st.tuples(PLAIN_NAMES, SCOPES, st.text(max_size=40)), max_size=5),
    st.lists(st.tuples(st.ip_addresses(), SCOPES, st.text(max_size=40)), max_size=5),
)
def test_text_gives_back_what_went_in(
    friends: list[tuple[str, str, bool, bool]],
    names: list[tuple[str, Scope, str]],
    networks: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, Scope, str]],
) -> None:
    buddies = {n: people_lists.buddy(n, note, trusted=t, notify=o) for n, note, t, o in friends}
    rules = [name_rule(name, scope, note) for name, scope, note in names]
    rules += [address_rule(str(ip), scope, note) for ip, scope, note in networks]
    unique = {(rule.address, rule.target): rule for rule in rules}
    read = people_lists.read(people_lists.write(buddies.values(), unique.values()))
    assert list(read.buddies) == list(buddies.values()) and list(read.rules) == list(unique.values())


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_with_words(text: str) -> None:
    try:
        people_lists.read(text, BAN)
    except UserError as error:
        assert str(error).startswith("line ")


async def test_verdicts_are_asked_on_other_threads_while_the_list_changes() -> None:
    people = Crowd().people
    people.block("always*", BAN)
    wrong: list[str] = []

    def ask() -> None:
        for count in range(3000):
            if not people.refuses("always there", "192.0.2.1") or people.refuses(f"never {count}"):
                wrong.append(f"{count}")

    asking = threading.Thread(target=ask)
    asking.start()
    for count in range(200):
        people.block(f"user{count}*x", BAN)
        people.learn(f"user{count}", "192.0.2.1")
    asking.join()
    assert wrong == []
