"""What actions, panes and widgets may ask of the app: views, panes, prompts, boxes, commands to the engine.

Rules: everything here returns at once; foreign text goes to toasts and boxes as plain text, never as markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, cast

from textual.containers import Container

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Found, Level, Notice, Reply, SearchEnded
from slskmesh.engine.legacy_events import BrowseProgress, ChatLines
from slskmesh.engine.legacy_views import ChatsView, ModeView
from slskmesh.engine.views import Banner, DoorView, PeersView, SettingsView, StatusView, View
from slskmesh.text import sanitize
from tui import removing, touring
from tui.actions import Action, Registry, key_label
from tui.bridge import Bridge, OnReply
from tui.compat import SafeApp
from tui.following import follow
from tui.inquiries import Inquiries
from tui.jump import Jump
from tui.keys import KeyRouter
from tui.panes.base import Pane
from tui.panes.search import SearchPane
from tui.viewmodel.arrivals import Arrivals
from tui.viewmodel.banner import changed, loudness
from tui.viewmodel.chat import ChatLogs
from tui.viewmodel.glyphs import Glyphs
from tui.viewmodel.look import Look
from tui.viewmodel.removals import Removals
from tui.viewmodel.spans import Line
from tui.viewmodel.state import State
from tui.viewmodel.tour import Tour
from tui.widgets.box import Box
from tui.widgets.canvas import Canvas
from tui.widgets.overlay import Overlay
from tui.widgets.paint import Palette
from tui.widgets.prompt import Prompt, Question
from tui.widgets.toasts import ToastStack

if TYPE_CHECKING:
    from tui.app import MeshApp
    from tui.switching import Switching

CLIPBOARD_MAX = 64 * 1024
SMALL = (80, 24)
QUIT_WAITS = 0.7


def _pane_classes() -> dict[str, Callable[[], type[Pane]]]:
    """The panes that exist, in tab order; each is imported on its first visit."""

    def scenes() -> type[Pane]:
        from tui.panes.scenes import ScenesPane

        return ScenesPane

    def jobs() -> type[Pane]:
        from tui.panes.jobs import JobsPane

        return JobsPane

    def swarm() -> type[Pane]:
        from tui.panes.swarm import SwarmPane

        return SwarmPane

    def peers() -> type[Pane]:
        from tui.panes.peers import PeersPane

        return PeersPane

    def settings() -> type[Pane]:
        from tui.panes.settings import SettingsPane

        return SettingsPane

    return {
        "search": lambda: SearchPane,
        "scenes": scenes,
        "jobs": jobs,
        "swarm": swarm,
        "peers": peers,
        "settings": settings,
    }


TITLES = (
    ("1", "search", "Search"),
    ("2", "scenes", "Scenes"),
    ("3", "jobs", "Jobs"),
    ("4", "swarm", "Swarm"),
    ("6", "peers", "Peers"),
    ("7", "settings", "Settings"),
)


class Desk(SafeApp):
    """The app as its parts see it."""

    bridge: Bridge
    router: KeyRouter

    def set_up(self, appearance: Look, tour: Tour | None, clock: Callable[[], float]) -> None:
        """The state before the first paint."""
        self.look = appearance
        self.glyphs: Glyphs = appearance.glyphs
        self.clock = clock
        self.monotonic: Callable[[], float] = time.monotonic
        self.state = State(clock())
        self.begun = False
        self.panes: dict[str, Pane] = {}
        self.pane_name = "search"
        self.overlay: Overlay | None = None
        self.tour = tour
        self.command_history: list[str] = []
        self.setup_offered = False
        self.jump = Jump()
        self.inquiries = Inquiries()
        self.chats = ChatLogs()
        self.removals = Removals()
        self.arrivals = Arrivals()
        self.switching: Switching | None = None
        self.ringing = appearance.bell
        self._followed: SettingsView | None = None

    @cached_property
    def registry(self) -> Registry:
        """All actions; made after the first paint, which needs none of them."""
        from tui.everywhere import all_actions, as_attached

        actions = all_actions()
        return Registry(
            (*(as_attached(actions) if self.state.attached else actions), *touring.actions(self.tour))
        )

    # Panes
    @property
    def pane(self) -> Pane:
        """The pane on the screen."""
        return self.panes[self.pane_name]

    @property
    def search(self) -> SearchPane:
        """The Search pane, which always exists."""
        return cast(SearchPane, self.panes["search"])

    def pane_titles(self) -> Iterable[tuple[str, str, str]]:
        """Digit, name and title of each pane."""
        return TITLES

    def first_pane(self) -> Pane:
        """The pane that is there from the start."""
        self.panes[self.pane_name] = SearchPane()
        return self.pane

    def show_pane(self, name: str) -> None:
        """Puts a pane on the screen; made on its first visit."""
        if name in self.panes and name == self.pane_name:
            return
        body = self.screen.query_one("#body", Container)
        if self.pane_name in self.panes:
            self.pane.display = False
            self.pane.left()
        self.pane_name = name
        if name not in self.panes:
            self.panes[name] = _pane_classes()[name]()()
            body.mount(self.panes[name])
        self.pane.display = True
        self.call_after_refresh(self._entered)
        self.touch("#tabs")
        self.tour_moved()

    def _entered(self) -> None:
        self.pane.entered()
        self.touch("#hints")

    def focus_box(self, box: Box) -> None:
        """A box was clicked."""
        self.pane.focus_box(box)
        self.touch("#hints")

    def touch(self, *selectors: str) -> None:
        """Asks the fixed rows for a repaint; when the screen is taken down at the end there are none any more."""
        for selector in selectors:
            for canvas in self.screen.query(selector).results(Canvas):
                canvas.touch()

    def make_palette(self) -> None:
        """Styles for the theme of now."""
        theme = self.current_theme
        ansi = bool(theme.ansi) or self.look.no_color
        variables = {} if ansi else self.get_css_variables()
        self.palette = Palette(variables, ansi=ansi, dark=theme.dark)

    def repaint_all(self) -> None:
        """Everything anew: theme, charset, a terminal that lost frames."""
        for canvas in self.screen.query(Canvas):
            canvas.repaint_all()
        self.screen.refresh(layout=True)

    # Engine
    def ask(
        self, command: Command, on_reply: OnReply | None = None, on_sent: Callable[[int], None] | None = None
    ) -> None:
        """Sends a command; without `on_reply` the answer is shown as a toast where it failed or says something."""
        self.bridge.ask(command, on_reply or self._told, on_sent)

    def _told(self, reply: Reply) -> None:
        if not reply.ok:
            self.say(str(reply.text) or "that did not work", Level.ERROR)
        elif reply.text:
            self.say(str(reply.text), Level.GOOD)

    def say(self, text: str, level: Level = Level.INFO) -> None:
        """A toast, also in the event log."""
        safe = sanitize(text, 300)
        self.state.log(self.clock(), level, safe)
        self._toast_stack().say(safe, level, asked=True)

    def noticed(self, event: Notice, *, quiet: bool = False) -> None:
        """A line of the event log; a toast from WARN up, unless `quiet`."""
        self.state.note(event)
        if not quiet and event.level in {Level.WARN, Level.ERROR}:
            self._toast_stack().say(event.text, event.level, asked=False)

    def _toast_stack(self) -> ToastStack:
        return self.screen.query_one("#toasts", ToastStack)

    def found(self, event: Found) -> None:
        """Hits of a query."""
        self.search.found(event)

    def search_ended(self, event: SearchEnded) -> None:
        """A query is over."""
        self.search.ended(event)

    def said(self, event: ChatLines) -> None:
        """Lines of the watched room or conversation."""
        self.chats.take(event)
        if "scenes" in self.panes:
            self.panes["scenes"].said()

    def browsed(self, event: BrowseProgress) -> None:
        """How far the list of a user's shares is."""
        self.search.browsed(event)

    def status_changed(self, before: StatusView) -> None:
        """Banner, status row, window title."""
        status = self.state.status
        self.touch("#banner", "#status")
        if status.banner is not before.banner:
            self.touch("#hints")
            self.set_terminal_title()
            self._banner_changed(before.banner)

    def _banner_changed(self, before: Banner) -> None:
        """Another state of the network: a toast, and the bell. The first one after the start is no change."""
        if before is Banner.STARTING:
            return
        status = self.state.status
        text, level = sanitize(changed(status), 300), loudness(status.banner)
        if Banner.ISOLATED in {before, status.banner}:
            self.state.log(self.clock(), level, text)  # the engine tells of changes of its mode, not of this
        self._toast_stack().say(text, level, asked=False)
        if self.ringing:
            self.bell()

    def set_terminal_title(self) -> None:
        """Overridden by the app, which has the driver."""

    def settings_changed(self) -> None:
        """Theme and bell follow the settings; the first time nothing is configured, the first-run form opens."""
        view = self.state.settings
        if view is None:
            return
        follow(self, self._followed, view)
        self._followed = view
        if not view.configured and not self.setup_offered:
            self.setup_offered = True
            self.perform("setup")

    def downloads_done(self, told: list[str]) -> None:
        """Downloads that were not finished the last time are now, in words."""
        for text in told:
            self.say(text, Level.GOOD)
        if told and self.ringing:
            self.bell()

    def views_changed(self, types: set[type[View]]) -> None:
        """Newer views of these types."""
        if ModeView in types and self.state.mode is not None:
            self.chats.mode_changed(self.state.mode, self.clock())
        if types and self.panes:
            self.pane.changed(types)
            self.touch("#hints")
            if types & {ModeView, PeersView, DoorView}:
                self.touch("#banner", "#status")
            if ChatsView in types:
                self.touch("#tabs")
            if self.overlay is not None:
                self.overlay.freshen()
            self.tour_moved()

    def second(self) -> None:
        """Once a second."""
        self.touch("#banner", "#status")
        removing.carry_out(self, self.removals.take(self.monotonic()))
        self.pane.second()
        if self.overlay is not None:
            self.overlay.freshen()

    # Actions
    def perform(self, name: str, argument: str = "") -> None:
        """Runs an action, or says why it is off."""
        action = self.registry.actions[name]
        reason = action.why_not(cast("MeshApp", self))
        if reason is not None:
            self.say(f"{action.title}: off, {reason}", Level.WARN)
            return
        action.run(cast("MeshApp", self), argument)

    def hints(self) -> list[tuple[str, str]]:
        """Key and label of the hint row, most useful first."""
        if not self.begun:
            return []
        if self.overlay is not None:
            return self.overlay.hints
        if self.jump.on:
            return [("a letter", "goes there"), ("esc", "stays here")]
        if self.pane.typing:
            return self.pane.typing_hints
        app, place = cast("MeshApp", self), self.pane.place
        found: list[Action] = [*self.registry.in_place(place), *self.registry.in_place("everywhere")]
        return [
            (key_label(a.keys[0]), a.hint)
            for a in found
            if a.hint and a.keys and self.registry.at_key(a.keys[0], place) is a and a.why_not(app) is None
        ]

    def keys_pending(self) -> str:
        """An unfinished chord or count."""
        return self.router.pending

    def keys_changed(self) -> None:
        """A key was handled."""
        self.touch("#hints")

    def pasted(self, text: str) -> None:
        """Text from the terminal's paste."""
        if self.prompt.question is not None:
            self.prompt.paste(text)
        elif self.overlay is not None:
            self.overlay.paste(text)
        else:
            self.pane.paste(text)

    def quit(self) -> None:
        """Ends the app; removals that wait for their undo are done before, within a moment."""
        left = self.removals.take_all()
        if not left or self.state.ended is not None or not self.bridge.ready.is_set():
            self.exit(return_code=0)
            return
        removing.carry_out(self, left, lambda: self.exit(return_code=0))
        self.set_timer(QUIT_WAITS, lambda: self.exit(return_code=0))

    # Prompt
    @property
    def prompt(self) -> Prompt:
        """The prompt rows."""
        return self.screen.query_one("#prompt", Prompt)

    def question(self, question: Question) -> None:
        """Opens the prompt in place of the two bottom rows."""
        self.screen.add_class("-asking")
        self.prompt.ask(question)

    def prompt_closed(self) -> None:
        """The two bottom rows come back."""
        self.screen.remove_class("-asking")

    # Boxes over the pane
    def open(self, overlay: Overlay) -> None:
        """Opens a box over the pane; it replaces one that is open."""
        self.close_overlay()
        self.overlay = overlay
        self._place(overlay)
        self.screen.mount(overlay)
        self.touch("#hints")

    def open_text(
        self, title: str, lines: list[Line], keys: dict[str, Callable[[], None]] | None = None
    ) -> None:
        """Opens a box of text."""
        self.open(Overlay(title, lines, keys=keys))

    def close_overlay(self) -> None:
        """Closes the open box."""
        if self.overlay is not None:
            self.overlay.remove()
            self.overlay = None
            self.touch("#hints")

    def _place(self, overlay: Overlay) -> None:
        width, height = self.size
        cells = min(overlay.cells, width - 4)
        rows = min(overlay.height_in(cells), height - overlay.margin)
        overlay.styles.width, overlay.styles.height = cells, max(5, rows)
        overlay.styles.offset = ((width - cells) // 2, max(2, (height - rows) // 2))

    def resized(self, width: int, height: int) -> None:
        """The terminal has another size."""
        self.screen.set_class(width < SMALL[0] or height < SMALL[1], "-small")
        self.call_after_refresh(self._size_settled)

    def _size_settled(self) -> None:
        if self.overlay is not None:
            self._place(self.overlay)
        self._toast_stack().settle()
        self.show_tour()

    def copy(self, text: str, what: str, *, show: bool = True) -> None:
        """Sends text to the terminal's clipboard (OSC 52) and shows it, because the terminal may not take it."""
        if not text:
            self.say("nothing to copy here")
            return
        if len(text.encode()) > CLIPBOARD_MAX:
            self.say("too long for the clipboard", Level.WARN)
            return
        self.copy_to_clipboard(text)
        self.say(f"sent to the clipboard: {text if show and len(text) < 100 else what}")

    # Tour
    def tour_moved(self) -> None:
        """Something came that a step of the tour may wait for."""
        touring.moved(self)

    def show_tour(self) -> None:
        """Shows the tour's step, or takes the box away."""
        touring.show(self)
