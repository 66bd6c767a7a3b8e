"""Orders of programs: commands, the view and the event by which a gateway keeps its clients' transfers.

Same rules as `engine/commands.py` and `engine/views.py`. `transfer` names a download of either network: the key of one
from a Soulseek user (32 hexadecimal digits), or a content id (64). `user` and `file` are names as programs were shown
them; `file` is the remote path, its parts parted by a backslash.
"""

from __future__ import annotations

import msgspec

from slskmesh.engine.commands import Change, Command
from slskmesh.engine.events import Event
from slskmesh.engine.views import View
from slskmesh.text import SafeStr


class Wanted(msgspec.Struct, frozen=True):
    """One file that is ordered. `folder` is where it goes below the downloads folder, its parts parted by "/".

    With `content` it is fetched from peers. Else it is a Soulseek user's: `query` and `hit` name a hit of a search,
    whose own words are asked for where the engine still has them; else `file` is.
    """

    file: str
    size: int
    folder: str
    content: str = ""
    query: int = 0
    hit: int = 0


class OrderView(View, frozen=True):
    """What a program ordered; it is there for as long as the transfer is. `at` is Unix seconds.

    `cancelled`: the program wants no more of it, though it is still in the list.
    """

    transfer: str
    user: SafeStr
    file: SafeStr
    size: int
    batch: str
    at: float
    cancelled: bool = False


class BatchView(View, frozen=True):
    """Orders that were given together; `search` and `external` are the program's own words."""

    batch: str
    user: SafeStr
    search: str
    external: SafeStr
    destination: SafeStr
    at: float


class OrdersView(View, frozen=True):
    """All orders and batches, the oldest first; told to who watches them (`WatchOrders`), whenever they change."""

    orders: tuple[OrderView, ...]
    batches: tuple[BatchView, ...] = ()


class WatchOrders(Command, frozen=True):
    """Shows `OrdersView` from now on."""


class OrderFiles(Change, frozen=True):
    """Fetches files of one user or peer; one that failed or was cancelled goes on. Answered by an `Ordered` event.

    `batch`: what they are ordered with, which must be new.
    """

    user: str
    files: tuple[Wanted, ...]
    batch: BatchView | None = None


class CancelOrder(Change, frozen=True):
    """Stops a transfer for a program. It stays in the list with what came of it, marked as cancelled."""

    transfer: str
    user: str
    file: str
    size: int


class RemoveOrders(Change, frozen=True):
    """Takes transfers off the list; unfinished files are deleted, finished ones stay."""

    transfers: tuple[str, ...]


class Ordered(Event, frozen=True):
    """How an order went: for each file its transfer, or an empty text and in `why` the reason.

    `offline`: nothing was done, for the server says that the user is not there.
    """

    query: int
    transfers: tuple[str, ...] = ()
    why: tuple[SafeStr, ...] = ()
    offline: bool = False
