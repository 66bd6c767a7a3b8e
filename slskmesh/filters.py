"""The filter language: one way to say which files are wanted, in results, saved defaults and wishes (pure).

    lossless length>=4:30 -live "two words" bitrate>=256|lossless size=10M..1.5G format=flac|mp3 queue<=5 known

Rules:
- Terms parted by spaces must all hold. `a|b` are alternatives, `-a` must not hold, "..." is one phrase.
- Words are sought in names, anywhere, whatever their case.
- FIELD OP VALUE with `>= <= > < = !=` (`:` is `=`) or a range `a..b`, `a..`, `..b`. Behind a field's alternative a bare
  value is that field's too. A value with a unit is as exact as it is written: size=10M is from 9.5M to 10.5M.
- Unknown is a third value: it passes, unless the term ends in `!?` or the filter says `known`.
- What is wrong is told with its place and with what is allowed. `Filter.parse(f.text()) == f`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from slskmesh import filter_values as values
from slskmesh.errors import UserError

TEXT_MAX: Final = 1000
TERMS_MAX: Final = 64
_LOSSLESS: Final = frozenset(
    (
        "flac",
        "wav",
        "wave",
        "aif",
        "aiff",
        "aifc",
        "ape",
        "alac",
        "wv",
        "tta",
        "tak",
        "ofr",
        "shn",
        "dsf",
        "dff",
        "w64",
    )
)
_LOSSY: Final = frozenset(
    ("mp3", "mp2", "ogg", "oga", "opus", "aac", "mpc", "mp+", "spx", "ra", "ac3", "amr", "m4r")
)


class Verdict(enum.Enum):
    """What a filter says of a file."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"  # nothing speaks against it


class Facts(msgspec.Struct, gc=False):
    """What is known of a file; None is unknown. `words`: its names, casefolded; `format`: lower-case extension."""

    words: str
    format: str = ""
    size: int | None = None  # bytes
    bitrate: int | None = None  # kbit/s
    length: int | None = None  # seconds
    lossless: bool | None = None
    depth: int | None = None  # bits
    rate: int | None = None  # Hz
    vbr: bool | None = None
    free: bool | None = None  # an upload slot
    queue: int | None = None
    speed: int | None = None  # bytes/s


class FilterError(UserError):
    """Not a filter; `position` is the character (from 0) where it goes wrong."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"filter, at character {position + 1}: {message}")
        self.position = position


def is_lossless(extension: str, bitrate: int | None = None, depth: int | None = None) -> bool | None:
    """Whether a file's format loses nothing; None where its name and what is told of it do not say."""
    if extension in _LOSSLESS:
        return True
    if extension in _LOSSY:
        return False
    if extension in ("m4a", "mp4", "m4b", "wma", "mka"):
        return True if depth else False if bitrate is not None and bitrate <= 400 else None
    return None


# -- terms ------------------------------------------------------------------------------------------------------------


class _Field(msgspec.Struct, frozen=True):
    read: Callable[[str], values.Span | None]
    example: str


_FIELDS: Final = {
    "size": _Field(values.size, "10M"),
    "bitrate": _Field(values.bitrate, "320"),
    "length": _Field(values.length, "4:30"),
    "depth": _Field(values.depth, "24"),
    "rate": _Field(values.rate, "44.1k"),
    "queue": _Field(values.count, "5"),
    "speed": _Field(values.speed, "500K"),
}
_OTHER_NAMES: Final = {
    "br": "bitrate", "len": "length", "duration": "length", "time": "length", "bits": "depth", "bitdepth": "depth",
    "samplerate": "rate", "sr": "rate", "ext": "format", "type": "format", "extension": "format",
}  # fmt: skip
_FLAGS: Final = {
    "lossless": ("lossless", True),
    "lossy": ("lossless", False),
    "free": ("free", True),
    "vbr": ("vbr", True),
    "cbr": ("vbr", False),
}
_ALLOWED: Final = f"fields are format, {', '.join(_FIELDS)}; or one of {', '.join(_FLAGS)}, known"

Test = Callable[[Facts], bool | None]


@dataclass(frozen=True, slots=True)
class Word:
    """Text that a name holds."""

    text: str

    def test(self) -> Test:
        """The check of it."""
        text = self.text.casefold()
        return lambda facts: text in facts.words

    def __str__(self) -> str:
        plain = _BARE.fullmatch(self.text) is not None and self.text.lower() not in (*_FLAGS, "known")
        return self.text if plain and self.text[0] != "-" else f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no of a file."""

    name: str

    def test(self) -> Test:
        """The check of it."""
        field, wanted = _FLAGS[self.name]

        def check(facts: Facts) -> bool | None:
            value = facts.lossless if field == "lossless" else facts.free if field == "free" else facts.vbr
            return None if value is None else value is wanted

        return check

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Format:
    """A file's extension."""

    value: str
    op: str = "="

    def test(self) -> Test:
        """The check of it."""
        value, same = self.value, self.op == "="
        return lambda facts: (facts.format == value) is same if facts.format else None

    def __str__(self) -> str:
        return f"format{self.op}{self.value}"


