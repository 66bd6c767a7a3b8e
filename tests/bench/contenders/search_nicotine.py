"""Nicotine+ as a contender of the search bench: its own scanner's databases, its own search, nothing of it changed.

Its scanner reads files; here it is given the rows instead, put into the same tables by its own code. As in its client,
the scanner runs in a process of its own.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pynicotine.config import config
from pynicotine.core import core
from pynicotine.search import Search
from pynicotine.shares import PermissionLevel, Scanner, Shares
from pynicotine.utils import TRANSLATE_PUNCTUATION

from tests.bench.contenders.searching import LIMIT
from tests.bench.search_data import SHARE, read

_KINDS = ("files", "mtimes", "streams")
_LEVELS = (PermissionLevel.PUBLIC, PermissionLevel.BUDDY, PermissionLevel.TRUSTED)


def _paths(folder: Path) -> dict[str, str]:
    paths = {"words": str(folder / "words.dbn")}
    return paths | {
        f"{level}_{kind}": str(folder / f"{level}{kind}.dbn") for level in _LEVELS for kind in _KINDS
    }


def build(rows: Path, folder: Path) -> dict[str, Any]:
    """Files and words as its scanner gathers them."""
    scanner = Scanner(queue.SimpleQueue(), ([], [], []), _paths(folder))
    started = time.perf_counter()
    known = ""
    folder_words: list[str] = []
    for number, row in enumerate(read(rows)):
        if row.folder != known:
            known = row.folder
            folder_words = (
                f"{SHARE}\\{row.folder}".replace("/", "\\").lower().translate(TRANSLATE_PUNCTUATION).split()
            )
        quality = (row.bitrate // 1000, 0, 44100, row.depth or None)
        virtual = f"{SHARE}/{row.folder}/{row.name}".replace("/", "\\")
        scanner.files[f"/shares/{SHARE}/{row.folder}/{row.name}"] = [
            virtual,
            row.size,
            quality,
            row.duration // 1000,
        ]
        for word in set(folder_words + row.name.lower().translate(TRANSLATE_PUNCTUATION).split()):
            scanner.word_index[word].append(number)
    for level in _LEVELS:
        files = scanner.files if level == PermissionLevel.PUBLIC else {}
        scanner.set_shares(level, files=files, streams={}, mtimes={})
    scanner.set_shares(word_index=scanner.word_index)
    return {"build_s": time.perf_counter() - started}


def open_index(rows: Path, folder: Path) -> tuple[Callable[[str], object], Callable[[str, int], list[str]]]:
    """A search as a user's request makes it, and one for its paths."""
    dbs: dict[str, Any] = {}
    Shares.load_shares(dbs, _paths(folder))
    index = tuple(path for level in _LEVELS for path in dbs[f"{level}_files"])
    sent: list[Any] = []
    core.shares = SimpleNamespace(
        share_dbs=dbs,
        file_path_index=index,
        check_user_permission=lambda user: (PermissionLevel.PUBLIC, ""),
    )
    core.uploads = SimpleNamespace(
        pending_shutdown=False,
        upload_speed=0,
        is_new_upload_accepted=lambda: True,
        get_upload_queue_size=lambda user: 0,
    )
    core.users = SimpleNamespace(login_username="me")
    type(core).send_message_to_peer = lambda self, user, message: sent.append(message)
    options = {"search_results": True, "maxresults": LIMIT, "min_search_chars": 3}
    config.sections["searches"].update(options)
    config.sections["transfers"].update({"reveal_buddy_shares": False, "reveal_trusted_shares": False})
    search = Search()

    def answer(text: str) -> None:
        sent.clear()
        search._process_search_request(text, "somebody", 1)

    def paths(text: str, limit: int) -> list[str]:
        config.sections["searches"]["maxresults"] = limit
        answer(text)
        return [file[0].partition("\\")[2] for message in sent for file in message.list]

    return answer, paths
