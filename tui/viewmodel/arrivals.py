"""What came in: one message for a folder rather than one for each of its files, and a minute of each download's rate.

Rules: a folder is told of once nothing of it runs or waits any more, with what failed; a file that stands alone at
once; what was done when it was first seen is no news. Everything kept is of downloads that are in the list.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from slskmesh.engine.legacy_views import LegacyDownloadView, LegacyPhase
from slskmesh.engine.views import TransferView
from tui.viewmodel.download import Stand, stand_of
from tui.viewmodel.downloads import release_folder
from tui.viewmodel.formats import plural
from tui.viewmodel.state import Rates

TOLD = 3  # messages at once; more are one


_Listed = tuple[str, str, str, Stand]  # key, name, folder, stand


def _moved(old: Sequence[Any], new: Sequence[Any]) -> bool:
    """Whether a download came, went, or stands elsewhere."""
    return len(old) != len(new) or any(
        a is not b and (_key(a) != _key(b) or stand_of(a) is not stand_of(b))
        for a, b in zip(old, new, strict=True)
    )


def _key(view: TransferView | LegacyDownloadView) -> tuple[str, str]:
    return (view.key, view.transfer) if isinstance(view, LegacyDownloadView) else (view.transfer, "")


class Arrivals:
    """Follows both lists of downloads."""

    def __init__(self) -> None:
        self.rates: dict[str, Rates] = {}  # of Soulseek downloads that came in since they are in the list
        self._transfers: Sequence[TransferView] = ()
        self._legacy: Sequence[LegacyDownloadView] = ()
        self._stands: dict[str, Stand] = {}
        self._rescued: set[str] = set()  # contents that are told of as a Soulseek download
        self._came: dict[str, int] = {}  # folder -> files that came and were not told of

    def take(
        self, transfers: Sequence[TransferView], legacy: Sequence[LegacyDownloadView], now: float
    ) -> list[str]:
        """Follows the newest views; what is to be told."""
        self._sample(legacy, now)
        moved = _moved(self._transfers, transfers) or _moved(self._legacy, legacy)
        self._transfers, self._legacy = transfers, legacy
        if not moved:
            return []
        contents = {t.transfer for t in transfers}
        self._rescued = (self._rescued & contents) | {d.transfer for d in legacy if d.transfer}
        listed: list[_Listed] = [
            (t.transfer, str(t.name), str(t.folder), stand_of(t))
            for t in transfers
            if t.transfer not in self._rescued
        ]
        listed += [(d.key, str(d.name), str(d.folder), stand_of(d)) for d in legacy]
        before, self._stands = self._stands, {key: stand for key, _, _, stand in listed}
        came = [
            (name, release_folder(folder))
            for key, name, folder, stand in listed
            if stand is Stand.DONE and before.get(key, Stand.DONE) is not Stand.DONE
        ]
        return self._tell(came, listed) if came or self._came else []

    def _sample(self, legacy: Sequence[LegacyDownloadView], now: float) -> None:
        known = {d.key for d in legacy} if self.rates else set()
        for gone in self.rates.keys() - known:
            del self.rates[gone]
        for d in legacy:
            if d.phase is LegacyPhase.ACTIVE or d.key in self.rates:
                self.rates.setdefault(d.key, Rates()).note(now, d.rate)

    def _tell(self, came: Iterable[tuple[str, str]], listed: Iterable[_Listed]) -> list[str]:
        folders: dict[str, list[Stand]] = {}
        for _, _, folder, stand in listed:
            folders.setdefault(release_folder(folder), []).append(stand)
        told: list[str] = []
        for name, folder in came:
            if not folder or len(folders[folder]) == 1:
                told.append(f"{name} is complete")
            else:
                self._came[folder] = self._came.get(folder, 0) + 1
        for folder, many in list(self._came.items()):
            stands = folders.get(folder, [])
            if any(stand in (Stand.RUNNING, Stand.WAITING) for stand in stands):
                continue
            del self._came[folder]
            if stands:
                failed = stands.count(Stand.FAILED)
                told.append(
                    f"{folder.rpartition('/')[2]}: {plural(many, 'file')} complete"
                    + (f", {failed} failed" if failed else "")
                )
        if len(told) > TOLD:
            told = [*told[: TOLD - 1], f"{plural(len(told) - TOLD + 1, 'other download')} complete"]
        return told
