"""From aioslsk's objects and errors to this room's values, and nowhere else.

Rules:
- Only frozen values leave; every object of aioslsk stays on its loop.
- Foreign errors become this project's here: a user's side is a PeerError, no session is `Offline`, an address that
  cannot be bound is a UserError. No text of them is passed on: it holds names.
- What the server says is believed for its own facts only; texts and names are passed on as they are.
"""

from __future__ import annotations

import contextlib
import struct
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from aioslsk.exceptions import (
    AioSlskException,
    InvalidSessionError,
    ListeningConnectionFailedError,
    NetworkError,
)
from aioslsk.protocol import messages
from aioslsk.transfer.model import Transfer
from aioslsk.transfer.state import TransferState
from aioslsk.user.model import UserStatus

from slskmesh.errors import PeerError, UserError
from slskmesh.soulseek import values
from slskmesh.soulseek.connections import UserOffline
from slskmesh.soulseek.port import Offline
from slskmesh.soulseek.values import LegacyEvent, Outcome, TransferNews, TransferPhase, UserState

NOT_ONLINE: Final = "there is no session with the Soulseek server; connect first"

_REFUSALS: Final = {
    "INVALIDPASS": Outcome.WRONG_PASSWORD,
    "EMPTYPASSWORD": Outcome.WRONG_PASSWORD,
    "INVALIDUSERNAME": Outcome.BAD_NAME,
    "INVALIDVERSION": Outcome.BAD_VERSION,
    "SVRFULL": Outcome.FULL,
}

_STATES: Final = {
    UserStatus.OFFLINE.value: UserState.OFFLINE,
    UserStatus.AWAY.value: UserState.AWAY,
    UserStatus.ONLINE.value: UserState.ONLINE,
}

_PHASES: Final = {
    TransferState.VIRGIN: TransferPhase.QUEUED,
    TransferState.QUEUED: TransferPhase.QUEUED,
    TransferState.INITIALIZING: TransferPhase.CONNECTING,
    TransferState.DOWNLOADING: TransferPhase.ACTIVE,
    TransferState.UPLOADING: TransferPhase.ACTIVE,
    TransferState.COMPLETE: TransferPhase.DONE,
    TransferState.INCOMPLETE: TransferPhase.FAILED,
    TransferState.FAILED: TransferPhase.FAILED,
    TransferState.ABORTED: TransferPhase.ABORTED,
    TransferState.PAUSED: TransferPhase.PAUSED,
}


def refusal(reason: str) -> Outcome:
    """The outcome of a login the server refused with this word. One it does not explain is not tried again as is."""
    return _REFUSALS.get(reason, Outcome.BAD_NAME)


def refusal_words(raw: bytes) -> str:
    """The server's words to a refusal: its detail, else the word itself. `raw`: the whole message, checked."""
    (length,) = struct.unpack_from("<I", raw, 9)
    more = raw[13 + length :]
    detail = more[4 : 4 + struct.unpack_from("<I", more)[0]] if len(more) >= 4 else b""
    return (detail or (raw[13 : 13 + length])).decode("utf-8", "replace")


@contextlib.contextmanager
def translated(what: str) -> Iterator[None]:
    """Errors of aioslsk and of the network inside, as ours; `what` begins the sentence ("the shares of the user")."""
    try:
        yield
    except InvalidSessionError as error:
        raise Offline(NOT_ONLINE) from error
    except ListeningConnectionFailedError as error:
        raise UserError(
            f"{what} cannot be opened: the address is in use or not this machine's; change soulseek.listen"
        ) from error
    except TimeoutError as error:
        raise PeerError("no-answer", f"{what}: no answer came in time", blame=False) from error
    except UserOffline as error:
        raise PeerError("offline", f"{what}: the user is offline", blame=False) from error
    except (NetworkError, OSError) as error:
        raise PeerError("unreachable", f"{what}: the user cannot be reached", blame=False) from error
    except AioSlskException as error:
        raise PeerError("failed", f"{what}: the user's client did not do its part", blame=False) from error


def phase_of(transfer: Transfer) -> TransferPhase:
    """Where a transfer is. A waiting download the other side knows of is REQUESTED."""
    phase = _PHASES[transfer.state.VALUE]
    if phase is TransferPhase.QUEUED and transfer.is_download() and transfer.remotely_queued:
        return TransferPhase.REQUESTED
    return phase


def news_of(transfer: Any) -> TransferNews:
    """How a transfer stands; `transfer` is one of this room's (`transfers.LegacyTransfer`)."""
    phase = phase_of(transfer)
    reason = transfer.fail_reason or transfer.abort_reason or ""
    if phase is TransferPhase.FAILED and not reason:
        reason = "Connection lost"
    size = transfer.filesize if transfer.filesize is not None else transfer.expected
    return TransferNews(
        key=transfer.key,
        user=transfer.username,
        path=transfer.remote_path,
        upload=transfer.is_upload(),
        phase=phase,
        size=size,
        done=min(transfer.bytes_transfered, size),
        rate=transfer.get_speed() if phase in (TransferPhase.ACTIVE, TransferPhase.DONE) else 0.0,
        place=transfer.place_in_queue,
        reason=reason if phase in (TransferPhase.FAILED, TransferPhase.ABORTED) else transfer.note,
        local=transfer.local_path or "",
    )


