"""Who may be on the server: names, passwords, bans, and the answer to a login. No I/O.

Rules:
- A new name takes the password it comes with; after that only this password is right.
- A banned name gets no answer at all (as the network's servers do), a banned address not even a line.
- Passwords are kept as salted hashes; there are never more than NAMES_MAX names.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

NAME_MAX: Final = 30
NAMES_MAX: Final = 10_000
KICK_SECONDS: Final = 120.0
RESERVED: Final = "server"  # speaks for the server itself
_ROUNDS: Final = 1000


class Verdict(enum.Enum):
    """What a login comes to; the values are the network's own words."""

    WELCOME = ""
    BAD_NAME = "INVALIDUSERNAME"
    NO_PASSWORD = "EMPTYPASSWORD"
    WRONG_PASSWORD = "INVALIDPASS"
    BAD_VERSION = "INVALIDVERSION"
    PRIVATE = "SVRPRIVATE"
    FULL = "SVRFULL"
    SILENCE = "(no answer)"


class Decision(msgspec.Struct, frozen=True):
    """A verdict, and what is wrong with the name."""

    verdict: Verdict
    detail: str = ""


def name_fault(name: str) -> str | None:
    """What is wrong with a name, in the network's words; None if nothing is, empty for a reserved one."""
    if name == RESERVED:
        return ""
    if not name:
        return "Nick empty."
    if len(name) > NAME_MAX:
        return "Nick too long."
    if name != name.strip(" "):
        return "No leading and trailing spaces allowed in nick."
    if not all(" " <= letter <= "~" for letter in name):
        return "Invalid characters in nick."
    return None


def is_secret(text: str) -> bool:
    """Whether this is a salted hash as `Accounts` keeps it."""
    return re.fullmatch(r"([0-9a-f]{2}){1,64}\$[0-9a-f]{64}", text) is not None


class Accounts:
    """All names that ever logged in, and who is kept out. `salt` gives random bytes."""

    def __init__(
        self, clock: Callable[[], float], salt: Callable[[], bytes], known: Mapping[str, str] | None = None
    ) -> None:
        self.full = False
        self.private = False
        self.changes = 0  # names and passwords set since the start
        self._clock = clock
        self._salt = salt
        self._secrets = dict(known or {})
        self._bans: dict[str, float] = {}
        self._addresses: set[str] = set()

    def __contains__(self, name: str) -> bool:
        return name in self._secrets

    @property
    def known(self) -> dict[str, str]:
        """Names and their salted hashes."""
        return dict(self._secrets)

    def login(self, name: str, password: str, version: int, minor: int) -> Decision:
        """Decides, and takes a new name in."""
        fault = name_fault(name)
        if fault is not None:
            return Decision(Verdict.BAD_NAME, fault)
        if not password:
            return Decision(Verdict.NO_PASSWORD)
        if version == 0 or minor == 0:
            return Decision(Verdict.BAD_VERSION)
        if self.banned(name):
            return Decision(Verdict.SILENCE)
        secret = self._secrets.get(name)
        if secret is not None and not self._right(secret, password):
            return Decision(Verdict.WRONG_PASSWORD)
        if secret is None and self.private:
            return Decision(Verdict.PRIVATE)
        if self.full or (secret is None and len(self._secrets) >= NAMES_MAX):
            return Decision(Verdict.FULL)
        if secret is None:
            self.set_password(name, password)
        return Decision(Verdict.WELCOME)

    def set_password(self, name: str, password: str) -> None:
        """From now on only this one is right."""
        salt = self._salt()
        self.changes += 1
        self._secrets[name] = f"{salt.hex()}${self._hash(salt, password).hex()}"

    def ban(self, name: str, seconds: float | None = None) -> None:
        """Keeps a name out, for ever if no time is given."""
        if name in self._bans or len(self._bans) < NAMES_MAX:
            self._bans[name] = float("inf") if seconds is None else self._clock() + seconds

    def unban(self, name: str) -> None:
        """Lets a name in again."""
        self._bans.pop(name, None)

    def banned(self, name: str) -> bool:
        """Whether a name is kept out now."""
        until = self._bans.get(name)
        if until is not None and self._clock() >= until:
            del self._bans[name]
            return False
        return until is not None

    def ban_address(self, host: str) -> None:
        """Closes every line from there at once."""
        if len(self._addresses) < NAMES_MAX:
            self._addresses.add(host)

    def unban_address(self, host: str) -> None:
        """Takes lines from there again."""
        self._addresses.discard(host)

    def address_banned(self, host: str) -> bool:
        """Whether lines from there are closed."""
        return host in self._addresses

    @staticmethod
    def _hash(salt: bytes, password: str) -> bytes:
        return hashlib.pbkdf2_hmac("sha256", password.encode("utf-8", "surrogatepass"), salt, _ROUNDS)

    def _right(self, secret: str, password: str) -> bool:
        salt, _, told = secret.partition("$")
        return hmac.compare_digest(self._hash(bytes.fromhex(salt), password).hex(), told)
