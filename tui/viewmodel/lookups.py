"""Search by MusicBrainz: what was asked, what is known, who holds it. Words and columns of the release modes.

Rules: asking, nothing found, an old answer and an unreachable host are four different words; what failed here never
stops the search by text; an id that is pasted is told from text by `slskmesh.mbid` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from slskmesh.engine.events import LookedUp, Resolved, Resolving
from slskmesh.engine.job_views import EntityView, PlanTrackView, PlanView, VariantView
from slskmesh.errors import UserError
from slskmesh.mbid import find_mbid
from tui.viewmodel.columns import Cell, Column
from tui.viewmodel.formats import count, length, plural, size
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.job_tracks import holders
from tui.viewmodel.spans import Line

MODES = ("text", "release", "mbid", "user", "room")
AT_MUSICBRAINZ = frozenset({"release", "mbid"})
JOB_KINDS = {"release": "mb_release", "artist": "discography", "label": "label_crate"}
_PLACEHOLDERS = {
    "text": "i types a query",
    "release": "i types artist and title; MusicBrainz is asked",
    "mbid": "i takes a pasted MusicBrainz id or address",
    "user": 'i types a Soulseek user\'s name ("quotes" round blanks), then words; no words: all shares',
    "room": 'i types a room\'s name ("quotes" round blanks), then words; those in it are asked',
}


def placeholder(mode: str) -> str:
    """What stands in an empty query line."""
    return _PLACEHOLDERS[mode]


def is_pasted(text: str) -> bool:
    """Whether the text is one id or one address of MusicBrainz, and nothing beside."""
    stripped = text.strip()
    if not stripped or " " in stripped:
        return False
    try:
        find_mbid(stripped)
    except UserError:
        return False
    return True


@dataclass(slots=True)
class Lookup:
    """One look-up and what came of it. `found` and `plan` are None until answered."""

    text: str = ""
    mode: str = "release"
    asking: bool = False
    found: LookedUp | None = None
    problem: str = ""
    target: EntityView | None = None  # the release that is being resolved, or was
    resolving: bool = False
    so_far: Resolving | None = None  # how it goes while resolving; none until MusicBrainz told the tracks
    turn: int = 0  # of the question who has it: what an earlier one is told does not count any more
    resolved: Resolved | None = None
    marked: set[int] = field(default_factory=set)  # places of tracks

    @property
    def plan(self) -> PlanView | None:
        """Who has it, once known."""
        return self.resolved.plan if self.resolved is not None else None

    def answer(self, event: LookedUp) -> None:
        """What MusicBrainz knows."""
        self.asking, self.found, self.problem = False, event, ""

    def fail(self, reason: str) -> None:
        """The look-up or the resolving was refused."""
        self.asking = self.resolving = False
        self.problem = reason

    def resolve(self, entity: EntityView) -> int:
        """Begins to ask who has a release; returns the question's turn."""
        self.target, self.resolving, self.resolved, self.problem = entity, True, None, ""
        self.marked, self.so_far = set(), None
        self.turn += 1
        return self.turn

    def answered(self, event: Resolved | Resolving) -> None:
        """Who has it, or who of them is known so far."""
        if isinstance(event, Resolving):
            self.so_far = event
        else:
            self.resolving, self.resolved, self.so_far = False, event, None

    def flip(self, place: int) -> None:
        """Marks a track, or takes the mark away."""
        self.marked ^= {place}


def entity_note(lookup: Lookup) -> str:
    """The right-hand title of the list of releases."""
    if lookup.asking:
        return "asking MusicBrainz"
    found = lookup.found
    if found is None:
        return ""
    if found.note and not found.entities:
        return "no answer"
    text = f"{plural(len(found.entities), found.kind or 'release')} at MusicBrainz"
    return f"old answer: {found.note}  {text}" if found.stale else text