def user_state(status: int | None) -> UserState:
    """The server's number of a state."""
    return _STATES.get(status, UserState.UNKNOWN)


# -- what the server sends by itself ----------------------------------------------------------------------------------


def events_of(message: Any, own_name: str) -> list[LegacyEvent]:
    """The events a message of the server stands for; none for most."""
    make = _EVENTS.get(type(message))
    return make(message, own_name) if make is not None else []


def _rooms(message: Any, own: str) -> list[LegacyEvent]:
    public = zip(message.rooms, message.rooms_user_count, strict=False)
    owned = zip(message.rooms_private_owned, message.rooms_private_owned_user_count, strict=False)
    private = zip(message.rooms_private, message.rooms_private_user_count, strict=False)
    ours = set(message.rooms_private_operated)
    rooms = [values.RoomInfo(name, users) for name, users in public]
    for owns, closed in ((True, owned), (False, private)):
        rooms += [
            values.RoomInfo(name, users, private=True, owned=owns, moderated=name in ours)
            for name, users in closed
        ]
    return [values.RoomsListed(tuple(rooms))]


def _joined(message: Any, own: str) -> list[LegacyEvent]:
    told = zip(
        message.users_status,
        message.users_stats,
        message.users_slots_free,
        message.users_countries,
        strict=False,
    )
    members = tuple(_member(*facts) for facts in told)
    return [values.RoomJoined(message.room, tuple(message.users), members=members)]


def _member(status: int, stats: Any, slots: int, country: str) -> values.Member:
    return values.Member(
        user_state(status),
        stats.avg_speed,
        stats.uploads,
        stats.shared_file_count,
        stats.shared_folder_count,
        slots,
        country,
    )


def _left(message: Any, own: str) -> list[LegacyEvent]:
    return [values.RoomLeft(message.room)]


def _came(message: Any, own: str) -> list[LegacyEvent]:
    if message.username == own:
        return []
    member = _member(message.status, message.user_stats, message.slots_free, message.country_code)
    return [values.RoomUser(message.room, message.username, True, member)]


def _went(message: Any, own: str) -> list[LegacyEvent]:
    return [] if message.username == own else [values.RoomUser(message.room, message.username, False)]


def _tickers(message: Any, own: str) -> list[LegacyEvent]:
    return [values.RoomTicker(message.room, ticker.username, ticker.ticker) for ticker in message.tickers]


def _ticker(message: Any, own: str) -> list[LegacyEvent]:
    return [values.RoomTicker(message.room, message.username, message.ticker)]


def _no_ticker(message: Any, own: str) -> list[LegacyEvent]:
    return [values.RoomTicker(message.room, message.username, "")]


def _said(message: Any, own: str) -> list[LegacyEvent]:
    return [values.RoomSaid(message.room, message.username, message.message, time.time())]


def _whispered(message: Any, own: str) -> list[LegacyEvent]:
    live, number = bool(message.is_direct), int(message.chat_id)
    return [values.Whispered(message.username, message.message, float(message.timestamp), live, number)]


def _announced(message: Any, own: str) -> list[LegacyEvent]:
    return [values.ServerSaid(message.message)]


def _added(message: Any, own: str) -> list[LegacyEvent]:
    state = user_state(message.status) if message.exists else UserState.UNKNOWN
    return [values.UserChanged(message.username, state)]


def _status(message: Any, own: str) -> list[LegacyEvent]:
    return [values.UserChanged(message.username, user_state(message.status), bool(message.privileged))]


def _interval(message: Any, own: str) -> list[LegacyEvent]:
    return [values.WishInterval(message.interval)]


def _phrases(message: Any, own: str) -> list[LegacyEvent]:
    return [values.PhrasesExcluded(tuple(message.phrases))]


_EVENTS: Final[dict[type[Any], Callable[[Any, str], list[LegacyEvent]]]] = {
    messages.RoomList.Response: _rooms,
    messages.JoinRoom.Response: _joined,
    messages.LeaveRoom.Response: _left,
    messages.UserJoinedRoom.Response: _came,
    messages.UserLeftRoom.Response: _went,
    messages.RoomTickers.Response: _tickers,
    messages.RoomTickerAdded.Response: _ticker,
    messages.RoomTickerRemoved.Response: _no_ticker,
    messages.RoomChatMessage.Response: _said,
    messages.PrivateChatMessage.Response: _whispered,
    messages.AdminMessage.Response: _announced,
    messages.AddUser.Response: _added,
    messages.GetUserStatus.Response: _status,
    messages.WishlistInterval.Response: _interval,
    messages.ExcludedSearchPhrases.Response: _phrases,
}
