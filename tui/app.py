"""The terminal app: one screen of fixed rows and panes over an engine client.

Rules:
- The first paint comes before the engine starts; panes are made on their first visit.
- The app knows the engine by `EngineClient` only; it never waits for it and never calls into it but `post` and `drain`.
- Signals end it in order (exit code 128 + number); a second one within five seconds ends the process at once.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Container
from textual.screen import Screen

from slskmesh.engine.client import Batch, EngineClient
from slskmesh.engine.events import EngineEnded, Found, LookedUp, Notice, Resolved, Resolving, SearchEnded
from slskmesh.engine.legacy_events import (
    BrowseProgress,
    ChatLines,
    FilesShown,
    FoldersShown,
    ModeChanged,
    OffersShown,
    PublishedShown,
    RoomsShown,
    UserShown,
)
from slskmesh.engine.legacy_views import LegacyDownloadsView
from slskmesh.engine.views import SettingsView, StatusView, TransfersView
from slskmesh.errors import SlskmeshError
from slskmesh.text import sanitize
from tui.bridge import Bridge, linger
from tui.desk import Desk
from tui.driver import GuardedDriver
from tui.keys import KeyRouter
from tui.themes import OWN
from tui.viewmodel.banner import title
from tui.viewmodel.look import Look, look
from tui.viewmodel.state import at_work, legacy_at_work
from tui.viewmodel.tour import Tour, tour_of
from tui.widgets.bars import BannerBar, HintBar, StatusBar, TabBar, TooSmall
from tui.widgets.box import TextBox
from tui.widgets.prompt import Prompt
from tui.widgets.toasts import ToastStack

if TYPE_CHECKING:
    from slskmesh.settings import Settings

SWITCH_SECONDS = 0.001  # a busy engine thread gives the screen its turn five times sooner than by default
HANGUP_CODE = 128 + signal.SIGHUP


class MainScreen(Screen[None], inherit_bindings=False):
    """The one screen: keys go to the router, sizes choose the layout."""

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (140, "-xwide")]  # noqa: RUF012 - Textual's name
    ALLOW_SELECT = False

    def compose(self) -> ComposeResult:
        """The fixed rows around the first pane."""
        yield BannerBar(id="banner")
        yield TabBar(id="tabs")
        yield Container(cast(MeshApp, self.app).first_pane(), id="body")
        yield TooSmall(id="small")
        yield TextBox("tour", id="tour")
        yield StatusBar(id="status")
        yield HintBar(id="hints")
        yield Prompt(id="prompt")
        yield ToastStack(id="toasts")

    def on_mount(self) -> None:
        """Everything is in place."""
        cast(MeshApp, self.app).screen_up()


class MeshApp(Desk):
    """The app. `Desk` holds what actions and panes ask of it; this class holds its life."""

    CSS_PATH = ["styles/base.tcss", "styles/panes.tcss"]  # noqa: RUF012 - Textual's name
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False

    def __init__(
        self,
        client: EngineClient,
        appearance: Look,
        *,
        tour: Tour | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(driver_class=GuardedDriver, ansi_color=True if appearance.no_color else None)
        self.animation_level = "none"
        self.set_up(appearance, tour, clock)
        for theme in OWN:
            self.register_theme(theme)
        self.theme = appearance.theme if appearance.theme in self.available_themes else OWN[0].name
        self.make_palette()
        self.state.attached = client.attached
        self.bridge = Bridge(client, 1 / appearance.fps, self.take, self.failed)
        self.router = KeyRouter(self)
        self.hung_up = False
        self.exit_text = ""
        self._signals = 0

    def get_default_screen(self) -> Screen[None]:
        """Textual asks for the first screen."""
        return MainScreen(id="main")

    def screen_up(self) -> None:
        """The screen is up: after its first paint the engine starts."""
        if not self.is_headless:
            self._handle_signals()
        self.watch(self, "theme", self._theme_changed, init=False)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        self.begun = True
        self.touch("#hints")
        self.bridge.start()
        self._second()
        self.set_interval(1.0, self._second)

    def _handle_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._signalled, number)

    def _signalled(self, number: int) -> None:
        now = self.monotonic()
        if self._signals and now - self._signals < 5:
            os._exit(128 + number)
        self._signals = int(now) or 1
        self.hung_up = number == signal.SIGHUP
        self.exit(return_code=128 + number)

    def line_gone(self) -> None:
        """The terminal's far end went away (driver.py)."""
        self.hung_up = True
        self.exit(return_code=HANGUP_CODE)

    # Events up
    def take(self, batch: Batch) -> None:
        """Everything the engine showed since the last time."""
        now = self.clock()
        state = self.state
        before = state.status
        types = state.apply(batch.views, now)
        state.dropped += batch.dropped
        told = {event.text for event in batch.events if isinstance(event, ModeChanged)}  # the banner shows it
        for event in batch.events:
            match event:
                case Found():
                    self.found(event)
                case SearchEnded():
                    self.search_ended(event)
                case LookedUp() | Resolved() | Resolving():
                    self.inquiries.take(event)
                case (
                    FilesShown()
                    | FoldersShown()
                    | OffersShown()
                    | PublishedShown()
                    | RoomsShown()
                    | UserShown()
                ):
                    self.inquiries.take(event)
                case ChatLines():
                    self.said(event)
                case BrowseProgress():
                    self.browsed(event)
                case Notice():
                    self.noticed(event, quiet=event.text in told)
                case EngineEnded():
                    state.end(event, now)
                    types.add(StatusView)
        if types & {TransfersView, LegacyDownloadsView}:
            self.downloads_done(self.arrivals.take(state.transfers, state.legacy, now))
        if StatusView in types:
            self.status_changed(before)
        if SettingsView in types:
            self.settings_changed()
        self.views_changed(types)

    def failed(self, error: Exception) -> None:
        """The engine did not start. A busy home ends the app with its exit code; else the banner says why."""
        if not isinstance(error, SlskmeshError):
            self._handle_exception(error)
            return
        if error.exit_code == 3:
            self.exit_text = str(error)
            self.exit(return_code=error.exit_code)
            return
        self.take(Batch(events=(EngineEnded(False, sanitize(str(error), 300)),)))

    def _second(self) -> None:
        now = self.clock()
        self.state.tick(now)
        self.second()

    def _theme_changed(self) -> None:
        self.make_palette()
        self.repaint_all()

    def set_terminal_title(self) -> None:
        """The window's title tells the state too."""
        driver = self._driver
        if isinstance(driver, GuardedDriver):
            driver.write(f"\x1b]2;{title(self.state.status, self.state.attached)}\x07")

    def suspend_soon(self) -> None:
        """ctrl+z or SIGTSTP: on the loop, never in a signal handler."""
        driver = self._driver
        if isinstance(driver, GuardedDriver) and driver.can_suspend:
            driver.suspend()
            self.call_later(self.repaint_all)

    def set_mouse(self, on: bool) -> None:
        """Turns mouse reports on or off."""
        driver = self._driver
        if isinstance(driver, GuardedDriver):
            driver.set_mouse(on)

    # Input
    def on_key(self, event: events.Key) -> None:
        """Every key: no widget here takes the focus."""
        event.stop()
        event.prevent_default()
        self.router.handle(event)

    def on_paste(self, event: events.Paste) -> None:
        """Pasted text goes where text is typed."""
        event.stop()
        self.pasted(event.text)

    def on_resize(self, event: events.Resize) -> None:
        """The layout follows the size; open boxes are placed anew."""
        self.resized(event.size.width, event.size.height)


