"""The filter language put to what wishes find: answers of users and offers of the mesh. Pure.

Rules: what a file does not say passes, unless the filter asks for what is known (filters.py).
"""

from __future__ import annotations

from slskmesh.filters import Facts, Filter, Verdict, is_lossless
from slskmesh.soulseek.offers import Offer
from slskmesh.soulseek.release_paths import extension_of
from slskmesh.soulseek.values import RemoteFile, SearchAnswer


class FilterSieve:
    """One filter; `wish_runs.Sieve`."""

    def __init__(self, text: str) -> None:
        """UserError says where a filter cannot be read."""
        self._filter = Filter.parse(text)

    def passes(self, answer: SearchAnswer, file: RemoteFile) -> bool:
        """Whether a file of an answer is wanted."""
        return self._wants(file, answer.free_slot, answer.queue, answer.speed)

    def takes(self, offer: Offer) -> bool:
        """Whether some file of an offer is wanted."""
        return any(self._wants(file, None, None, None) for file in offer.files)

    def _wants(self, file: RemoteFile, free: bool | None, queue: int | None, speed: int | None) -> bool:
        said, extension = file.attributes, extension_of(file.name)
        facts = Facts(
            words=file.path.casefold(),
            format=extension,
            size=file.size,
            bitrate=said.bitrate,
            length=said.duration,
            lossless=is_lossless(extension, said.bitrate, said.bit_depth),
            depth=said.bit_depth,
            rate=said.sample_rate,
            vbr=said.vbr,
            free=free,
            queue=queue,
            speed=speed,
        )
        return self._filter.matches(facts) is not Verdict.NO