def entity_empty(lookup: Lookup) -> Sequence[str]:
    """What stands in the empty list of releases."""
    if lookup.asking:
        return ("", "asking MusicBrainz ...")
    if lookup.problem:
        return ("", lookup.problem, "", "t changes the mode; the search by text works all the same")
    found = lookup.found
    if found is None:
        if lookup.mode == "mbid":
            return ("", "press i and paste a MusicBrainz id, or the address of its page")
        return ("", "press i and type artist and title; t changes the mode")
    if found.note:
        return ("", str(found.note), "", "t changes the mode; the search by text works all the same")
    return ("", f"MusicBrainz knows no {found.kind or 'release'} with these words")


def detail_text(entity: EntityView, glyphs: Glyphs) -> str:
    """Format, label and country, in signs the charset has."""
    return str(entity.detail).replace("·", glyphs.dot)


def held_text(entity: EntityView) -> str:
    """ "3/12", "all", or nothing."""
    if not entity.held:
        return ""
    return (
        "all" if entity.tracks and entity.held >= entity.tracks else f"{entity.held}/{entity.tracks or '?'}"
    )


def entity_columns(glyphs: Glyphs) -> tuple[Column[EntityView], ...]:
    """Releases, artists or labels at MusicBrainz."""
    return (
        Column("title", 16, lambda e: str(e.title), weight=3),
        Column("artist", 10, lambda e: Cell(str(e.artist), "dim"), weight=2),
        Column("year", 4, lambda e: str(e.year or "")),
        Column("format, label", 14, lambda e: Cell(detail_text(e, glyphs), "dim"), weight=3),
        Column("trk", 3, lambda e: str(e.tracks or ""), right=True),
        Column("held", 5, lambda e: Cell(held_text(e), "good"), right=True),
        Column("match", 5, lambda e: Cell(f"{e.score}%" if e.score else "", "faint"), right=True, level=90),
    )


def entity_words(entity: EntityView) -> str:
    """What a filter looks at."""
    return f"{entity.title} {entity.artist} {entity.year} {entity.detail} {entity.kind}".casefold()


def entity_lines(entity: EntityView, glyphs: Glyphs) -> list[Line]:
    """The box about one of them."""
    year = f" ({entity.year})" if entity.year else ""
    by = f"{entity.artist} / " if entity.artist else ""
    lines: list[Line] = [[(f"{by}{entity.title}", "bold"), (year, "dim")]]
    if entity.detail:
        lines.append([(detail_text(entity, glyphs), "text")])
    if entity.tracks:
        here = f", {entity.held} of them here" if entity.held else ""
        lines.append([(plural(entity.tracks, "track") + here, "text")])
    lines.append([(f"{entity.kind:<8} ", "dim"), (entity.mbid, "text")])
    if entity.kind == "release":
        lines.append([("enter asks who has it, A makes a job of it", "faint")])
    else:
        what = "discography" if entity.kind == "artist" else "label crate"
        lines.append([(f"A makes a job of its {what}", "faint")])
    return lines


# Tracks of a resolved release
def best(track: PlanTrackView) -> VariantView | None:
    """The candidate that would be taken."""
    return track.variants[0] if track.variants else None


def variant_text(variant: VariantView) -> str:
    """ "canon FLAC 16/44.1"."""
    return f"{'canon' if variant.canonical else 'alt'} {variant.name}"


def _told(track: PlanTrackView) -> Cell:
    first = best(track)
    if first is None:
        return Cell(str(track.reason) or "nobody has it", "warn")
    if first.via == "local":
        return Cell("here already", "good")
    return Cell(str(track.reason) or (str(first.reasons[0]) if first.reasons else ""), "dim")


def plan_columns() -> tuple[Column[PlanTrackView], ...]:
    """The tracks of a release and who could give them."""

    def number(track: PlanTrackView) -> str:
        return f"{track.disc}.{track.position:02}" if track.disc > 1 else f"{track.position:02}"

    def variant(track: PlanTrackView) -> Cell:
        first = best(track)
        if first is None:
            return Cell("")
        return Cell(variant_text(first), "accent" if first.canonical else "text")

    def peers(track: PlanTrackView) -> str:
        return str(
            len({one for v in track.variants for one in (*v.peers, *([v.user] if v.user else []))}) or ""
        )

    return (
        Column("no.", 4, number, right=True),
        Column("track", 14, lambda track: str(track.title), weight=3),
        Column("len", 5, lambda track: Cell(length(track.length), "dim"), right=True),
        Column("variant", 18, variant),
        Column("size", 6, lambda t: size(t.variants[0].size) if t.variants else "", right=True, level=84),
        Column("var", 3, lambda track: str(len(track.variants) or ""), right=True),
        Column("src", 3, peers, right=True),
        Column("why", 12, _told, weight=4),
    )


