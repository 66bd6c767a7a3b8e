"""Errors, by whose fault they are.

Rules kept here:
- `str(error)` is one sentence a person can act on: which file, peer or setting, what was wrong, what to do.
- A `PeerError` is the remote side's fault: it costs that peer (its session, its score) and nothing else.
- A `UserError` is input we were given: a setting, an invite, a path. The command line exits with `exit_code`.
- A `StorageError` is the machine's: a full disk, a vanished file. The work it hit can be taken up again.
- Anything else that escapes is a fault of ours and must end the test or the program, never be swallowed.
"""

from __future__ import annotations


class SlskmeshError(Exception):
    """Root of every error this package raises on purpose."""

    exit_code = 1


class UserError(SlskmeshError):
    """Bad input from the person or their files: configuration, invite, path, query."""

    exit_code = 2


class HomeBusyError(SlskmeshError):
    """Another engine holds this home (design.md 5: one engine a home)."""

    exit_code = 3


class StorageError(SlskmeshError):
    """The machine's storage failed: disk full, file vanished, permission. Recoverable once mended."""


class PeerError(SlskmeshError):
    """The remote side broke the protocol, lied or went away.

    `code` is a short stable word for counters and tests (for example "frame-too-long", "bad-chunk", "gone").
    `blame` is False where nothing bad was done (a closed line, a timeout of the network).
    """

    def __init__(self, code: str, message: str, *, blame: bool = True) -> None:
        super().__init__(message)
        self.code = code
        self.blame = blame
