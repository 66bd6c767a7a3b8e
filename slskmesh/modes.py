"""Health of the Soulseek server and the mode the engine is in: what works now, why, and what comes next. Pure.

Health is told from what is seen of the server, by elapsed time (research features 2.5):

| from | to | when |
|---|---|---|
| at start | HEALTHY | the first login succeeds |
| HEALTHY | DEGRADED | at once when the line is lost or a login refused; at the third check in a row without answer |
| DEGRADED | UNAVAILABLE | nothing was heard of the server for 2 min without a break |
| either | HEALTHY | three good checks, 30 s apart, and then a minute without trouble |

`NORMAL` becomes `DISASTER` when the server is UNAVAILABLE and that silence began the configured time ago (10 min unless
set otherwise); back with HEALTHY. A short time on the server neither ends UNAVAILABLE nor begins it anew, it only puts
DISASTER off until there were 2 min without a word again: a line that comes and goes makes no more changes than one
that stays away.

Rules:
- Clocks are monotonic and begin with the first sign of a state; an equal sign later moves nothing.
- Transitions that were due between two calls are made up for at their own time, in order, each as one `Change`.
- Forced mesh-only and legacy-only are the person's: no health changes them. With `auto` off nothing enters DISASTER.
"""

from __future__ import annotations

import enum
import math
from typing import Final

import msgspec

WITHOUT_ANSWER: Final = 3  # checks in a row
GOOD_CHECKS: Final = 3
_EARLY: Final = 0.9  # of the time between checks, after which the next one counts
LASTING: Final = 1800.0  # seconds in DISASTER after which it is not expected to be over soon


