"""The desk: takes commands in order, has them carried out, answers each exactly once.

Rules: what takes time (a dial, a search, a file) runs in a task of its own, so that no command waits for another;
errors of input, peers and disk become the reply's text; errors of ours end the engine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from slskmesh.engine import commands as cmd
from slskmesh.engine.album_desk import AlbumDesk
from slskmesh.engine.browse_desk import BrowseDesk
from slskmesh.engine.chat_desk import ChatDesk
from slskmesh.engine.disk_desk import DiskDesk
from slskmesh.engine.events import Reply
from slskmesh.engine.firstrun import check_downloads, check_shares, suggest_downloads, suggest_shares
from slskmesh.engine.hub import viewer_of
from slskmesh.engine.job_desk import JobDesk
from slskmesh.engine.legacy_desk import LegacyDesk, content_in
from slskmesh.engine.library_desk import LibraryDesk
from slskmesh.engine.mode_desk import ModeDesk
from slskmesh.engine.order_desk import OrderDesk
from slskmesh.engine.people_desk import PeopleDesk
from slskmesh.engine.service_desk import ServiceDesk
from slskmesh.engine.show_desk import ShowDesk
from slskmesh.engine.views import SettingsView, SettingView
from slskmesh.errors import SlskmeshError, UserError
from slskmesh.identity.peerid import parse_peer, peer_short
from slskmesh.overlay.address import split_address
from slskmesh.overlay.invite import PREFIX, make_invite, read_invite
from slskmesh.settings import describe, read_value, set_value
from slskmesh.soulseek.search_budget import SearchRefused
from slskmesh.soulseek.speech import SayingRefused
from slskmesh.text import sanitize

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

_QUERY_READ = 4096  # characters looked at; what peers are sent is shorter still
_HITS_WAITING = 500  # parts of answers waiting to be shown


class Desk:
    """Carries out commands for one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.services = ServiceDesk(engine)
        self._table: dict[type[cmd.Command], Callable[[int, Any], Awaitable[tuple[str, str] | str]]] = {
            cmd.Download: self._download,
            cmd.Pause: self._pause,
            cmd.Resume: self._resume,
            cmd.Remove: self._remove,
            cmd.Move: self._move,
            cmd.Watch: self._watch,
            cmd.Connect: self._connect,
            cmd.MakeInvite: self._make_invite,
            cmd.Disconnect: self._disconnect,
            cmd.Block: self._block,
            cmd.Unblock: self._unblock,
            cmd.Trust: self._trust,
            cmd.Forget: self._forget,
            cmd.Rescan: self._rescan,
            cmd.CancelScan: self._cancel_scan,
            cmd.SetSetting: self._set_setting,
            cmd.FinishSetup: self._finish_setup,
            **JobDesk(engine).table,
            **ModeDesk(engine).table,
            **LegacyDesk(engine).table,
            **ChatDesk(engine).table,
            **PeopleDesk(engine).table,
            **BrowseDesk(engine).table,
            **LibraryDesk(engine).table,
            **DiskDesk(engine).table,
            **OrderDesk(engine).table,
            **AlbumDesk(engine).table,
            **ShowDesk(engine).table,
            **self.services.table,
            **engine.legacy.searching.table,
        }

    async def run(self, incoming: trio.MemoryReceiveChannel[tuple[int, cmd.Command]]) -> None:
        """Takes commands until cancelled."""
        async with trio.open_nursery() as nursery:
            async for request, command in incoming:
                nursery.start_soon(self._carry_out, request, command)

    def reply(self, request: int, ok: bool, text: str, value: str = "") -> None:
        """Answers a command."""
        self._engine.hub.put_event(Reply(request, ok, sanitize(text, 400), value))

    async def _carry_out(self, request: int, command: cmd.Command) -> None:
        try:
            _check_text(command)
            answer = await self._table[type(command)](request, command)
        except SlskmeshError as error:
            self.reply(request, False, str(error), _seconds_of(error))
            return
        if isinstance(command, cmd.Change):
            await self._shown()
        text, value = answer if isinstance(answer, tuple) else (answer, "")
        self.reply(request, True, text, value)

    async def _shown(self) -> None:
        """Waits until the views show what a command did, so that nobody reads lists of before its answer."""
        engine = self._engine
        for published in [
            beat.hasten() for beat in (engine.pulse.lists, engine.legacy_pulse.lists, engine.job_pulse.lists)
        ]:
            await published.wait()

    # -- downloads ---------------------------------------------------------------------------------------------

    async def _download(self, request: int, command: cmd.Download) -> tuple[str, str]:
        content = content_in(command.content)
        if not self._engine.settings.configured:
            raise UserError("choose a downloads folder first (pane Settings)")
        await self._engine.downloads.add(content, command.size, command.name, command.folder)
        return f"added: {command.name}", command.content

    async def _pause(self, request: int, command: cmd.Pause) -> str:
        await self._engine.downloads.pause(content_in(command.transfer))
        return "paused"

    async def _resume(self, request: int, command: cmd.Resume) -> str:
        await self._engine.downloads.resume(content_in(command.transfer))
        return "resumed"

    async def _remove(self, request: int, command: cmd.Remove) -> str:
        await self._engine.downloads.remove(content_in(command.transfer))
        return "removed"

    async def _move(self, request: int, command: cmd.Move) -> str:
        await self._engine.downloads.move(content_in(command.transfer), command.by)
        return "moved"

    async def _watch(self, request: int, command: cmd.Watch) -> str:
        content = content_in(command.transfer) if command.transfer else b""
        self._engine.pulse.watch(viewer_of(request), content)
        return ""

    # -- peers -------------------------------------------------------------------------------------------------

    async def _connect(self, request: int, command: cmd.Connect) -> str:
        engine = self._engine
        text = command.invite.strip()
        if not engine.settings.configured:
            raise UserError("answer the first-run questions before connecting (pane Settings)")
        if text.lower().startswith(PREFIX) or ":" not in text:
            invite = read_invite(text, engine.clock())
            peer, addresses = invite.peer, invite.addresses
            if peer == engine.identity.peer:
                raise UserError("this is your own invite: give it to somebody else")
            if engine.standing.is_blocked(peer):
                raise UserError(f"{peer_short(peer)} is blocked; unblock it first (u in pane Peers)")
            engine.book.invited(peer, addresses)
            engine.plane.rendezvous.greet(list(addresses))
            session = await engine.overlay.connect(peer, addresses)
        else:
            split_address(text)
            session = await engine.overlay.connect(None, [text])
            engine.book.keep(session.peer)
        return f"connected to {sanitize(session.remote.name, 40) or 'peer'} ({peer_short(session.peer)})"

    async def _make_invite(self, request: int, command: cmd.MakeInvite) -> tuple[str, str]:
        engine = self._engine
        if engine.overlay.listening is None:
            raise UserError(
                "not listening, so nobody could follow an invite; check overlay.listen in Settings"
            )
        if not 1 <= command.valid_hours <= 24 * 366:
            raise UserError("an invite holds from 1 hour to 366 days")
        addresses = engine.plane.rendezvous.invite_addresses()
        text = make_invite(engine.identity, addresses, engine.clock() + command.valid_hours * 3600)
        return f"invite for {', '.join(addresses)}, good for {command.valid_hours} h", text

    async def _disconnect(self, request: int, command: cmd.Disconnect) -> str:
        peer = parse_peer(command.peer)
        self._engine.book.leave_alone(peer)
        if not self._engine.overlay.disconnect(peer, "closed", "the other side closed the connection"):
            raise UserError("this peer is not connected")
        return "disconnected"

    async def _block(self, request: int, command: cmd.Block) -> str:
        peer = parse_peer(command.peer)
        self._engine.standing.set_blocked(peer, True)
        self._engine.overlay.disconnect(peer, "blocked", "blocked")
        await self._engine.pulse.save()
        return f"blocked {peer_short(peer)}: no connections, searches or chunks with it"

    async def _unblock(self, request: int, command: cmd.Unblock) -> str:
        peer = parse_peer(command.peer)
        self._engine.standing.set_blocked(peer, False)
        self._engine.overlay.look_again()
        await self._engine.pulse.save()
        return f"unblocked {peer_short(peer)}"

    async def _trust(self, request: int, command: cmd.Trust) -> str:
        peer = parse_peer(command.peer)
        if command.trusted and self._engine.standing.is_blocked(peer):
            raise UserError("a blocked peer cannot be trusted; unblock it first")
        self._engine.standing.set_trusted(peer, command.trusted)
        if command.trusted:
            self._engine.book.keep(peer)
        await self._engine.pulse.save()
        return f"{peer_short(peer)} is {'trusted' if command.trusted else 'no longer trusted'}"

    async def _forget(self, request: int, command: cmd.Forget) -> str:
        peer = parse_peer(command.peer)
        if peer in self._engine.overlay.sessions:
            raise UserError("this peer is connected; disconnect it first (D)")
        self._engine.book.forget(peer)
        return f"forgot {peer_short(peer)}"

    # -- library and settings ----------------------------------------------------------------------------------

    async def _rescan(self, request: int, command: cmd.Rescan) -> str:
        if not self._engine.settings.library.shares:
            raise UserError("nothing is shared: set library.shares in pane Settings")
        self._engine.shares.rescan()
        return "scanning the shares"

    async def _cancel_scan(self, request: int, command: cmd.CancelScan) -> tuple[str, str]:
        return ("scan cancelled", "cancelled") if self._engine.shares.cancel() else ("no scan is running", "")

    async def _set_setting(self, request: int, command: cmd.SetSetting) -> str:
        engine = self._engine
        before = engine.settings
        await trio.to_thread.run_sync(self._check_folders, command.key, command.value)
        engine.settings = await trio.to_thread.run_sync(
            set_value, engine.home.root, command.key, command.value, engine.env
        )
        after = engine.settings
        engine.apply_limits()
        engine.library.apply(after)
        await self.publish_settings()
        if after.configured and (
            before.overlay.listen != after.overlay.listen or engine.overlay.listening is None
        ):
            await engine.overlay.listen(after.overlay.listen)
        if after.configured:
            await engine.plane.apply()
        await engine.legacy.apply()
        if before.library != after.library and after.configured:
            engine.shares.rescan()
        return f"{command.key} set"

    def _check_folders(self, key: str, text: str) -> None:
        """Refuses folders that cannot be what they are to be. Shares that were there before may be unplugged now."""
        value, library = read_value(key, text), self._engine.settings.library
        if key == "library.shares":
            new = [share for share in value if share not in library.shares]
            check_shares(new, self._engine.home.root, library.downloads)
        elif key == "library.downloads" and value:
            check_downloads(value)

    async def _finish_setup(self, request: int, command: cmd.FinishSetup) -> str:
        engine, root = self._engine, self._engine.home.root
        downloads = await trio.to_thread.run_sync(check_downloads, command.downloads)
        shares = await trio.to_thread.run_sync(check_shares, command.shares, root, downloads)
        values = {
            "overlay.name": command.name,
            "overlay.listen": command.listen or engine.settings.overlay.listen,
            "library.shares": msgspec.json.encode(shares).decode(),
            "library.downloads": downloads,  # last: its presence is what counts as set up
        }
        for key, value in values.items():
            engine.settings = await trio.to_thread.run_sync(set_value, root, key, value, engine.env)
        engine.apply_limits()
        engine.library.apply(engine.settings)
        await self.publish_settings()
        await engine.open_up()
        return (
            "set up: listening and scanning your shares" if shares else "set up: listening, nothing is shared"
        )

    async def publish_settings(self) -> None:
        """Shows all settings."""
        engine = self._engine
        rows = await trio.to_thread.run_sync(describe, engine.settings, engine.home.root, engine.env)
        self._engine.hub.put_view(
            SettingsView(
                configured=engine.settings.configured,
                home=str(engine.home.root),
                file=str(engine.home.config),
                settings=tuple(SettingView(**row) for row in rows),
                suggested_shares=tuple(suggest_shares(Path.home())),
                suggested_downloads=suggest_downloads(Path.home()),
            )
        )


def _check_text(command: cmd.Command) -> None:
    """UserError: a word of a command is no text (half a character of UTF-16, a zero): nothing can keep or send that."""
    for field in command.__struct_fields__:
        value = getattr(command, field)
        for word in value if isinstance(value, tuple) else (value,):
            if isinstance(word, str) and "\0" in word:
                raise UserError(f"{field}: holds something that is no character")
            if isinstance(word, str) and not word.isascii():
                try:
                    word.encode()
                except UnicodeEncodeError as error:
                    raise UserError(f"{field}: holds something that is no character") from error


def _seconds_of(error: SlskmeshError) -> str:
    """After how many seconds the same may be asked again; empty: it is no matter of time."""
    return str(error.retry_after) if isinstance(error, SayingRefused | SearchRefused) else ""
