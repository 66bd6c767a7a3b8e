"""The desk for users, buddies, bans and ignores, and wishes. Rules as in `engine/desk.py`.

Lists are kept without a session; who gets none of our files any more loses the uploads he has.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine import legacy_commands as legacy
from slskmesh.engine.legacy_desk import check_configured, count_of
from slskmesh.engine.legacy_events import OffersShown, PresenceShown
from slskmesh.engine.legacy_snapshots import SCOPES, offer_view, raw_of, shown, user_shown
from slskmesh.errors import PeerError, SlskmeshError, StorageError, UserError
from slskmesh.paths import atomic_write
from slskmesh.soulseek.blocklist import Rule, Scope, network_of
from slskmesh.soulseek.people import People
from slskmesh.soulseek.people_lists import TEXT_MAX
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.speech import user_name
from slskmesh.soulseek.values import UserInfo, UserState
from slskmesh.soulseek.wishes import Auto, Phase, Wish, WishList
from slskmesh.text import sanitize
from slskmesh.work import LocalBudget

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_ASKED: Final = "asked"  # on whose behalf a user is watched while he is asked
_BYTES_MAX: Final = 4 * TEXT_MAX
_PRESENCE: Final = "presence"  # the same for those whose presence was asked last
PRESENT_MAX: Final = 100
_PRESENCE_SECONDS: Final = 15.0  # for the server to say how somebody is

Handler = Callable[[int, Any], Awaitable[tuple[str, str] | str]]


class PeopleDesk:
    """Carries out these commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._present: dict[str, None] = {}  # watched since they were asked for, the oldest first
        self.table: dict[type[cmd.Command], Handler] = {
            legacy.AskUser: self._ask,
            legacy.AskPresence: self._presence,
            legacy.AddBuddy: self._add_buddy,
            legacy.RemoveBuddy: self._remove_buddy,
            legacy.AddRule: self._add_rule,
            legacy.RemoveRule: self._remove_rule,
            legacy.ImportPeople: self._import,
            legacy.ExportPeople: self._export,
            legacy.AddWish: self._add_wish,
            legacy.ChangeWish: self._change_wish,
            legacy.PauseWish: self._pause_wish,
            legacy.RemoveWish: self._remove_wish,
            legacy.ShowOffers: self._show_offers,
            legacy.TakeOffer: self._take_offer,
        }

    @property
    def _people(self) -> People:
        return self._engine.legacy.social.people

    @property
    def _wishes(self) -> WishList:
        return self._engine.legacy.social.wishes

    # -- users ---------------------------------------------------------------------------------------------------

    async def _ask(self, request: int, command: legacy.AskUser) -> str:
        plane = self._engine.legacy
        user = self._user(command.user)
        info, note = None, ""
        watches, whose = plane.social.watches, f"{_ASKED} {request}"
        await watches.on(user, whose)
        try:
            info = await plane.client.user_info(user, LocalBudget())
        except SlskmeshError as error:
            note = str(error)
        finally:
            state = watches.state(user)
            with trio.CancelScope(shield=True):
                await watches.off(user, whose)
        if info is None and state is UserState.OFFLINE:
            note = f"{shown(user)} is offline"
        sums = plane.tally.of_user(user)
        self._engine.hub.put_event(user_shown(request, user, info, state, sums, note))
        return note or self._said(user, info, state)

    async def _presence(self, request: int, command: legacy.AskPresence) -> str:
        plane, user = self._engine.legacy, self._user(user_name(command.user))
        if not plane.client.online:
            raise Offline(plane.why_not())
        await self._keep_watching(user)
        try:
            with trio.fail_after(_PRESENCE_SECONDS):
                state, privileged = await plane.social.watches.told(user)
        except trio.TooSlowError:
            raise PeerError("no-answer", "the server does not say how this user is", blame=False) from None
        self._engine.hub.put_event(PresenceShown(request, shown(user), state.value, privileged))
        return f"{shown(user)} is {state.value}"

    async def _keep_watching(self, user: str) -> None:
        """Watches a user, so that who asks again and again does not make the server be asked so often."""
        watches = self._engine.legacy.social.watches
        await watches.on(user, _PRESENCE)
        self._present.pop(user, None)
        self._present[user] = None
        while len(self._present) > PRESENT_MAX:
            oldest = next(iter(self._present))
            del self._present[oldest]
            await watches.off(oldest, _PRESENCE)

    def _said(self, user: str, info: UserInfo | None, state: UserState) -> str:
        if info is None:
            return f"{shown(user)} is {state.value}"
        return f"{shown(user)}: {count_of(info.slots, 'slot')}, {info.queue} waiting"

    def _user(self, name: str) -> str:
        plane = self._engine.legacy
        return raw_of(name, [*self._buddies(), *(talk.user for talk in plane.social.mail.standings())])

    def _buddies(self) -> Iterable[str]:
        return (one.name for one, _ in self._people.buddies())

    async def _add_buddy(self, request: int, command: legacy.AddBuddy) -> str:
        user = raw_of(command.user, self._buddies())
        there = self._people.buddy(user) is not None
        await self._people.add(user, command.note, trusted=command.trusted, notify=command.notify)
        return f"{shown(user)} {'changed' if there else 'is a buddy'}"

    async def _remove_buddy(self, request: int, command: legacy.RemoveBuddy) -> str:
        user = raw_of(command.user, self._buddies())
        if not await self._people.remove(user):
            raise UserError(f"{shown(user)} is no buddy")
        return f"{shown(user)} is no buddy any more"

    # -- bans and ignores ----------------------------------------------------------------------------------------

    async def _add_rule(self, request: int, command: legacy.AddRule) -> str:
        scope = scope_of(command.scope)
        block = self._people.block_address if command.address else self._people.block
        rule = block(command.target, scope, command.note)
        ended = await self._end_refused() if Scope.TRANSFERS in scope else 0
        from_what = ", ".join(word for word, flag in SCOPES.items() if flag in scope)
        more = f"; {count_of(ended, 'upload')} ended" if ended else ""
        return f"{shown(rule.target)} is kept from {from_what}{more}"

    async def _end_refused(self) -> int:
        """Ends uploads to everybody who gets none now; how many."""
        uploads = self._engine.legacy.uploads
        users = {one.user for one in uploads.views()}
        refused = [user for user in users if self._people.refuses(user)]
        return sum([await uploads.cancel_user(user) for user in refused])

    async def _remove_rule(self, request: int, command: legacy.RemoveRule) -> str:
        found = self._rule(command.target, command.address)
        if found is None or not self._people.unblock(found):
            raise UserError(f"there is no rule for {shown(command.target)}")
        return f"the rule for {shown(found.target)} is gone"

    def _rule(self, target: str, address: bool) -> Rule | None:
        network = network_of(target) if address else None
        wanted = str(network) if network is not None else target
        return next(
            (rule for rule in self._people.rules() if rule.address == address and rule.target == wanted), None
        )

    async def _import(self, request: int, command: legacy.ImportPeople) -> str:
        text = await trio.to_thread.run_sync(read_list, command.path)
        buddies, rules = await self._people.take_text(text)
        ended = await self._end_refused()
        more = f"; {count_of(ended, 'upload')} ended" if ended else ""
        taken = f"{count_of(buddies, 'buddy', 'buddies')} and {count_of(rules, 'rule')}"
        return f"{taken} taken{more}"

    async def _export(self, request: int, command: legacy.ExportPeople) -> str:
        await trio.to_thread.run_sync(write_list, command.path, self._people.text())
        return f"written: {sanitize(command.path, 300)}"

    # -- wishes --------------------------------------------------------------------------------------------------

    async def _add_wish(self, request: int, command: legacy.AddWish) -> tuple[str, str]:
        wish = self._wishes.add(command.text, command.filter, auto_of(command.auto))
        return f"wished for: {sanitize(wish.text, 80)}", str(wish.id)

    async def _change_wish(self, request: int, command: legacy.ChangeWish) -> str:
        self._wishes.change(command.wish, command.text, command.filter, auto_of(command.auto))
        return "wish changed"

    async def _pause_wish(self, request: int, command: legacy.PauseWish) -> str:
        self._wishes.pause(command.wish, command.paused)
        return "the wish rests" if command.paused else "the wish looks again"

    async def _remove_wish(self, request: int, command: legacy.RemoveWish) -> str:
        if not self._wishes.remove(command.wish):
            raise UserError("this wish was taken away already")
        return "wish taken away; what it fetches goes on"

    async def _show_offers(self, request: int, command: legacy.ShowOffers) -> str:
        wish = self._wish(command.wish)
        offers = self._wishes.offers(wish.id)[::-1]
        self._wishes.read(wish.id)
        self._engine.hub.put_event(OffersShown(request, wish.id, tuple(map(offer_view, offers))))
        return f"{count_of(len(offers), 'folder')} found" if offers else "nothing found since the start"

    async def _take_offer(self, request: int, command: legacy.TakeOffer) -> str:
        check_configured(self._engine)
        wish = self._wish(command.wish)
        if wish.phase is Phase.TAKING:
            raise UserError("what this wish found is being fetched already")
        offer = next((one for one in self._wishes.offers(wish.id) if one.digest.hex() == command.offer), None)
        if offer is None:
            raise UserError("this is not among what the wish found since the start")
        self._wishes.taking(wish.id, offer)
        try:
            await self._engine.legacy.wish_offers.take(wish, offer)
        except SlskmeshError as error:
            self._wishes.ended(wish.id, False, str(error))
            if wish.phase is Phase.PAUSED:
                self._wishes.pause(wish.id, True)
            raise
        return f"fetched: {count_of(len(offer.files), 'file')} from {shown(offer.user)}"

    def _wish(self, number: int) -> Wish:
        wish = self._wishes.get(number)
        if wish is None:
            raise UserError("this wish was taken away")
        return wish


