"""The prompt: two rows at the bottom for a command, a filter, a value or a yes-or-no question.

Rules: one prompt at a time; esc always leaves it and changes nothing; the upper row shows suggestions or what is wrong
with the value; enter on a wrong value keeps the prompt open with the reason.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.spans import Line, fit, width
from tui.widgets.canvas import Canvas, Row


@dataclass(slots=True)
class Question:
    """What a prompt asks.

    `submit` gets the text and returns None to close, or the reason to stay open. `change` is called on every edit.
    `complete` gives the candidates for tab, `explain` what stands in the place of `help` for a text; `help` then stands
    beside the candidates. A `confirm` question takes y or n only. The text of a `secret` one is shown as stars, and is
    kept nowhere: not in a history, not in the prompt once it is closed.
    """

    label: str
    submit: Callable[[str], str | None]
    text: str = ""
    help: str = ""
    confirm: bool = False
    secret: bool = False
    change: Callable[[str], None] | None = None
    cancel: Callable[[], None] | None = None
    complete: Callable[[str], list[str]] | None = None
    explain: Callable[[str], str] | None = None
    history: list[str] = field(default_factory=list)


class Prompt(Canvas):
    """The prompt rows; hidden while nothing is asked."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.question: Question | None = None
        self.edit = LineEdit()
        self.wrong = ""
        self.candidates: list[str] = []
        self.choice = -1

    def ask(self, question: Question) -> None:
        """Opens with this question."""
        self.question = question
        self.edit = LineEdit(question.text)
        self.edit.history = question.history
        self.wrong, self.choice = "", -1
        self._suggest()

    def close(self) -> None:
        """Nothing is asked any more."""
        self.question = None
        self.edit = LineEdit()
        self.desk.prompt_closed()

    def fail(self, reason: str) -> None:
        """The value was refused: says why and stays open."""
        self.wrong = reason
        self.touch()

    def _suggest(self) -> None:
        question = self.question
        if question is not None and question.complete is not None:
            self.candidates = question.complete(self.edit.text)
        else:
            self.candidates = []
        self.touch()

    def key(self, key: str, character: str | None) -> None:
        """Every key comes here while something is asked."""
        question = self.question
        if question is None:
            return
        if question.confirm:
            self._confirm_key(question, key)
            return
        if key == "escape":
            self.close()
            if question.cancel is not None:
                question.cancel()
        elif key == "enter":
            self._submit(question)
        elif key in {"tab", "shift+tab"}:
            self._complete(1 if key == "tab" else -1)
        elif key in {"up", "ctrl+p", "down", "ctrl+n"}:
            if not question.secret:
                self.edit.recall(-1 if key in {"up", "ctrl+p"} else 1)
                self._edited(question)
        elif self.edit.key(key, character):
            self._edited(question)

    def paste(self, text: str) -> None:
        """Pasted text goes to the cursor."""
        question = self.question
        if question is None or question.confirm:
            return
        if question.secret and not (text := text.strip("\r\n")).isprintable():
            self.fail("what was pasted holds signs that cannot be typed; nothing of it was taken")
            return
        self.edit.insert(text)
        self._edited(question)

    def _edited(self, question: Question) -> None:
        self.wrong, self.choice = "", -1
        self._suggest()
        if question.change is not None:
            question.change(self.edit.text)

    def _confirm_key(self, question: Question, key: str) -> None:
        if key in {"y", "Y"}:
            self.close()
            question.submit("y")
        elif key in {"n", "N", "escape", "q"}:
            self.close()
            if question.cancel is not None:
                question.cancel()

    def _submit(self, question: Question) -> None:
        text = self.edit.text
        if not question.secret:
            self.edit.remember()
            question.history[:] = self.edit.history
        reason = question.submit(text)
        if reason is not None:
            self.fail(reason)
        elif self.question is question:
            self.close()

    def _complete(self, step: int) -> None:
        if not self.candidates:
            return
        self.choice = (self.choice + step) % len(self.candidates)
        self.edit.set(self.candidates[self.choice])
        if len(self.candidates) == 1:
            self._suggest()
            self.choice = -1
        self.touch()

    def rows(self, width_: int, height: int) -> list[Row]:
        question = self.question
        if question is None:
            return []
        upper: Line = [(" ", "text")]
        if self.wrong:
            upper.append((self.wrong, "bad"))
        elif self.candidates:
            upper += self._candidate_line(width_)
            if question.explain is not None and width(upper) + width([(question.help, "")]) < width_:
                upper.append((question.help, "dim"))
        else:
            told = question.help if question.explain is None else question.explain(self.edit.text)
            upper.append((told, "dim"))
        label = question.label
        if question.confirm:
            lower: Line = [
                (f" {label} ", "warn"),
                ("y", "hint-key"),
                (" yes  ", "dim"),
                ("n", "hint-key"),
                (" no", "dim"),
            ]
        else:
            label = f" {label} " if len(label) > 1 else label
            head: Line = [(label, "key")]
            edit = self.edit.masked() if question.secret else self.edit
            lower = [*head, *edit.view(width_ - width(head) - 1, focused=True)]
        return [(fit(upper, width_), ""), (fit(lower, width_), "")]

    def _candidate_line(self, cells: int) -> Line:
        line: Line = []
        start = max(0, self.choice - 3)
        head = _common_words(self.candidates)
        for at, text in enumerate((text[head:] for text in self.candidates[start:]), start):
            if width(line) + len(text) + 2 > cells - 2:
                break
            line += [(text, "tab-on" if at == self.choice else "accent"), ("  ", "text")]
        return line


def _common_words(candidates: list[str]) -> int:
    """Characters of the whole words with which all of them begin: these are typed already."""
    low, high = min(candidates), max(candidates)
    prefix = low[: next((at for at, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), len(low))]
    if len(candidates) == 1:
        prefix = prefix.rstrip()
    return prefix.rfind(" ") + 1
