"""What the tour of the demo says, and what is done for a picture of each pane: plain rows for the terminal app.

Rules: a row names what ends it by a word of the app's (`tui/viewmodel/tour.py`); keys are those the app has.
"""

from __future__ import annotations

from typing import Final

from slskmesh.demo.catalogue import LABEL, TAPES
from slskmesh.demo.legacy import ROOM, SLOW, STEADY
from slskmesh.demo.network import Network

SERVER: Final = ("server stop", "server start")  # what the command `demo` takes


def tour_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    """The tour as plain rows: title, text, and the word for what ends the step ("" is left by hand)."""
    return (*_mesh_rows(network), *_swarm_rows(network), *_soulseek_rows(), *_last_rows())


def _mesh_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    album = f"{network.album.artist} {network.album.title}"
    return (
        (
            "A network of your own",
            f"{len(network.peers)} peers run on this machine, each with its own key and home. "
            "You hold one invite, to a porch that shares nothing.",
            "connected",
        ),
        (
            "A release",
            f"Press i, then tab for the mode “release”, type {album} and press enter: MusicBrainz is asked "
            "(here the demo's own).",
            "looked-up",
        ),
        (
            "Who has it",
            "Press enter on the album. The table of peers names its holders, each tells what it has; forged records "
            "are refused.",
            "resolved",
        ),
        ("A job", "Press A: a job fetches the album, each track from all who have it.", "job"),
        (
            "The jobs",
            "Press 3. The lower half has the tracks, the plan with its reasons, and events.",
            "jobs-pane",
        ),
    )


def _swarm_rows(network: Network) -> tuple[tuple[str, str, str], ...]:
    mix = network.artists[0]
    return (
        (
            "Search",
            f"Press 1 and i, tab until the mode is “text”, type {mix} and press enter: the holders you have met "
            "are asked.",
            "found",
        ),
        (
            "Download",
            "Press enter on the long mix, then 4. Each cell of the map is a part of the file, each letter the peer it "
            "comes from.",
            "swarm-pane",
        ),
        (
            "A liar",
            "magpie sends false parts. A false part is refused, its sender named here, and the part fetched elsewhere.",
            "bad-chunk",
        ),
        (
            "A death",
            "comet is killed at two fifths of the mix and comes back; watch its letter. The download goes on.",
            "all-done",
        ),
    )


def _soulseek_rows() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            "Soulseek",
            f"Press 1 and i, type {TAPES}: users of a Soulseek server answer beside the peers. On Slipway press C and "
            f"choose {SLOW}, on {STEADY}'s files a.",
            "legacy",
        ),
        (
            "Too slow",
            f"Press 4: {SLOW} sends slowly what peers have as well; soon they finish it, each chunk checked.",
            "rescued",
        ),
        (
            "The server dies",
            "Type :demo server stop and press enter. The banner counts down to mesh-only mode.",
            "disaster",
        ),
        (
            "Carry on",
            "Search, start a job, write to somebody: the mesh answers, what runs goes on, the rest is kept. "
            "Then :tour next.",
            "",
        ),
        (
            "The server is back",
            "Type :demo server start: after some good checks the banner says HYBRID and what waited goes on.",
            "hybrid",
        ),
    )


def _last_rows() -> tuple[tuple[str, str, str], ...]:
    return (
        (
            "The peers",
            "Press 6: what each peer sent, verified and false. T trusts a peer, B blocks it.",
            "peers-pane",
        ),
        (
            "That is all",
            "? shows the keys of any pane, ctrl+q leaves; the demo then removes every trace of itself.",
            "",
        ),
    )


def script_rows(network: Network) -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """What to do for a picture of each pane, as plain rows: (wait until, keys to press, picture's name)."""
    mix, album = network.artists[0], f"{network.album.artist} {network.album.title}"
    return (
        ("connected", ("i", "tab", *album, "enter"), ""),
        ("looked-up", (), "search-releases"),
        ("", ("enter",), ""),
        ("resolved", (), "search-release"),
        ("", ("i", *["tab"] * 4, "ctrl+u", *LABEL, "enter"), ""),  # from mode release round to text
        ("found", (), ""),
        ("", ("j", "k"), "search"),
        ("", ("i", "ctrl+u", *mix, "enter"), ""),
        ("found", ("a",), ""),
        ("downloading", ("4",), ""),
        ("bad-chunk", (), ""),
        ("halfway", (), "swarm"),
        ("", ("c",), "swarm-by-source"),
        ("", ("1", "i", "tab", "escape", "A", "3"), ""),
        ("job", ("7",), "settings"),
        ("", ("3",), ""),
        ("job-shown", (), "jobs"),
        ("", ("6",), "peers"),
        ("", ("4", "?"), "keys"),
        *_soulseek_script(),
    )


def _soulseek_script() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """With the Soulseek server: what is found and fetched there, a room, and the server's end."""
    return (
        ("", ("escape", "1", "i", *["tab"] * 4, "ctrl+u", *TAPES, "enter"), ""),
        ("three-found", ("*", "a"), ""),
        ("legacy-running", (), "search-soulseek"),
        ("", ("4", "g", "g"), "transfers"),
        ("", (":", *f"join {ROOM}", "enter", "2"), ""),
        ("in-room", ("i", *"good evening from the mesh", "enter", "escape"), ""),
        ("said", (), "scenes"),
        ("", (":", *"demo server stop", "enter"), ""),
        ("disaster", ("b",), "disaster"),
    )