def scope_of(words: Iterable[str]) -> Scope:
    """What a rule is for. UserError."""
    scope = Scope.NOTHING
    for word in words:
        if word not in SCOPES:
            raise UserError(f"{sanitize(word, 40)}: a rule is for {', '.join(SCOPES)}")
        scope |= SCOPES[word]
    return scope


def auto_of(auto: bool) -> Auto:
    """What a wish takes by itself."""
    return Auto.FOLDER if auto else Auto.OFF


def read_list(path: str) -> str:
    """A list's text. UserError: there is none that can be read. Blocking."""
    name = sanitize(path, 300)
    try:
        with open(Path(path).expanduser(), "rb") as file:
            raw = file.read(_BYTES_MAX + 1)
    except (OSError, ValueError, RuntimeError) as error:  # the last: nobody is called so
        raise UserError(f"{name}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if len(raw) > _BYTES_MAX:
        raise UserError(f"{name}: is too long for a list of people")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{name}: is not UTF-8 text") from error


def write_list(path: str, text: str) -> None:
    """Writes a list where nothing is yet. UserError: it cannot be there; StorageError. Blocking."""
    name = sanitize(path, 300)
    try:
        there = Path(path).expanduser()
        os.close(os.open(there, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))  # nobody else writes there now
    except FileExistsError as error:
        raise UserError(f"{name}: is there already; give another name") from error
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{name}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        atomic_write(there, text.encode())
    except StorageError:
        there.unlink(missing_ok=True)
        raise
