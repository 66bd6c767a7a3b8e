"""Search by MusicBrainz inside the Search pane: releases found, then the tracks of one and who holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slskmesh.engine.commands import LookUp, Resolve
from slskmesh.engine.events import Level, LookedUp, Resolved, Resolving
from slskmesh.engine.job_views import EntityView, PlanTrackView
from tui.actions import engine_off
from tui.panes.base import ABSENT
from tui.panes.search_view import SearchView
from tui.viewmodel.columns import tabbed
from tui.viewmodel.lookups import (
    Lookup,
    best,
    entity_columns,
    entity_empty,
    entity_lines,
    entity_note,
    entity_words,
    is_pasted,
    plan_columns,
    plan_empty,
    plan_lines,
    plan_note,
    plan_words,
    variant_lines,
)
from tui.viewmodel.spans import Line
from tui.widgets.rowsview import ListSource, RowsBox

if TYPE_CHECKING:
    from tui.panes.search import SearchPane


class ReleaseSearch(SearchView):
    """One look-up at a time; another one or another release drops what the one before would have answered."""

    def __init__(self, pane: SearchPane) -> None:
        super().__init__(pane)
        self.lookup = Lookup()
        self.conditions: list[str] = []  # of jobs, as typed before
        self.inside = False  # the tracks of one release are shown
        self._found: ListSource[EntityView] = ListSource(lambda entity: entity.mbid)
        self._tracks: ListSource[PlanTrackView] = ListSource(lambda track: str(track.place))
        self.entities = RowsBox(
            self._found, lambda: entity_columns(pane.desk.glyphs), "releases", id="releases", classes=ABSENT
        )
        self.tracks = RowsBox(self._tracks, plan_columns, "tracks", id="tracks", classes=ABSENT)
        self.tracks.named_by = "track"
        self.tracks.is_marked = lambda key: int(key) in self.lookup.marked
        self.entities.on_cursor = self.tracks.on_cursor = pane.show_row

    @property
    def lists(self) -> tuple[RowsBox[Any], ...]:
        return self.entities, self.tracks

    @property
    def place(self) -> str:
        return "release" if self.inside else "releases"

    @property
    def front(self) -> RowsBox[Any]:
        return self.tracks if self.inside else self.entities

    @property
    def entity(self) -> EntityView | None:
        """What the cursor is on, or the release whose tracks are shown."""
        return self.lookup.target if self.inside else self.entities.current

    # Asking
    def start(self, text: str, mode: str) -> bool:
        """Asks MusicBrainz; False where it cannot."""
        desk = self.pane.desk
        reason = engine_off(desk)
        if reason is None and mode == "mbid" and not is_pasted(text):
            reason = "not a MusicBrainz id (36 characters) or the address of its page; t changes the mode"
        if reason is not None:
            desk.say(f"search: {reason}", Level.WARN)
            return False
        lookup = self.lookup = Lookup(text, mode, asking=True)
        self.inside, self.filter_text = False, ""
        self.entities.cursor = self.entities.top = 0

        def found(event: LookedUp) -> None:
            lookup.answer(event)
            self._looked_up(lookup)

        def failed(why: str) -> None:
            lookup.fail(why)
            self._changed(lookup)

        desk.inquiries.look_up(desk, LookUp(text), found, failed)
        return True

    def _looked_up(self, lookup: Lookup) -> None:
        found = lookup.found
        if lookup is self.lookup and lookup.mode == "mbid" and found is not None and len(found.entities) == 1:
            entity = found.entities[0]
            if entity.kind == "release":
                self.show()
                self.open(entity)
                return
        self._changed(lookup)

    def open(self, entity: EntityView) -> None:
        """Asks who has a release, and shows its tracks; one that was asked for last is shown at once."""
        lookup = self.lookup
        self.inside = True
        self.filter_text = ""
        same = lookup.target is not None and lookup.target.mbid == entity.mbid
        if not (same and (lookup.plan is not None or lookup.resolving)):
            self.ask(entity)
        self.pane.lay_out()

    def ask(self, entity: EntityView) -> None:
        """Asks who has it, now."""
        desk, lookup = self.pane.desk, self.lookup
        turn = lookup.resolve(entity)
        self.tracks.cursor = self.tracks.top = 0

        def found(event: Resolved | Resolving) -> None:
            if lookup.turn == turn:
                lookup.answered(event)
                self._changed(lookup)

        def failed(why: str) -> None:
            if lookup.turn == turn:
                lookup.fail(why)
                self._changed(lookup)

        desk.inquiries.resolve(desk, Resolve(entity.mbid), found, failed)
        self._changed(lookup)

    def leave(self) -> bool:
        """From the tracks to the releases; False where it is there already."""
        if self.lookup.marked:
            self.lookup.marked = set()
            self.show()
            return True
        if not self.inside:
            return False
        self.inside = False
        self.filter_text = ""
        self.pane.lay_out()
        return True

    # Showing
    def _changed(self, lookup: Lookup) -> None:
        if lookup is self.lookup:
            self.show()
            if self.pane.view is self:
                self.pane.show_row()
                self.pane.desk.tour_moved()

    def show(self) -> None:
        lookup, terms = self.lookup, self.filter_text.casefold().split()
        found = lookup.found.entities if lookup.found is not None else ()
        tracks = lookup.plan.tracks if lookup.plan is not None else ()
        if terms and self.inside:
            tracks = tuple(track for track in tracks if all(t in plan_words(track) for t in terms))
        elif terms:
            found = tuple(entity for entity in found if all(t in entity_words(entity) for t in terms))
        self._found.set(found)
        self._tracks.set(tracks)
        kind = lookup.found.kind if lookup.found is not None and lookup.found.kind else "release"
        filtered = f" /{self.filter_text}" if terms else ""
        self.entities.title, self.entities.note = f"{kind}s{filtered}", entity_note(lookup)
        self.entities.empty = entity_empty(lookup) if not terms else ("", "none of them has these words")
        target = lookup.target
        self.tracks.title = f"{target.title if target is not None else 'tracks'}{filtered}"
        self.tracks.note = plan_note(lookup)
        self.tracks.empty = plan_empty(lookup) if not terms else ("", "no track has these words")
        self.front.sync()

    def boxes(self) -> tuple[list[Line], str, list[Line]]:
        glyphs = self.pane.desk.glyphs
        if not self.inside:
            entity = self.entities.current
            return (entity_lines(entity, glyphs) if entity is not None else []), "holders", []
        track = self.tracks.current
        title = f"{track.position:02} {track.title}" if track is not None else "candidates"
        return plan_lines(self.lookup, glyphs), title, variant_lines(track) if track is not None else []

    def details(self) -> tuple[str, list[Line]]:
        """Everything about the row under the cursor: for a box over the pane."""
        lines, title, more = self.boxes()
        return ("release", lines) if not more else ("release", [*lines, [], [(title, "title")], *more])

    def words_of(self, row: EntityView | PlanTrackView) -> str:
        return entity_words(row) if isinstance(row, EntityView) else plan_words(row)

    def chosen(self) -> list[PlanTrackView]:
        """The marked tracks, else the one under the cursor."""
        plan = self.lookup.plan
        if plan is not None and self.lookup.marked:
            return [track for track in plan.tracks if track.place in self.lookup.marked]
        return [] if self.tracks.current is None else [self.tracks.current]

    def yanks(self) -> dict[str, str]:
        entity = self.entity
        if entity is None:
            return {}
        found = {"row": tabbed(entity_columns(self.pane.desk.glyphs), entity), "MusicBrainz id": entity.mbid}
        if self.inside:
            tracks = self.chosen()
            first = [variant for track in tracks if (variant := best(track)) is not None]
            found["row"] = "\n".join(tabbed(plan_columns(), track) for track in tracks)
            found["content id"] = "\n".join(variant.content for variant in first)
            found["MusicBrainz id"] = "\n".join(track.recording for track in tracks) or entity.mbid
        return found
