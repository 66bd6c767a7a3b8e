"""The desk for users, buddies, rules and wishes: the real lists over a client a test speaks for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slskmesh.engine import legacy_commands as leg
from slskmesh.engine.legacy_events import OffersShown, UserShown
from slskmesh.engine.people_desk import read_list, write_list
from slskmesh.errors import StorageError, UserError
from slskmesh.soulseek.offers import Offer, Source
from slskmesh.soulseek.values import (
    RemoteFile,
    TransferChanged,
    TransferNews,
    TransferPhase,
    UserAddress,
    UserChanged,
    UserInfo,
    UserState,
)
from slskmesh.soulseek.wishes import Phase
from tests.engine.legacy_stand import Stand

FLAC = "m\\Album\\CD1\\1.flac"


def aborted(stand: Stand) -> list[int]:
    return sorted(stand.client.aborted)


async def test_a_user_is_asked_and_what_we_know_is_shown_with_it(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        stand.client.infos["ben"] = UserInfo("ben", "hi\n\x1b[31mall", 3, 7, True, 5_000)
        for done in (0, 400):
            news = TransferNews(1, "ben", "a", False, TransferPhase.ACTIVE, 500, done)
            stand.client.tell(TransferChanged(news))
        assert await stand.do(leg.AskUser("ben"), 9) == "ben: 3 slots, 7 waiting"
        [shown] = stand.said(UserShown)
        assert (shown.query, shown.user, shown.text) == (9, "ben", "hi \ufffd[31mall")
        assert (shown.slots, shown.queue, shown.free_slot, shown.picture) == (3, 7, True, 5_000)
        assert (shown.received, shown.sent, shown.note) == (400, 0, "")
        assert stand.client.watched == []  # he was, while he was asked


async def test_of_a_user_who_does_not_answer_the_rest_is_shown_with_a_note(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await stand.do(leg.AddBuddy("ben"))
        stand.client.tell(UserChanged("ben", UserState.OFFLINE))
        stand.client.tell(UserChanged("cara", UserState.ONLINE))
        assert await stand.do(leg.AskUser("ben")) == "ben is offline"
        assert await stand.do(leg.AskUser("cara")) == "the user: no answer came in time"
        stand.client.lose()
        assert "no session" in await stand.do(leg.AskUser("cara"))
        shown = [(one.user, one.state, one.note[:12]) for one in stand.said(UserShown)]
        assert shown == [
            *(
                ("ben", "offline", "ben is offli"),
                ("cara", "unknown", "the user: no"),
                ("cara", "unknown", "there is no "),
            )
        ]


async def test_buddies_are_kept_without_a_session(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        people = stand.legacy.social.people
        assert await stand.do(leg.AddBuddy("ben", "friend", notify=True)) == "ben is a buddy"
        assert await stand.do(leg.AddBuddy("ben", "old friend", trusted=True)) == "ben changed"
        [(one, state)] = people.buddies()
        assert (one.note, one.trusted, one.notify, state) == ("old friend", True, False, UserState.UNKNOWN)
        assert "that is you" in await stand.refused(leg.AddBuddy("me"))
        assert await stand.do(leg.RemoveBuddy("ben")) == "ben is no buddy any more"
        assert await stand.refused(leg.RemoveBuddy("ben")) == "ben is no buddy"


async def test_who_is_banned_loses_his_uploads_and_who_is_ignored_does_not(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        people = stand.legacy.social.people
        for key, user in enumerate(("ben", "ben", "cara", "spam1", "spam2", "dora"), 1):
            stand.upload(key, user, f"share\\{key}")
        said = await stand.do(leg.AddRule("ben", ("results", "chat")))
        assert said == "ben is kept from results, chat" and aborted(stand) == []
        said = await stand.do(leg.AddRule("ben", ("results", "chat", "transfers"), note="why"))
        assert said == "ben is kept from results, chat, transfers; 2 uploads ended"
        assert aborted(stand) == [1, 2]
        assert (await stand.do(leg.AddRule("spam*", ("transfers",)))).endswith("2 uploads ended")
        stand.client.tell(UserAddress("dora", "192.0.2.9"))
        said = await stand.do(leg.AddRule("192.0.2.1/24", ("transfers",), address=True))
        assert said == "192.0.2.0/24 is kept from transfers; 1 upload ended"
        assert aborted(stand) == [1, 2, 4, 5, 6]
        assert people.refuses("ben") and people.hides("ben") and not people.hides("spam1")
        assert (
            await stand.do(leg.RemoveRule("192.0.2.77/24", address=True))
            == "the rule for 192.0.2.0/24 is gone"
        )
        assert await stand.do(leg.RemoveRule("ben")) == "the rule for ben is gone"
        assert await stand.refused(leg.RemoveRule("ben")) == "there is no rule for ben"
        assert not people.refuses("ben") and not people.refuses("dora")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (leg.AddRule("ben", ()), "for nothing"),
        (leg.AddRule("ben", ("all",)), "all: a rule is for results, chat, transfers"),
        (leg.AddRule("*", ("chat",)), "nearly everybody"),
        (leg.AddRule("me", ("chat",)), "that is you"),
        (leg.AddRule("10.0.0.0/1", ("chat",), address=True), "too much of the internet"),
    ],
)
async def test_rules_that_cannot_be_are_refused(tmp_path: Path, command: leg.AddRule, words: str) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        assert words in await stand.refused(command)
        assert stand.legacy.social.people.rules() == []


async def test_lists_are_written_and_taken_whole(tmp_path: Path) -> None:
    file = tmp_path / "people.txt"
    async with Stand(tmp_path).runs(pulse=False) as stand:
        await stand.do(leg.AddBuddy("ben", "friend", trusted=True))
        await stand.do(leg.AddRule("spam*", ("results", "chat", "transfers")))
        assert await stand.do(leg.ExportPeople(str(file))) == f"written: {file}"
        assert "is there already" in await stand.refused(leg.ExportPeople(str(file)))
    other = tmp_path / "other"
    other.mkdir()
    async with Stand(other).runs(pulse=False) as stand:
        stand.upload(1, "spam1", "share\\1")
        assert await stand.do(leg.ImportPeople(str(file))) == "1 buddy and 1 rule taken; 1 upload ended"
        assert await stand.do(leg.ImportPeople(str(file))) == "0 buddies and 0 rules taken"
        people = stand.legacy.social.people
        assert [one.note for one, _ in people.buddies()] == ["friend"] and people.refuses("spam9")
        broken = tmp_path / "broken.txt"
        broken.write_text("ban\tcara\nban\n")
        assert "line 2" in await stand.refused(leg.ImportPeople(str(broken)))
        assert not people.refuses("cara")


def test_files_that_cannot_be_lists_are_refused_in_words(tmp_path: Path) -> None:
    latin = tmp_path / "latin"
    latin.write_bytes(b"ban\t\xff\n")
    for path, words in (
        (tmp_path / "none", "cannot be read: No such file"),
        (tmp_path, "cannot be read: Is a directory"),
        (latin, "is not UTF-8"),
        (Path("a\0b"), "cannot be read"),
        (Path("~nobody-is-called-so/a"), "cannot be read"),
    ):
        with pytest.raises(UserError, match=words):
            read_list(str(path))
    for path in (tmp_path / "none" / "a", Path("a\0b")):
        with pytest.raises(UserError, match="cannot be written"):
            write_list(str(path), "text")
    write_list(str(tmp_path / "list"), "text")
    assert (tmp_path / "list").stat().st_mode & 0o777 == 0o600


def test_a_list_that_cannot_be_written_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        write_list(str(tmp_path / "list"), "text")
    assert list(tmp_path.iterdir()) == []


# -- wishes ------------------------------------------------------------------------------------------------------


def offer(folder: str, *files: RemoteFile, user: str = "ben", source: Source = Source.SOULSEEK) -> Offer:
    return Offer(source, user, folder, files)


async def test_wishes_are_added_changed_and_taken_away_without_a_session(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False, online=False) as stand:
        wishes = stand.legacy.social.wishes
        number = int(await stand.value(leg.AddWish("autechre  amber", "lossless", auto=True)))
        assert "wished for already" in await stand.refused(leg.AddWish("Autechre amber", "lossless"))
        assert "needs words" in await stand.refused(leg.AddWish(" "))
        await stand.refused(leg.AddWish("other", "size >"))
        assert await stand.do(leg.ChangeWish(number, "autechre incunabula")) == "wish changed"
        assert await stand.do(leg.PauseWish(number, True)) == "the wish rests"
        [wish] = wishes.wishes()
        assert (wish.text, wish.filter, wish.phase) == ("autechre incunabula", "", Phase.PAUSED)
        assert await stand.do(leg.PauseWish(number, False)) == "the wish looks again"
        assert "goes on" in await stand.do(leg.RemoveWish(number))
        assert "taken away already" in await stand.refused(leg.RemoveWish(number))
        assert "taken away" in await stand.refused(leg.ShowOffers(number))


async def test_what_a_wish_found_is_shown_and_taken(tmp_path: Path) -> None:
    async with Stand(tmp_path).runs(pulse=False) as stand:
        wishes, downloads = stand.legacy.social.wishes, stand.legacy.downloads
        number = int(await stand.value(leg.AddWish("album")))
        locked = RemoteFile("x\\1.flac", 5, locked=True)
        wishes.found(number, [offer("m\\Album", RemoteFile(FLAC, 5)), offer("x", locked, user="ca\x1bra")])
        assert await stand.do(leg.ShowOffers(number), 4) == "2 folders found"
        [shown] = stand.said(OffersShown)
        assert (shown.query, shown.wish) == (4, number)
        assert [(one.user, one.folder, one.files, one.lossless) for one in shown.offers] == [
            *(("ca\ufffdra", "x", 1, False), ("ben", "m/Album", 1, True))
        ]
        assert wishes.get(number).fresh == 0
        other, album = shown.offers
        assert "all files of this offer are locked" in await stand.refused(leg.TakeOffer(number, other.offer))
        assert wishes.get(number).phase is Phase.LOOKING
        said = await stand.do(leg.TakeOffer(number, album.offer))
        assert said == "fetched: 1 file from ben" and wishes.get(number).phase is Phase.TAKING
        [state] = downloads.views()
        assert (state.user, state.path, state.folder) == ("ben", FLAC, "Album/CD1")
        assert "already" in await stand.refused(leg.TakeOffer(number, album.offer))
        await stand.until(lambda: downloads.views()[0].phase is TransferPhase.REQUESTED)
        stand.client.net.data["ben", FLAC] = b"12345"
        stand.client.net.send("ben", FLAC)
        await stand.until(lambda: wishes.get(number).phase is Phase.DONE)
        assert "not among what" in await stand.refused(leg.TakeOffer(number, "00" * 8))