@dataclass(frozen=True, slots=True)
class Compare:
    """A number of a file. `op` ".." takes `value` "low..high", either of which may be empty."""

    field: str
    op: str
    value: str

    def _bounds(self) -> values.Span:
        read = _FIELDS[self.field].read
        if self.op == "..":
            low, _, high = self.value.partition("..")
            return (read(low) or _ANY)[0] if low else _ANY[0], (read(high) or _ANY)[1] if high else _ANY[1]
        least, most = read(self.value) or _ANY
        middle = (least + most) / 2
        return {
            ">=": (middle, _ANY[1]),
            "<": (middle, _ANY[1]),
            "<=": (_ANY[0], middle),
            ">": (_ANY[0], middle),
        }.get(self.op, (least, most))

    def test(self) -> Test:
        """The check of it."""
        low, high = self._bounds()
        inside = self.op in (">=", "<=", "=", "..")
        get = _GETTERS[self.field]

        def check(facts: Facts) -> bool | None:
            value = get(facts)
            return None if value is None else (low <= value <= high) is inside

        return check

    def __str__(self) -> str:
        return f"{self.field}{'=' if self.op == '..' else self.op}{self.value}"


_ANY: Final = (float("-inf"), float("inf"))
_GETTERS: Final[dict[str, Callable[[Facts], int | None]]] = {
    "size": lambda facts: facts.size,
    "bitrate": lambda facts: facts.bitrate,
    "length": lambda facts: facts.length,
    "depth": lambda facts: facts.depth,
    "rate": lambda facts: facts.rate,
    "queue": lambda facts: facts.queue,
    "speed": lambda facts: facts.speed,
}
_BARE = re.compile(r'[^\s"|<>=!:≥≤≠]+')

Atom = Word | Flag | Format | Compare


@dataclass(frozen=True, slots=True)
class Term:
    """Alternatives, of which one must hold, or none where `negated`. `strict`: unknown does not pass."""

    atoms: tuple[Atom, ...]
    negated: bool = False
    strict: bool = False

    def test(self) -> Test:
        """The check of it."""
        check = self.atoms[0].test() if len(self.atoms) == 1 else _any([atom.test() for atom in self.atoms])
        if not self.negated and not self.strict:
            return check
        negated, strict = self.negated, self.strict

        def checked(facts: Facts) -> bool | None:
            found = check(facts)
            if found is None:
                return False if strict else None
            return found is not negated

        return checked

    def __str__(self) -> str:
        parts: list[str] = []
        for at, atom in enumerate(self.atoms):
            bare = isinstance(atom, Word) and any(
                isinstance(one, Format | Compare) for one in self.atoms[:at]
            )
            parts.append(f'"{atom.text}"' if bare and isinstance(atom, Word) else str(atom))
        return ("-" if self.negated else "") + "|".join(parts) + ("!?" if self.strict else "")


def _any(tests: list[Test]) -> Test:
    def check(facts: Facts) -> bool | None:
        unknown = False
        for test in tests:
            found = test(facts)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return check


class Filter:
    """A parsed filter. Without terms it passes everything."""

    __slots__ = ("_tests", "known", "terms")

    def __init__(self, terms: tuple[Term, ...] = (), known: bool = False) -> None:
        self.terms = terms
        self.known = known
        self._tests = [term.test() for term in terms]

    @classmethod
    def parse(cls, text: str) -> Filter:
        """The filter a person wrote. FilterError tells where it is none and what is allowed."""
        return cls(*_Parser(text).parse())

    def matches(self, facts: Facts) -> Verdict:
        """What it says of a file."""
        unknown = False
        for test in self._tests:
            found = test(facts)
            if found is None:
                unknown = True
            elif not found:
                return Verdict.NO
        if unknown:
            return Verdict.NO if self.known else Verdict.UNKNOWN
        return Verdict.YES

    def text(self) -> str:
        """The filter as it is written shortest; parsing it gives the same filter."""
        return " ".join([*map(str, self.terms), *(("known",) if self.known else ())])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and (self.terms, self.known) == (other.terms, other.known)

    def __hash__(self) -> int:
        return hash((self.terms, self.known))

    def __repr__(self) -> str:
        return f"Filter.parse({self.text()!r})"


