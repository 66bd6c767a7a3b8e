"""What one search of a program found, by user, within the program's limits. Pure.

Rules:
- A user is shown once he passes the program's filter; who says nothing of his speed or queue is not held to be slow.
- A limit ends the search, it cuts no user's answer in half: an album stays whole. HITS_MAX is never passed.
- One path of a user is one file: what he shows under it twice cannot be told apart, the first stays.
- The JSON of a user is made when it is asked for, and anew only when he has more.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from slskmesh.engine.views import HitView
from slskmesh.gateway.names import remote_name
from slskmesh.gateway.search_shapes import (
    FILES_REACHED,
    RESPONSES_REACHED,
    SearchRequest,
    search_response,
    username_of,
)

HITS_MAX: Final = 20_000
_encode: Final = msgspec.json.Encoder().encode


class Answers:
    """One user's files by their remote paths."""

    def __init__(self) -> None:
        self.files: dict[str, HitView] = {}
        self.locked = 0
        self.shown = False
        self.json = b""  # empty: not made since something came


class Finds:
    """See the head of this file. `full`: the state a limit ends it with, empty while none is reached."""

    def __init__(self, wanted: SearchRequest, token: int) -> None:
        self._wanted = wanted
        self._token = token
        self.users: dict[str, Answers] = {}
        self.hits = 0  # kept, shown or not
        self.files = self.locked = self.responses = 0  # shown; `files` without the locked ones
        self.full = ""

    def take(self, hits: Iterable[HitView]) -> list[tuple[str, str, HitView]]:
        """Takes more hits; (user, remote path, hit) of each that was kept."""
        kept = []
        for user, some in _by_user(hits):
            if self.full:
                break
            kept += self._take(user, some)
            self._look_at_limits()
        return kept

    def _take(self, user: str, hits: list[HitView]) -> list[tuple[str, str, HitView]]:
        if self._is_refused(hits[-1]):
            return []
        answers, kept = self.users.get(user) or Answers(), []
        for hit in hits:
            path = remote_name(hit)
            if path in answers.files or self.hits >= HITS_MAX:
                continue
            answers.files[path] = hit
            answers.locked += hit.locked
            self.hits += 1
            kept.append((user, path, hit))
        if kept:
            self.users[user] = answers
            answers.json = b""
            self._count(answers, kept)
        return kept

    def _count(self, answers: Answers, new: list[tuple[str, str, HitView]]) -> None:
        if answers.shown:
            more, locked = len(new), sum(hit.locked for _, _, hit in new)
        elif self._has_enough(answers):
            answers.shown = True
            self.responses += 1
            more, locked = len(answers.files), answers.locked
        else:
            return
        self.files += more - locked
        self.locked += locked

    def _is_refused(self, hit: HitView) -> bool:
        """Whether what a user says of himself does not pass the filter."""
        wanted = self._wanted
        if not wanted.filter_responses:
            return False
        slow = hit.speed is not None and hit.speed < wanted.minimum_peer_upload_speed
        return slow or (hit.queue is not None and hit.queue > wanted.maximum_peer_queue_length)

    def _has_enough(self, answers: Answers) -> bool:
        wanted = self._wanted
        return not wanted.filter_responses or len(answers.files) >= wanted.minimum_response_file_count

    def _look_at_limits(self) -> None:
        if self.responses >= self._wanted.response_limit:
            self.full = RESPONSES_REACHED
        elif self.files + self.locked >= self._wanted.file_limit or self.hits >= HITS_MAX:
            self.full = FILES_REACHED

    def json(self) -> bytes:
        """The responses as a JSON array, in the order in which users answered."""
        pieces = []
        for user, answers in self.users.items():
            if not answers.shown:
                continue
            if not answers.json:
                answers.json = _encode(search_response(user, self._token, answers.files.items()))
            pieces.append(answers.json)
        return b"[" + b",".join(pieces) + b"]"


def _by_user(hits: Iterable[HitView]) -> Iterator[tuple[str, list[HitView]]]:
    """Hits by user, in the order in which users are met."""
    users: dict[str, list[HitView]] = {}
    for hit in hits:
        users.setdefault(username_of(hit), []).append(hit)
    yield from users.items()
