"""The Soulseek network as a backend: one search for a release, its answers for a few seconds, the files that fit.

Rules (documents 000 5.5 and 7.1; design.md 2.6):
- Music only, by type and at run time; and only for this machine's own person, programs and timers: what a peer wants
  never gets here.
- One search a plan: "artist album". Only where nothing was found, and the search budget lets it, two of its tracks
  alone. All searches share that budget; a plan counts as a program's, so that some are left to who types.
- Answers are taken for `settle` seconds, less once `enough` users offer the whole release. The server bans who repeats
  himself within a minute, so for a minute the same words are answered from what has come and still comes.
- What is not allowed, refused or away is told in a line and costs nothing else. Locked files and hidden users are out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import trio

from slskmesh.acquire import soulseek_match
from slskmesh.acquire.backends import SOULSEEK, Findings, Progress
from slskmesh.acquire.domains import Intent, Music
from slskmesh.acquire.soulseek_match import Found, Heard
from slskmesh.errors import SlskmeshError
from slskmesh.soulseek.results import Results
from slskmesh.soulseek.search_budget import REPEAT, SearchBudget
from slskmesh.soulseek.values import Answered, LegacyEvent, Outcome, SearchAnswer, ServerChanged
from slskmesh.work import Budget, LocalBudget, Origin

SETTLE: Final = 8.0  # seconds
ENOUGH: Final = 5  # users with a free slot who answered with as many files as are wanted
OPEN_MAX: Final = 8
OPEN_FOR: Final = REPEAT
TITLES_MAX: Final = 2
FILES_AN_ANSWER: Final = 2_000
FILES_A_SEARCH: Final = 20_000


class Searching(Protocol):
    """The client as far as it is needed here (`soulseek.port.Client`)."""

    @property
    def online(self) -> bool:
        """Whether there is a session."""

    async def search(self, text: str, budget: LocalBudget, *, room: str = "", user: str = "") -> int:
        """Sends a search; its token. Answers come as events."""

    def forget_search(self, token: int) -> None:
        """No more answers to it are wanted."""


class _Open:
    """One search that was sent, and its answers."""

    def __init__(self, text: str, at: float) -> None:
        self.text = text
        self.at = at
        self.results = Results()
        self.answers = 0
        self.lost = False  # the session ended: few answers will still come
        self._free: list[int] = []  # files of each user with a free slot

    def take(self, answer: SearchAnswer) -> None:
        """One user's answer, already sorted out."""
        if not answer.files or self.results.files >= FILES_A_SEARCH:
            return
        self.answers += 1
        self.results.add(answer)
        if answer.free_slot:
            self._free.append(len(answer.files))

    def has(self, enough: int, wants: int) -> bool:
        """Whether so many users offer so many files at once."""
        return sum(count >= wants for count in self._free) >= enough


class _Heeded(NamedTuple):
    """The searches whose answers count for a plan, and why there are not more."""

    searches: list[_Open]
    lines: list[str]


