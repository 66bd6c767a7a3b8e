"""The first-run form as a box over the panes."""

from __future__ import annotations

from slskmesh.engine.events import Level, Reply
from tui.viewmodel.setup import SetupForm
from tui.widgets.canvas import Row
from tui.widgets.overlay import Overlay


class SetupBox(Overlay):
    """The form: tab moves, enter goes on and at the end finishes, esc leaves it for later."""

    margin = 4

    def __init__(self, form: SetupForm) -> None:
        super().__init__("welcome to slskmesh", [])
        self.form = form
        self.cells = 108
        self.height_wanted = 32
        self.busy = False
        self.hints = [("enter", "next, at the end start"), ("tab", "next field"), ("esc", "later")]

    def content(self, width: int, height: int) -> list[Row]:
        lines = self.form.lines(width - 4)
        if len(lines) > height:
            lines = self.form.lines(width - 4, short=True)
        return [([("  ", "text"), *line], "") for line in lines]

    def span(self) -> tuple[int, int, int]:
        return 0, 1, 1

    def key(self, key: str, character: str | None) -> bool:
        form = self.form
        if key == "escape":
            self.desk.close_overlay()
            self.desk.say("later, then: nothing listens and nothing is shared; :setup asks again")
        elif key in {"tab", "down"} or (key == "enter" and form.at < len(form.questions) - 1):
            form.move(1)
        elif key in {"shift+tab", "up"}:
            form.move(-1)
        elif key == "enter":
            self._finish()
        elif not form.current.edit.key(key, character):
            return False
        self.touch()
        return True

    def paste(self, text: str) -> None:
        self.form.paste(text)
        self.touch()

    def _finish(self) -> None:
        command = self.form.finish()
        if command is not None and not self.busy:
            self.busy = True
            self.desk.ask(command, self._answered)

    def _answered(self, reply: Reply) -> None:
        self.busy = False
        if not reply.ok:
            self.form.error = str(reply.text)
            self.touch()
            return
        if self.desk.overlay is self:
            self.desk.close_overlay()
        self.desk.say(str(reply.text) or "set up; scanning your folders now", Level.GOOD)
        account = self.form.account()
        if account is not None:
            self.desk.ask(account, self._account_answered)

    def _account_answered(self, reply: Reply) -> None:
        text = str(reply.text)
        if reply.ok:
            self.desk.say(text or "the Soulseek account is set", Level.GOOD)
        else:
            self.desk.say(f"the Soulseek account is not set: {text}; :account asks again", Level.ERROR)
