"""libtorrent as a contender: `seed TORRENT FOLDER MODE` or `leech TORRENT FOLDER MODE PORT,PORT...`.

Loopback only, no DHT, no local discovery, no trackers, no rate limits, TCP only (its fastest way). MODE:
- encrypted: protocol encryption forced, RC4 over the whole stream, as a client that insists on it would run
- plain: encryption off, default settings
- high: plain, and seeders with libtorrent's own high_performance_seed preset

Time runs from the first connect_peer to the torrent's finished alert: all pieces received, hashed, handed to disk.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path
from typing import Any

import libtorrent as lt

from tests.bench.contenders.report import say, say_result, wait_for_end

PIECE = 256 * 1024
MODES = ("encrypted", "plain", "high")


def write_torrent(source: Path, target: Path) -> None:
    """Writes a v1 torrent (SHA-1, the cheaper hash) of one file, pieces as large as slskmesh's chunks."""
    pieces = bytearray()
    with source.open("rb") as file:
        while piece := file.read(PIECE):
            pieces += hashlib.sha1(piece).digest()
    info: dict[bytes, Any] = {
        b"name": source.name.encode(),
        b"length": source.stat().st_size,
        b"piece length": PIECE,
        b"pieces": bytes(pieces),
    }
    torrent: dict[bytes, Any] = {b"info": info}
    target.write_bytes(lt.bencode(torrent))


def settings(mode: str, seeder: bool) -> dict[str, Any]:
    """Session settings of a mode."""
    values: dict[str, Any] = dict(lt.high_performance_seed()) if mode == "high" and seeder else {}
    values |= {
        "listen_interfaces": "127.0.0.1:0",
        "allow_multiple_connections_per_ip": True,
        "enable_dht": False,
        "enable_lsd": False,
        "enable_upnp": False,
        "enable_natpmp": False,
        "enable_outgoing_utp": False,
        "enable_incoming_utp": False,
        "alert_mask": int(lt.alert.category_t.status_notification | lt.alert.category_t.error_notification),
    }
    policy = lt.enc_policy.pe_forced if mode == "encrypted" else lt.enc_policy.pe_disabled
    level = lt.enc_level.pe_rc4 if mode == "encrypted" else lt.enc_level.pe_plaintext
    values |= {"out_enc_policy": int(policy), "in_enc_policy": int(policy), "allowed_enc_level": int(level)}
    return values | {"prefer_rc4": mode == "encrypted"}


def open_torrent(torrent: str, folder: str, mode: str, seeder: bool) -> tuple[Any, Any]:
    """Session and handle, the torrent running."""
    session = lt.session(settings(mode, seeder))  # type: ignore[call-overload]
    params = lt.add_torrent_params()
    params.ti = lt.torrent_info(torrent)
    params.save_path = folder
    flags = lt.torrent_flags
    params.flags &= ~(flags.auto_managed | flags.paused)
    if seeder:
        params.flags |= flags.seed_mode
    return session, session.add_torrent(params)


def wait_for_state(handle: Any, *states: Any) -> None:
    """Polls until the torrent stands in one of `states` (before the clock runs)."""
    while handle.status().state not in states:
        time.sleep(0.005)


def seed(torrent: str, folder: str, mode: str) -> None:
    """Serves until stdin ends."""
    session, handle = open_torrent(torrent, folder, mode, seeder=True)
    wait_for_state(handle, lt.torrent_status.seeding)
    while not session.is_listening():
        time.sleep(0.005)
    say(ready=True, port=session.listen_port())
    wait_for_end()


def leech(torrent: str, folder: str, mode: str, ports: list[int]) -> None:
    """Fetches once and prints the result."""
    session, handle = open_torrent(torrent, folder, mode, seeder=False)
    wait_for_state(handle, lt.torrent_status.downloading)
    session.pop_alerts()
    lines: dict[tuple[str, int], bool] = {}
    begin = time.perf_counter()
    for port in ports:
        handle.connect_peer(("127.0.0.1", port))
    while not any(isinstance(alert, lt.torrent_finished_alert) for alert in session.pop_alerts()):
        session.wait_for_alert(100)
        if len(lines) < len(ports):
            peers = [peer for peer in handle.get_peer_info() if peer.total_download > 0]
            lines |= {peer.ip: bool(peer.flags & lt.peer_info.rc4_encrypted) for peer in peers}
    seconds = time.perf_counter() - begin
    if not handle.status().is_seeding:
        raise SystemExit("finished, but not every piece is there")
    say_result(seconds, encrypted=list(lines.values()), version=lt.__version__)


if __name__ == "__main__":
    role, torrent_path, directory, chosen = sys.argv[1:5]
    if role == "seed":
        seed(torrent_path, directory, chosen)
    else:
        leech(torrent_path, directory, chosen, [int(port) for port in sys.argv[5].split(",")])