class SoulseekMusic:
    """See the head of this file. `heard` gets every event of the client; all on the engine's loop."""

    name = SOULSEEK
    domain: type[Music] = Music

    def __init__(
        self,
        client: Searching,
        searches: SearchBudget,
        *,
        sources_allowed: Callable[[], bool] = lambda: True,
        preferred: Callable[[], bool] = lambda: True,
        hides: Callable[[str], bool] = lambda user: False,
        asked: Callable[[int], None] = lambda token: None,
        settle: float = SETTLE,
        enough: int = ENOUGH,
    ) -> None:
        """`sources_allowed`: whether users may be sources in this mode (`modes.Effects.legacy_sources`); `preferred`:
        whether cheap ones come before peers (a server that is well); `hides`: users nobody wants to see; `asked`
        gets the token of each search that is sent.
        """
        self._client, self._searches = client, searches
        self._allowed, self._preferred, self._hides, self._asked = sources_allowed, preferred, hides, asked
        self._settle, self._enough = settle, enough
        self._open: dict[int, _Open] = {}
        self._sending = trio.Lock()
        self._news = trio.Event()

    # -- what the network says ---------------------------------------------------------------------------------

    def heard(self, event: LegacyEvent) -> bool:
        """Takes an event in; False: it is no answer to a search of a plan."""
        if isinstance(event, ServerChanged) and event.outcome is not Outcome.ONLINE:
            for search in self._open.values():
                search.lost = True
            self._tell()
        if not isinstance(event, Answered):
            return False
        self._close_old()
        if event.answer.token in self._open:
            self._take(event.answer)
            return True
        return False

    def _take(self, answer: SearchAnswer) -> None:
        if len(answer.files) <= FILES_AN_ANSWER and not self._hides(answer.user):
            self._open[answer.token].take(soulseek_match.usable(answer))
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = trio.Event()

    # -- asking ------------------------------------------------------------------------------------------------

    async def find(
        self, intents: Sequence[Intent[Music]], budget: Budget, progress: Progress | None = None
    ) -> Findings:
        """Candidates of users. Nothing, with a line that says so, for what a peer caused."""
        remote = any(intent.origin is Origin.REMOTE for intent in intents)
        if remote or not isinstance(budget, LocalBudget):
            return _silent(intents, "what a peer wants never reaches it")
        return await self.ask(intents, budget)

    async def ask(self, intents: Sequence[Intent[Music]], budget: LocalBudget) -> Findings:
        """The same for work of this machine alone, by type."""
        if not self._allowed():
            return _silent(intents, "in the present mode its users are no sources")
        if not self._client.online:
            return _silent(intents, "there is no session with the server")
        if not intents:
            return Findings(())
        behind = LocalBudget(max(budget.origin, Origin.GATEWAY, key=tuple(Origin).index))
        first = intents[0].want
        texts = [soulseek_match.release_words(first)]
        heeded = await self._listen(texts, len(intents), behind)
        found = await self._match(intents, heeded)
        if not any(found.candidates) and first.edition is not None and heeded.searches:
            wants = [intent.want for intent in intents[:TITLES_MAX]]
            more = await self._listen(list(map(soulseek_match.track_words, wants)), 1, behind)
            heeded = _Heeded(heeded.searches + more.searches, heeded.lines + more.lines)
            found = await self._match(intents, heeded)
        return Findings(found.candidates, lines=(*_told(heeded, found, len(intents)), *heeded.lines))

    async def _listen(self, texts: Sequence[str], wants: int, budget: LocalBudget) -> _Heeded:
        """Sends these searches, as far as that is allowed, and waits for their answers."""
        heeded = _Heeded([], [])
        for text in filter(None, dict.fromkeys(texts)):
            try:
                heeded.searches.append(await self._search(text, budget))
            except SlskmeshError as error:
                heeded.lines.append(f"Soulseek is not asked for “{text}”: {error}")
                break
        for search in heeded.searches:
            await self._wait(search, wants)
        return heeded

    async def _search(self, text: str, budget: LocalBudget) -> _Open:
        """One search, new or of the last minute. SlskmeshError: it may not or cannot be sent."""
        async with self._sending:
            self._close_old()
            for search in self._open.values():
                if search.text == text:
                    return search
            self._searches.take(text, budget)
            try:
                token = await self._client.search(text, budget)
            except SlskmeshError:
                self._searches.withdraw(text)
                raise
            search = self._open[token] = _Open(text, trio.current_time())
            self._asked(token)
        while len(self._open) > OPEN_MAX:
            self._forget(next(iter(self._open)))
        return search

    async def _wait(self, search: _Open, wants: int) -> None:
        """Until its time is over, or enough came."""
        with trio.move_on_at(search.at + self._settle):
            while not search.lost and not search.has(self._enough, wants):
                await self._news.wait()

    async def _match(self, intents: Sequence[Intent[Music]], heeded: _Heeded) -> Found:
        heard: list[Heard] = soulseek_match.heard_of((one.results for one in heeded.searches), self._hides)
        if not heard:
            return Found(((),) * len(intents))
        prefers = self._preferred()
        return await trio.to_thread.run_sync(
            lambda: soulseek_match.match_all(intents, heard, prefers=prefers)
        )

    def _close_old(self) -> None:
        now = trio.current_time()
        for token in [token for token, search in self._open.items() if now - search.at >= OPEN_FOR]:
            self._forget(token)

    def _forget(self, token: int) -> None:
        del self._open[token]
        self._client.forget_search(token)


def _silent(intents: Sequence[Intent[Music]], why: str) -> Findings:
    return Findings(((),) * len(intents), lines=(f"Soulseek is not asked: {why}",))


def _told(heeded: _Heeded, found: Found, wants: int) -> list[str]:
    """What came of it, without anybody's name."""
    lines = [
        f"Soulseek: {_count(search.answers, 'user')} answered “{search.text}”" for search in heeded.searches
    ]
    if found.users and lines:
        served = sum(map(bool, found.candidates))
        cheap = sum(any(one.cheap for one in row) for row in found.candidates)
        whole = f", {found.whole} with all of them in one folder" if wants > 1 else ""
        users = f"{_count(found.users, 'user')}{whole}"
        lines[-1] += f": {served} of {_count(wants, 'track')} at {users}; {cheap} cheap"
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