async def _run(app: MeshApp, mouse: bool) -> None:
    await app.run_async(mouse=mouse)


def run_terminal(
    client: EngineClient,
    *,
    settings: Settings,
    tour: Tour | Sequence[tuple[str, str, str]] | None = None,
    commands: Sequence[tuple[str, str, tuple[str, ...], Callable[[str], str]]] = (),
    env: Mapping[str, str] = os.environ,
) -> int:
    """Runs the app until the person leaves, stops the engine (or lets go of one that is attached), gives the exit code.

    `tour` is a Tour or rows (title, text, until) for `tour_of`, with its `commands`. 0 after a quit, 128 + n after
    signal n, 3 where the home is held by another engine, 1 where the engine failed or did not end in time.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    appearance = look(settings, env)
    shown = tour if tour is None or isinstance(tour, Tour) else tour_of(tour, commands)
    app = MeshApp(client, appearance, tour=shown)
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(_run(app, appearance.mouse))
    app.bridge.close()
    if app.hung_up and appearance.keep_running and app.state.ended is None and not client.attached:
        ended = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: ended.set())
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        legacy = legacy_at_work(app.state.legacy)
        linger(client, ended, app.state.running - legacy, at_work(app.state.jobs), legacy=legacy)
    stopped = client.stop()
    if app.exit_text:
        print(f"slskmesh: {app.exit_text}", file=sys.stderr)
    elif client.attached and app.state.ended is None and not app.return_code:
        print("detached; it goes on, and `slskmesh attach` comes back", file=sys.stderr)
    failed = app.state.ended is not None and not app.state.ended.clean
    return app.return_code or (1 if failed or not stopped else 0)