class Health(enum.Enum):
    """Of the Soulseek server, as this machine sees it."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNAVAILABLE = "unavailable"


class Mode(enum.Enum):
    """Which planes new work goes to."""

    NORMAL = "hybrid"
    DISASTER = "disaster"  # entered by itself; left by itself
    MESH_ONLY = "mesh-only"  # by the person's choice, or for want of an account
    LEGACY_ONLY = "legacy-only"  # the mesh is switched off


class Policy(msgspec.Struct, frozen=True):
    """What the settings say."""

    mesh: bool = True  # mesh.enabled
    account: bool = True  # a Soulseek account is set
    auto: bool = True  # mesh.disaster_mode.auto
    force: bool = False  # mesh.disaster_mode.force
    disaster_after: float = 600.0  # seconds


class Times(msgspec.Struct, frozen=True):
    """Seconds of the rules above."""

    unavailable_after: float = 120.0  # and never longer than Policy.disaster_after
    check_every: float = 30.0
    stable: float = 60.0


class Change(msgspec.Struct, frozen=True):
    """One transition, for the event log. `at` is of the clock handed in."""

    at: float
    before: tuple[Mode, Health]
    after: tuple[Mode, Health]
    reason: str

    @property
    def entered_disaster(self) -> bool:
        """Whether mesh-only mode began by itself."""
        return self.after[0] is Mode.DISASTER is not self.before[0]

    @property
    def left_disaster(self) -> bool:
        """Whether mesh-only mode ended."""
        return self.before[0] is Mode.DISASTER is not self.after[0]

    @property
    def words(self) -> str:
        """One line: what it is now, what it was, and why."""
        (was, was_health), (now, health) = self.before, self.after
        if was is now:
            return f"Soulseek server {health.value} (was {was_health.value}): {self.reason}"
        return f"mode {now.value} (was {was.value}): {self.reason}"


class State(msgspec.Struct, frozen=True):
    """How it stands. `since` and `next_at` are of the clock handed in."""

    mode: Mode
    health: Health
    since: float  # of this mode and health together
    reason: str
    rtt: float | None = None  # seconds, of the last good check that measured it
    outlook: str = ""  # what comes next if nothing else happens: "mesh-only in 4:10 if this lasts"
    next_at: float | None = None  # when that is
    lasting: bool = False  # in DISASTER for half an hour: publish more often, look for scenes and peers anew


class Modes:
    """The state machine. Each event gives the transitions it caused, with those that were due before it."""

    def __init__(self, now: float, policy: Policy | None = None, times: Times | None = None) -> None:
        self._policy = policy or Policy()
        self._times = times or Times()
        self._mode, self._reason = _chosen(self._policy) or (Mode.NORMAL, "")
        self._since = now
        self._set_at = now  # the policy
        self._rtt: float | None = None
        self._fresh(now)

    def _fresh(self, now: float) -> None:
        """Nothing is known of the server yet."""
        served = self._mode is not Mode.MESH_ONLY
        self._health = Health.DEGRADED if served else Health.UNAVAILABLE
        self._untried = served  # no login ended yet
        self._reason = "connecting to the Soulseek server" if served else self._reason
        self._online = False
        self._silent_since: float | None = now if served else None  # no sign of life since then
        self._began = math.inf  # the silence that made it UNAVAILABLE
        self._unanswered = 0
        self._checks = 0  # good ones in this recovery
        self._checked_at = -math.inf
        self._proved_at = math.inf  # the last good check that was needed

    # -- events ------------------------------------------------------------------------------------------------

    def online(self, now: float) -> list[Change]:
        """A login succeeded."""
        changes = self.tick(now)
        if self._mode is Mode.MESH_ONLY or self._online:
            return changes
        self._online, self._silent_since, self._unanswered = True, None, 0
        if self._untried:
            self._untried = False
            changes.append(self._to(now, self._mode, Health.HEALTHY, "the Soulseek server is there"))
        return changes

    def lost(self, now: float, why: str) -> list[Change]:
        """The line went down, or a login did not succeed; `why` in words."""
        changes = self.tick(now)
        if self._mode is Mode.MESH_ONLY:
            return changes
        self._online, self._untried = False, False
        changes += self._trouble(now, why)
        return changes

    def sample(self, now: float, rtt: float | None, *, answered: bool = True) -> list[Change]:
        """One check of the server while online: its round trip (None: not measured), or `answered` False."""
        changes = self.tick(now)
        if self._mode is Mode.MESH_ONLY or not self._online:
            return changes
        if answered:
            self._good(now)
            self._rtt = rtt if rtt is not None else self._rtt
            return changes
        self._unanswered += 1
        self._rtt = None
        if self._health is not Health.HEALTHY or self._unanswered >= WITHOUT_ANSWER:
            changes += self._trouble(
                now, f"{self._unanswered} checks without answer from the Soulseek server"
            )
        elif self._silent_since is None:
            self._silent_since = now
        return changes

    def configure(self, now: float, policy: Policy) -> list[Change]:
        """The settings changed."""
        changes = self.tick(now)
        was_auto, self._policy, self._set_at = self._policy.auto, policy, now
        chosen = _chosen(policy)
        before = (self._mode, self._health)
        if chosen is not None and chosen[0] is not self._mode:
            mode, reason = chosen
            if mode is Mode.MESH_ONLY or self._mode is Mode.MESH_ONLY:
                self._mode = mode
                self._fresh(now)
            changes.append(self._to(now, mode, self._health, reason, before))
        elif chosen is None and self._mode in (Mode.MESH_ONLY, Mode.LEGACY_ONLY):
            if self._mode is Mode.MESH_ONLY:
                self._mode = Mode.NORMAL
                self._fresh(now)
            changes.append(self._to(now, Mode.NORMAL, self._health, "hybrid is switched on", before))
        elif chosen is not None:
            self._reason = chosen[1] if self._mode is Mode.MESH_ONLY else self._reason
        elif self._mode is Mode.DISASTER and was_auto and not policy.auto:
            reason = "changing to mesh-only by itself is switched off"
            changes.append(self._to(now, Mode.NORMAL, self._health, reason))
        return changes + self.tick(now)

    def tick(self, now: float) -> list[Change]:
        """Time went by: what was due until `now`."""
        changes = []
        while (due := self._due()) is not None and due[0] <= now:
            changes.append(self._to(*due))
        return changes

    # -- inside ------------------------------------------------------------------------------------------------

    def _good(self, now: float) -> None:
        self._unanswered, self._silent_since = 0, None
        soon = self._checked_at + _EARLY * self._times.check_every
        if self._health is Health.HEALTHY or now < soon:
            return
        self._checked_at = now
        self._checks += 1
        if self._checks == GOOD_CHECKS:
            self._proved_at = now

    def _trouble(self, now: float, why: str) -> list[Change]:
        if self._silent_since is None:
            self._silent_since = now
        self._checks, self._checked_at, self._proved_at = 0, -math.inf, math.inf
        self._reason = why
        if self._health is Health.HEALTHY:
            return [self._to(now, self._mode, Health.DEGRADED, why)]
        return []

    def _due(self) -> tuple[float, Mode, Health, str] | None:
        """The next transition by time alone: when, to what, why."""
        if self._mode is Mode.MESH_ONLY or self._health is Health.HEALTHY:
            return None
        if self._proved_at < math.inf:
            mode = Mode.NORMAL if self._mode is Mode.DISASTER else self._mode
            reason = f"{GOOD_CHECKS} good checks and a stable minute"
            return self._proved_at + self._times.stable, mode, Health.HEALTHY, reason
        if self._silent_since is None:
            return None
        if self._health is Health.DEGRADED:
            at = max(self._silent_since + self._enough, self._since, self._set_at)
            return at, self._mode, Health.UNAVAILABLE, self._reason
        begin = self._disaster_at()
        return None if begin is None else (begin, Mode.DISASTER, self._health, self._reason)

    @property
    def _enough(self) -> float:
        """Seconds of silence that make the server UNAVAILABLE."""
        return min(self._times.unavailable_after, self._policy.disaster_after)

    def _disaster_at(self) -> float | None:
        """When DISASTER begins if the silence lasts."""
        if self._mode is not Mode.NORMAL or not self._policy.auto or self._silent_since is None:
            return None
        if self._health is Health.HEALTHY:
            return None
        silent = self._silent_since
        at = min(self._began, silent) + self._policy.disaster_after
        return max(at, silent + self._enough, self._since, self._set_at)

    def _to(
        self, at: float, mode: Mode, health: Health, reason: str, before: tuple[Mode, Health] | None = None
    ) -> Change:
        change = Change(at, before or (self._mode, self._health), (mode, health), reason)
        if health is Health.UNAVAILABLE is not self._health and self._silent_since is not None:
            self._began = self._silent_since
        self._mode, self._health, self._since, self._reason = mode, health, at, reason
        self._untried = self._untried and health is Health.DEGRADED
        if health is Health.HEALTHY:
            self._began = math.inf
            self._checks, self._checked_at, self._proved_at = 0, -math.inf, math.inf
        return change

    # -- how it stands -----------------------------------------------------------------------------------------

    @property
    def next_due(self) -> float | None:
        """When `tick` will have something to do; None: not by time alone."""
        due = self._due()
        return None if due is None else due[0]

    def state(self, now: float) -> State:
        """How it stands."""
        outlook, at = self._outlook()
        if at is not None:
            outlook = f"{outlook} in {countdown(at - now)} if this lasts"
        return State(
            mode=self._mode,
            health=self._health,
            since=self._since,
            reason=self._reason,
            rtt=self._rtt if self._online else None,
            outlook=outlook,
            next_at=at,
            lasting=self._mode is Mode.DISASTER and now - self._since >= LASTING,
        )

    def _outlook(self) -> tuple[str, float | None]:
        if self._mode is Mode.MESH_ONLY or self._health is Health.HEALTHY:
            return "", None
        if self._online and self._silent_since is None:
            if self._proved_at < math.inf:
                return "all well", self._proved_at + self._times.stable
            if not self._checks:
                return "the server is back; it is being checked", None
            left = GOOD_CHECKS - self._checks
            return "all well", self._checked_at + left * self._times.check_every + self._times.stable
        if (at := self._disaster_at()) is not None:
            return "mesh-only", at
        if self._mode is Mode.NORMAL and not self._policy.auto:
            return "stays like this: changing to mesh-only by itself is switched off", None
        return "", None


def _chosen(policy: Policy) -> tuple[Mode, str] | None:
    """The mode that the settings fix, if they do, and why."""
    if policy.force:
        return Mode.MESH_ONLY, "mesh-only is chosen in the settings"
    if not policy.mesh:
        return Mode.LEGACY_ONLY, "the mesh is switched off in the settings"
    if not policy.account:
        return Mode.MESH_ONLY, "no Soulseek account is set"
    return None


# -- what it means ----------------------------------------------------------------------------------------------------


class Banner(enum.Enum):
    """What row 0 says: seven states of the engine (design.md 6), and STARTING before there is one."""

    STARTING = "starting"
    HYBRID = "hybrid"
    DEGRADED = "degraded"
    DISASTER = "disaster"
    MESH_ONLY = "mesh-only"
    LEGACY_ONLY = "legacy-only"
    ISOLATED = "isolated"
    STOPPED = "stopped"


def banner(
    mode: Mode, health: Health, mesh_peers: int, *, online: bool = False, running: bool = True
) -> Banner:
    """The state shown; ISOLATED is where neither plane reaches anybody. `online`: there is a session with the server,
    which does not end a mode by itself.
    """
    if not running:
        return Banner.STOPPED
    if mode in (Mode.MESH_ONLY, Mode.DISASTER):
        reached = Banner.MESH_ONLY if mode is Mode.MESH_ONLY else Banner.DISASTER
        return reached if mesh_peers or online else Banner.ISOLATED
    if health is Health.HEALTHY:
        return Banner.HYBRID if mode is Mode.NORMAL else Banner.LEGACY_ONLY
    if health is Health.UNAVAILABLE and not online and (mode is Mode.LEGACY_ONLY or not mesh_peers):
        return Banner.ISOLATED
    return Banner.DEGRADED


class Effects(msgspec.Struct, frozen=True):
    """What a mode does (documents 000 section 5.5). What is left out of it loses nothing: it is kept and waits."""

    connect: bool  # be on the server, and try to get there
    ask_server: bool  # searches go to the server while there is a session
    ask_mesh: bool  # searches go to the shadow index and to neighbours
    ids_first: bool  # words become MusicBrainz ids before anybody is asked
    legacy_sources: bool  # new transfers and jobs may take Soulseek users
    mesh_sources: bool  # and peers
    legacy_running: bool  # transfers that run with Soulseek users go on
    rooms: bool  # Soulseek rooms and private messages
    search: str  # the same in words, for the mode's screen
    jobs: str
    transfers: str
    chat: str


_HYBRID = Effects(
    connect=True,
    ask_server=True,
    ask_mesh=True,
    ids_first=False,
    legacy_sources=True,
    mesh_sources=True,
    legacy_running=True,
    rooms=True,
    search="the Soulseek server, with the shadow index and neighbours beside it",
    jobs="Soulseek users where they are cheap, peers for the rest and for rescue",
    transfers="from Soulseek users and from peers",
    chat="rooms and private messages",
)
_SHAKY = msgspec.structs.replace(
    _HYBRID,
    search="the Soulseek server while it answers; the mesh is asked at every search",
    jobs="peers first; Soulseek users while the server answers",
    transfers="running ones go on; new ones from Soulseek users wait for the server",
    chat="rooms while the server is there; messages wait to be sent",
)
_SILENT = msgspec.structs.replace(
    _SHAKY,
    ids_first=True,
    legacy_sources=False,
    search="the mesh: by MusicBrainz id through the table, by words at neighbours",
    jobs="peers only; what waits for Soulseek users is kept",
    chat="rooms wait for the server; messages wait to be sent",
)
_DISASTER = msgspec.structs.replace(
    _SILENT,
    ask_server=False,
    rooms=False,
    transfers="peers only; transfers that run with Soulseek users go on, queued ones are kept for the server",
    chat="Soulseek rooms are away until the server is back; you stay a member of them",
)
_MESH_ONLY = msgspec.structs.replace(
    _DISASTER,
    connect=False,
    legacy_running=False,
    transfers="peers only; transfers with Soulseek users are paused and kept",
    chat="no Soulseek rooms; you stay a member of them",
)
_LEGACY_ONLY = msgspec.structs.replace(
    _HYBRID,
    ask_mesh=False,
    mesh_sources=False,
    search="the Soulseek server",
    jobs="Soulseek users only; nothing is rescued",
    transfers="from Soulseek users",
)
EFFECTS: Final = {
    **{(Mode.DISASTER, health): _DISASTER for health in Health},
    **{(Mode.MESH_ONLY, health): _MESH_ONLY for health in Health},
    **{(Mode.LEGACY_ONLY, health): _LEGACY_ONLY for health in Health},
    (Mode.NORMAL, Health.HEALTHY): _HYBRID,
    (Mode.NORMAL, Health.DEGRADED): _SHAKY,
    (Mode.NORMAL, Health.UNAVAILABLE): _SILENT,
}


def countdown(seconds: float) -> str:
    """Minutes and seconds still to go: "4:10"; with hours "1:02:03"."""
    left = max(0, math.ceil(seconds - 1e-6))
    hours, rest = divmod(left, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{secs:02}" if hours else f"{minutes}:{secs:02}"
