"""Our places in users' queues: asked for every five minutes at most, one question at a time, for a few files a user."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec
import trio

from slskmesh.errors import SlskmeshError
from slskmesh.soulseek.download_entry import PLACE_EVERY, Entry
from slskmesh.soulseek.download_list import DownloadList
from slskmesh.soulseek.port import Client
from slskmesh.soulseek.values import TransferPhase
from slskmesh.work import LocalBudget, Origin

PLACES_A_USER: Final = 5  # files of one user whose place is asked for
_PAUSE: Final = 1.0  # seconds between two questions
_LOOK: Final = 5.0


async def ask_places(shelf: DownloadList, client: Client) -> None:
    """Asks, until cancelled."""
    while True:
        entry = next_place(shelf) if client.online else None
        if entry is None or entry.link is None:
            await trio.sleep(_LOOK)
            continue
        entry.place_at, link = shelf.clock(), entry.link
        try:
            place = await client.place(link, LocalBudget(Origin.AUTOMATION))
        except SlskmeshError:
            place = None  # asked again at its time
        if place is not None and entry.link == link and entry.news is not None:
            entry.news = msgspec.structs.replace(entry.news, place=place)
            shelf.version += 1
        await trio.sleep(_PAUSE)


def next_place(shelf: DownloadList) -> Entry | None:
    """The first whose place is to be asked for now."""
    seen: Counter[str] = Counter()
    due = shelf.clock() - PLACE_EVERY
    for entry in shelf.entries.values():
        if entry.link is not None and entry.phase() is TransferPhase.REQUESTED:
            seen[entry.user] += 1
            if entry.place_at <= due and seen[entry.user] <= PLACES_A_USER:
                return entry
    return None
