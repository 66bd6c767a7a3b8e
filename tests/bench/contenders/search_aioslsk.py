"""aioslsk's SharesManager as a contender of the search bench: its items, its term map, its query."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aioslsk.events import EventBus
from aioslsk.settings import CredentialsSettings, Settings
from aioslsk.shares.manager import SharesManager
from aioslsk.shares.model import SharedDirectory, SharedItem

from tests.bench.contenders.searching import LIMIT
from tests.bench.search_data import SHARE, read


def open_index(rows: Path, folder: Path) -> tuple[Callable[[str], object], Callable[[str, int], list[str]]]:
    """A search as a user's request makes it, and one for its paths."""
    settings = Settings(credentials=CredentialsSettings(username="me", password="x"))
    settings.searches.receive.max_results = LIMIT
    manager = SharesManager(settings, EventBus(), None)
    shared = SharedDirectory(SHARE, f"/shares/{SHARE}", "abcde")
    for row in read(rows):
        item = SharedItem(shared, row.folder, row.name, 0.0)
        item.attributes = [(0, row.bitrate // 1000), (1, row.duration // 1000)]
        shared.items.add(item)
    manager._shared_directories = [shared]
    manager.rebuild_term_map()

    def paths(text: str, limit: int) -> list[str]:
        settings.searches.receive.max_results = limit
        return [item.get_query_path() for item in manager.query(text, username="somebody")[0]]

    return lambda text: manager.query(text, username="somebody"), paths