# -- parsing ----------------------------------------------------------------------------------------------------------

_KEYED = re.compile(r'([^\s"|<>=!:≥≤≠]+)\s*(>=|<=|!=|==|=|<|>|:|≥|≤|≠)\s*([^\s"|!]*)')
_OPS: Final = {":": "=", "==": "=", "≥": ">=", "≤": "<=", "≠": "!="}
_KNOWN = re.compile(r"(known|!\?)(?=\s|$)", re.IGNORECASE)
_EXTENSION = re.compile(r"[a-z0-9+_-]{1,16}")


class _Parser:
    """One text, read once from left to right."""

    def __init__(self, text: str) -> None:
        if len(text) > TEXT_MAX:
            raise FilterError(f"it is longer than {TEXT_MAX} characters", TEXT_MAX)
        self._text = text
        self._pos = 0
        self._last: Format | Compare | None = None  # of the term being read

    def parse(self) -> tuple[tuple[Term, ...], bool]:
        """The terms, and whether all must be known."""
        terms: list[Term] = []
        known = False
        while self._skip_spaces():
            if match := _KNOWN.match(self._text, self._pos):
                known, self._pos = True, match.end()
                continue
            if len(terms) == TERMS_MAX:
                raise FilterError(f"it has more than {TERMS_MAX} terms", self._pos)
            terms.append(self._term())
        return tuple(terms), known

    def _skip_spaces(self) -> bool:
        while self._pos < len(self._text) and self._text[self._pos].isspace():
            self._pos += 1
        return self._pos < len(self._text)

    def _take(self, sign: str) -> bool:
        found = self._text.startswith(sign, self._pos)
        self._pos += len(sign) if found else 0
        return found

    def _term(self) -> Term:
        negated = self._take("-") or self._take("!")
        self._last = None
        atoms = [self._atom()]
        while self._take("|"):
            atoms.append(self._atom())
        strict = self._take("!?")
        if self._pos < len(self._text) and not self._text[self._pos].isspace():
            raise FilterError(
                f'"{self._text[self._pos]}" cannot stand here; part terms by spaces and alternatives by |',
                self._pos,
            )
        return Term(tuple(atoms), negated, strict)

    def _atom(self) -> Atom:
        start = self._pos
        if self._take('"'):
            end = self._text.find('"', self._pos)
            if end < 0:
                raise FilterError("the quotation mark is not closed", start)
            if end == self._pos:
                raise FilterError("there is nothing between the quotation marks", start)
            self._pos = end + 1
            return Word(self._text[start + 1 : end])
        keyed = _KEYED.match(self._text, start)
        if keyed is not None:
            self._pos = keyed.end()
            self._last = self._compare(keyed[1].lower(), keyed[2], keyed[3].lower(), start, keyed.start(3))
            return self._last
        bare = _BARE.match(self._text, start)
        if bare is None:
            raise FilterError(f"a word or a field must stand here; {_ALLOWED}", start)
        self._pos = bare.end()
        word = bare[0]
        if word.lower() in _FLAGS:
            return Flag(word.lower())
        if isinstance(self._last, Format):
            return self._format(self._last.op, word.lower(), start)
        if self._last is not None:
            return self._compare(
                self._last.field, "=" if self._last.op == ".." else self._last.op, word.lower(), start, start
            )
        return Word(word)

    def _format(self, op: str, value: str, at: int) -> Format:
        value = value.removeprefix(".")
        if op not in ("=", "!="):
            raise FilterError("format takes = and != only, for example format=flac|mp3", at)
        if not _EXTENSION.fullmatch(value):
            raise FilterError(f'"{value}" is no file extension; write for example format=flac|mp3', at)
        return Format(value, op)

    def _compare(self, field: str, op: str, value: str, start: int, at: int) -> Format | Compare:
        field, op = _OTHER_NAMES.get(field, field), _OPS.get(op, op)
        if field == "format":
            return self._format(op, value, at)
        if field not in _FIELDS:
            raise FilterError(
                f'"{field}" is no field; {_ALLOWED}; words with signs go between quotation marks', start
            )
        read, example = _FIELDS[field].read, _FIELDS[field].example
        parts = [value]
        if ".." in value:
            if op != "=":
                raise FilterError(f"a range takes =, for example {field}={example}..", at)
            op, parts = "..", list(value.split("..", 1))
        spans = [read(part) for part in parts if part]
        if not spans or None in spans:
            raise FilterError(f'"{value}" is no value of {field}; write for example {field}>={example}', at)
        least, most = spans[0], spans[-1]
        if least is not None and most is not None and sum(least) > sum(most):
            raise FilterError(f"the range {value} ends before it begins", at)
        return Compare(field, op, value)
