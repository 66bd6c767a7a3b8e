"""Soulseek hits, the network's mode, and a user's shares of any size for tests. Synthetic data, all fixed."""

from __future__ import annotations

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Reply
from slskmesh.engine.legacy_commands import AskUser, BrowseFiles, BrowseFolders, BrowseUser
from slskmesh.engine.legacy_events import BrowseProgress, FilesShown, FoldersShown, UserShown
from slskmesh.engine.legacy_views import FolderView, ModeView, RemoteFileView
from slskmesh.engine.views import HitView, SettingsView, SettingView
from tests.tui.fake import ALBUMS, NOW, TITLES, FakeClient, hit, s, settings_view

MIB = 1024**2
USERS = ("vinyl_b", "tape hiss", "kosmische", "dusty_groove", "orbit73")


def online(**changes: object) -> ModeView:
    """The server is there."""
    values: dict[str, object] = {
        "mode": "hybrid",
        "health": "healthy",
        "since": NOW - 600,
        "reason": s("the Soulseek server is there"),
        "phase": "online",
        "what": s("connected"),
        "username": s("lena"),
        "connect": True,
        "ask_server": True,
        "ask_mesh": True,
        "legacy_sources": True,
        "rooms": True,
        "searches_left": 10,
        "searches_of": 10,
    }
    values.update(changes)
    return ModeView(**values)  # type: ignore[arg-type]


def disaster(**changes: object) -> ModeView:
    """The server stayed away."""
    return online(
        mode="disaster",
        health="unavailable",
        phase="waiting",
        what=s("not reached, next try in 30 s"),
        ask_server=False,
        legacy_sources=False,
        rooms=False,
        **changes,
    )


def legacy(number: int, nth: int = 0, **changes: object) -> HitView:
    """The `nth` user's copy of file `number`: 8 files an album, the even albums in FLAC; its key is unique by both."""
    artist, album = ALBUMS[number // 8 % 3]
    flac = number // 8 % 2 == 0
    track = number % 8 + 1
    values: dict[str, object] = {
        "key": 1_000_000 + number * 100 + nth,
        "content": "",
        "size": (18 + number % 23) * MIB + number * 1031,
        "name": s(f"{track:02} - {TITLES[number % 8]}.{'flac' if flac else 'mp3'}"),
        "folder": s(f"@@{USERS[nth % 5][:5]}/Music/{artist} - {album}"),
        "peer": "",
        "short": f"slsk:{USERS[nth % 5]}",
        "peer_name": s(USERS[nth % 5]),
        "music": True,
        "format": s("FLAC" if flac else "MP3"),
        "track": track,
        "duration": 180.0 + number % 200,
        "bitrate": 0 if flac else 245_000 if number % 2 else 320_000,
        "vbr": None if flac else bool(number % 2),
        "sample_rate": 44_100 if flac else 0,
        "bit_depth": 16 if flac else 0,
        "via": "soulseek",
        "user": s(USERS[nth % 5]),
        "same": f"f{number}",
        "group": f"r{number // 8}",
        "group_title": s(f"{artist} - {album}"),
        "free_slot": nth % 5 in (0, 2),
        "speed": (5 - nth % 5) * 400_000,
        "queue": (0, 12, 0, 340, 7)[nth % 5],
    }
    values.update(changes)
    return HitView(**values)  # type: ignore[arg-type]


def mixed() -> tuple[HitView, ...]:
    """Two albums: one of three users and a peer, one with a gap and a locked copy; and files nobody knows much of."""
    found = [legacy(n, 0) for n in range(8)]
    found += [legacy(n, 1) for n in range(8)]
    found += [legacy(n, 3) for n in range(5)]
    found += [
        hit(n, same=f"f{n}", group="r0", group_title=s("Marit Holm - Harbour Lights"), have=False)
        for n in (0, 3)
    ]
    found += [legacy(n, 2) for n in range(8, 15)]
    found += [legacy(n, 4, locked=True) for n in (8, 9)]
    found.append(
        legacy(
            40,
            1,
            name=s("unknown.mp3"),
            folder=s("stuff"),
            duration=0.0,
            bitrate=0,
            free_slot=None,
            speed=None,
            queue=None,
            track=0,
            vbr=None,
            format=s("MP3"),
            group="r9",
            group_title=s("stuff"),
        )
    )
    return tuple(found)


def with_filter(text: str) -> SettingsView:
    """The settings with this saved filter."""
    view = settings_view()
    row = SettingView("soulseek.search_filter", text, "", "filter every search begins with", "config.toml")
    return SettingsView(
        view.configured, view.home, view.file, (*view.settings, row), view.suggested_shares, ""
    )


class FakeShares:
    """Answers for one user with `folders` folders of `each` files, page by page; it remembers what was asked."""

    def __init__(
        self, client: FakeClient, user: str = "vinyl_b", folders: int = 1000, each: int = 10
    ) -> None:
        self.client, self.user, self.total, self.each = client, user, folders, each
        self.asked: list[Command] = []
        self.refuse = ""
        client.answer = self.answer

    def folder(self, row: int) -> FolderView:
        path = f"@@vinyl/Music/{ALBUMS[row % 3][0]}/{ALBUMS[row % 3][1]} {row:06}"
        return FolderView(row, s(path), self.each, self.each * 20 * MIB)

    def progress(self, done: bool = True, note: str = "", folders: int | None = None) -> BrowseProgress:
        many = self.total if folders is None else folders
        files = many * self.each
        return BrowseProgress(s(self.user), many, files, files * 20 * MIB, done, s(note))

    def answer(self, number: int, command: Command) -> Reply | None:
        self.asked.append(command)
        match command:
            case BrowseUser():
                return Reply(number, not self.refuse, s(self.refuse))
            case BrowseFolders(text=text, offset=offset, limit=limit):
                rows = range(self.total)
                if text:
                    words = text.casefold().split()
                    few = [r for r in rows if r % 97 == 0]
                    rows = [r for r in few if all(w in self.folder(r).path.casefold() for w in words)]  # type: ignore[assignment]
                page = tuple(self.folder(row) for row in rows[offset : offset + limit])
                self.client.push(FoldersShown(number, s(self.user), page, offset, len(rows)))
            case BrowseFiles(folder=folder):
                self.client.push(FilesShown(number, s(self.user), folder, self.files(folder)))
            case AskUser(user=user):
                self.client.push(who(number, user))
        return Reply(number, True)

    def files(self, folder: int) -> tuple[RemoteFileView, ...]:
        return tuple(
            RemoteFileView(
                folder * 1000 + at,
                s(f"{at + 1:02} - {TITLES[at % 8]}.{'flac' if at % 2 else 'mp3'}"),
                20 * MIB,
                None if at % 2 else 320,
                None if at == 2 else 200 + at,
                None,
                44_100 if at % 2 else None,
                16 if at % 2 else None,
                at == 3,
            )
            for at in range(self.each)
        )


def who(query: int, user: str = "vinyl_b", **changes: object) -> UserShown:
    """What a user says of himself."""
    values: dict[str, object] = {
        "query": query,
        "user": s(user),
        "text": s("vinyl rips only; be patient"),
        "slots": 3,
        "queue": 12,
        "free_slot": True,
        "picture": 48_000,
        "state": "online",
        "received": 3 * MIB,
        "sent": 0,
    }
    values.update(changes)
    return UserShown(**values)  # type: ignore[arg-type]
