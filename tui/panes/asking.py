"""Questions at the prompt: a name, a text that the engine may refuse, a yes before something is taken away.

Rules: a prompt stays open with the reason until what was typed is taken; nothing is done before the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from slskmesh.engine.commands import Command
from slskmesh.engine.events import Level, Reply
from tui.viewmodel.spans import clip
from tui.widgets.prompt import Question

if TYPE_CHECKING:
    from tui.app import MeshApp

OnText = Callable[["MeshApp", str], None]
NAME_CELLS = 30


def asking(
    label: str, help: str, then: OnText, known: Callable[[MeshApp], Sequence[str]] = lambda desk: ()
) -> OnText:
    """A command that asks for its argument where none is given; `known` are completed."""

    def run(desk: MeshApp, argument: str) -> None:
        if argument:
            then(desk, argument)
            return

        def submit(text: str) -> str | None:
            if not text.strip():
                return help
            desk.prompt.close()
            then(desk, text.strip())
            return None

        found = known(desk)
        desk.question(
            Question(
                label,
                submit,
                help=help,
                complete=lambda text: [
                    name for name in found if text and name.casefold().startswith(text.casefold())
                ],
            )
        )

    return run


def short(desk: MeshApp, name: str) -> str:
    """A name as a question has room for it."""
    return clip(name, NAME_CELLS, desk.glyphs.ellipsis)


def sure(desk: MeshApp, question: str, command: Command) -> None:
    """Does something after a yes."""

    def yes(answer: str) -> None:
        desk.ask(command)

    desk.question(Question(question, yes, confirm=True))


def asked(
    desk: MeshApp, question: Question, make: Callable[[str], Command], done: str = "", needed: str = ""
) -> None:
    """A prompt that stays open with the reason until the engine has taken what was typed; then says `done`.

    `needed` is said where nothing was typed but something must be.
    """

    def submit(text: str) -> str | None:
        if needed and not text.strip():
            return needed
        desk.ask(make(text), answered)
        return "asking ..."

    def answered(reply: Reply) -> None:
        open_still = desk.prompt.question is question
        if not reply.ok and open_still:
            desk.prompt.fail(str(reply.text) or "that did not work")
            return
        if open_still:
            desk.prompt.close()
        words = str(reply.text) or (done if reply.ok else "that did not work")
        if words:
            desk.say(words, Level.GOOD if reply.ok else Level.ERROR)

    question.submit = submit
    desk.question(question)
