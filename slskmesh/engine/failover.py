"""Which networks work is sent to now: the state machine of `modes` fed with what is seen of the server, and shown.

Rules:
- Decisions are `modes`'; here are time, checks of the server every half minute while it is there, and the event log.
- Each change is one notice with its reason, and one `ModeChanged`. Who acts on a change is told at once (`on_change`).
- Checks are skipped while there is no session: what the supervisor tells is enough then.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final

import trio

from slskmesh import modes
from slskmesh.engine.events import Level
from slskmesh.engine.legacy_events import ModeChanged
from slskmesh.engine.legacy_views import ModeView
from slskmesh.errors import SlskmeshError
from slskmesh.modes import EFFECTS, Banner, Change, Effects, Mode, Modes, Policy, State, Times
from slskmesh.overlay.address import join_address
from slskmesh.soulseek.values import Outcome
from slskmesh.soulseek.watch import Phase, Standing
from slskmesh.text import SafeStr, sanitize
from slskmesh.work import LocalBudget, Origin

if TYPE_CHECKING:
    from slskmesh.engine.engine import Engine

CHANGES_KEPT: Final = 50
_SHOW_EVERY: Final = 1.0  # seconds
_PING_MOST: Final = 20.0  # seconds for one check, whatever the client does


class Failover:
    """Health and mode of one engine. `on_change` is called after every change."""

    def __init__(self, engine: Engine, times: Times, on_change: Callable[[], None]) -> None:
        self._engine = engine
        self._times = times
        self._on_change = on_change
        self._modes = Modes(trio.current_time(), self.policy(), times)
        self._changes: deque[tuple[float, SafeStr]] = deque(maxlen=CHANGES_KEPT)
        self._session = trio.Event()  # set while there is a session
        self._wake = trio.Event()
        self._shown: ModeView | None = None
        self._epoch = engine.clock() - trio.current_time()  # fixed, so that a time shown does not waver

    # -- what others read ----------------------------------------------------------------------------------------

    def policy(self) -> Policy:
        """What the settings say."""
        settings = self._engine.settings
        disaster = settings.mesh.disaster_mode
        return Policy(
            mesh=settings.mesh.enabled,
            account=bool(settings.soulseek.username),
            auto=disaster.auto,
            force=disaster.force,
            disaster_after=float(disaster.after),
        )

    def state(self) -> State:
        """How it stands now."""
        return self._modes.state(trio.current_time())

    @property
    def effects(self) -> Effects:
        """What the mode of now does."""
        state = self.state()
        return EFFECTS[state.mode, state.health]

    def banner(self, peers: int) -> Banner:
        """What row 0 says, with this many mesh peers."""
        state = self.state()
        return modes.banner(state.mode, state.health, peers, online=self._session.is_set())

    # -- what is seen --------------------------------------------------------------------------------------------

    def configured(self) -> None:
        """The settings changed."""
        self._take(self._modes.configure(trio.current_time(), self.policy()))

    def stands(self, standing: Standing) -> None:
        """How the session with the server stands now (`soulseek.supervisor`)."""
        now = trio.current_time()
        if standing.phase is Phase.ONLINE:
            self._session.set()
            self._take(self._modes.online(now))
            return
        if self._session.is_set():
            self._session = trio.Event()
        tried = standing.outcome not in (None, Outcome.ONLINE)
        if standing.phase in (Phase.WAITING, Phase.STOPPED) and tried:
            self._take(self._modes.lost(now, str(standing.what)))

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._tick)
            nursery.start_soon(self._check)

    async def _tick(self) -> None:
        while True:
            self._wake = trio.Event()
            self._take(self._modes.tick(trio.current_time()))
            self._show()
            due = self._modes.next_due
            pause = _SHOW_EVERY if due is None else min(_SHOW_EVERY, due - trio.current_time())
            with trio.move_on_after(max(0.0, pause)):
                await self._wake.wait()
            await trio.sleep(0.05)  # changes of one moment are shown at once

    async def _check(self) -> None:
        """Asks the server for a sign of life now and then."""
        while True:
            await self._session.wait()
            rtt, asked = None, True
            with trio.move_on_after(_PING_MOST):
                try:
                    rtt = await self._engine.legacy.client.ping(LocalBudget(Origin.AUTOMATION))
                except SlskmeshError:
                    asked = False  # the session ended just now, which is told by itself
            if asked:
                self._take(self._modes.sample(trio.current_time(), rtt, answered=rtt is not None))
            await trio.sleep(self._times.check_every)

    def _take(self, changes: Iterable[Change]) -> None:
        told = False
        for change in changes:
            told = True
            self._tell(change)
        if told:
            self._on_change()
        self._wake.set()

    def _tell(self, change: Change) -> None:
        mode, health = change.after
        words = sanitize(change.words, 300)
        when = self._wall(change.at)
        self._changes.append((when, words))
        loud = change.entered_disaster or health is modes.Health.UNAVAILABLE
        good = change.left_disaster or health is modes.Health.HEALTHY
        level = Level.WARN if loud else Level.GOOD if good else Level.INFO
        self._engine.notice(level, words)
        self._engine.hub.put_event(
            ModeChanged(when, mode.value, health.value, words, change.entered_disaster, change.left_disaster)
        )

    # -- what is shown -------------------------------------------------------------------------------------------

    def _wall(self, at: float) -> float:
        return round(self._epoch + at, 1)

    def _show(self) -> None:
        view = self._view()
        if view != self._shown:
            self._shown = view
            self._engine.hub.put_view(view)

    def _view(self) -> ModeView:
        engine, state = self._engine, self.state()
        effects, standing = EFFECTS[state.mode, state.health], engine.legacy.supervisor.standing
        left = engine.legacy.searches.status()
        account, listening = engine.settings.soulseek, engine.legacy.client.listening
        served = state.mode is not Mode.MESH_ONLY
        return ModeView(
            mode=state.mode.value,
            health=state.health.value,
            since=self._wall(state.since),
            reason=sanitize(state.reason, 300),
            rtt=None if state.rtt is None else round(state.rtt, 3),
            outlook=sanitize(state.outlook, 120),
            next_at=None if state.next_at is None else self._wall(state.next_at),
            phase=standing.phase.value,
            what=standing.what,
            todo=standing.todo,
            next_try=None if standing.next_at is None else self._wall(standing.next_at),
            tries=standing.tries,
            ban_suspected=standing.ban_suspected,
            taken=standing.outcome is Outcome.KICKED and standing.phase is Phase.STOPPED,
            server=sanitize(account.server, 80) if served else SafeStr(""),
            username=sanitize(account.username, 40),
            listening=join_address(*listening) if listening else "",
            connect=effects.connect,
            ask_server=effects.ask_server and engine.legacy.client.online,
            ask_mesh=effects.ask_mesh,
            legacy_sources=effects.legacy_sources,
            rooms=effects.rooms,
            search=SafeStr(effects.search),
            jobs=SafeStr(effects.jobs),
            transfers=SafeStr(effects.transfers),
            chat=SafeStr(effects.chat),
            searches_left=left.left,
            searches_of=left.of,
            searches_next=float(round(left.next_in)),
            events=tuple(self._changes),
        )