def plan_words(track: PlanTrackView) -> str:
    """What a filter looks at."""
    names = " ".join(str(variant.name) for variant in track.variants)
    return f"{track.title} {track.artist} {names} {track.reason}".casefold()


def asking(so_far: Resolving | None) -> str:
    """How the asking goes, in few words: "asking: 3 hold it, the table names 7"."""
    if so_far is None:
        return "asking MusicBrainz"
    if not (so_far.holders or so_far.publishers):
        return "asking the table of peers"
    return f"asking: {count(so_far.holders)} hold it, the table names {count(so_far.publishers)}"


def plan_note(lookup: Lookup) -> str:
    """The right-hand title of the list of tracks."""
    if lookup.resolving:
        return asking(lookup.so_far)
    plan = lookup.plan
    if plan is None:
        return ""
    served = sum(1 for track in plan.tracks if track.variants)
    marked = f"{count(len(lookup.marked))} marked  " if lookup.marked else ""
    return f"{marked}{served}/{len(plan.tracks)} tracks  {plural(plan.holders, 'holder')}"


def plan_empty(lookup: Lookup) -> Sequence[str]:
    """What stands in the empty list of tracks."""
    if lookup.resolving:
        return ("", *_told_so_far(lookup.so_far))
    if lookup.problem:
        return ("", lookup.problem)
    if lookup.resolved is not None and lookup.resolved.note:
        return (
            "",
            str(lookup.resolved.note),
            "",
            "A makes a job of it all the same: it tries again by itself",
        )
    return ("", "nothing is known of its tracks")


def _told_so_far(so_far: Resolving | None) -> Sequence[str]:
    if so_far is None:
        return ("asking MusicBrainz for its tracks ...",)
    if not (so_far.holders or so_far.publishers):
        return ("asking the table of peers who has it, then those who do ...",)
    known = holders(so_far.publishers, so_far.holders, so_far.estimate)
    return ("asking those who have it what exactly ...", known, "", "A makes a job of it without waiting")


def plan_lines(lookup: Lookup, glyphs: Glyphs) -> list[Line]:
    """The box about the release and its holders."""
    plan, target = lookup.plan, lookup.target
    entity = plan.release if plan is not None else target
    if entity is None:
        return []
    lines = entity_lines(entity, glyphs)[:-1]
    if plan is not None:
        lines.append([(holders(plan.publishers, plan.holders, plan.estimate), "text")])
        if lookup.resolved is not None and lookup.resolved.note:
            lines.append([(str(lookup.resolved.note), "warn")])
        lines += [[(str(line), "dim")] for line in plan.lines]
    return lines


def _who(variant: VariantView) -> str:
    """Who gives a variant, and over which network where that is not the mesh."""
    if variant.via == "local":
        return "here"
    if variant.via == "soulseek":
        return f"soulseek: {variant.user}"
    return ", ".join(variant.peers[:4]) or "nobody now"


def variant_lines(track: PlanTrackView) -> list[Line]:
    """The box about a track's candidates, best first, each with its reasons."""
    lines: list[Line] = []
    for variant in track.variants[:20]:
        more = f" and {len(variant.peers) - 4} more" if len(variant.peers) > 4 else ""
        role = "accent" if variant.canonical else "bold"
        lines.append(
            [(variant_text(variant), role), (f"  {size(variant.size)}  {_who(variant)}{more}", "text")]
        )
        lines += [[("  ", "dim"), (str(reason), "dim")] for reason in variant.reasons[:6]]
    if len(track.variants) > 20:
        lines.append([(f"and {len(track.variants) - 20} more", "dim")])
    if track.refused:
        lines.append([(f"{plural(track.refused, 'candidate')} left out by what the job accepts", "warn")])
    if track.reason:
        lines.append([(str(track.reason), "text" if track.variants else "warn")])
    return lines
