"""The first-run form: what is said, what is asked, and what an answer must look like before the engine sees it.

Rules: nothing listens and nothing is shared until the person finishes this; every default is visible; the engine
checks again (folders on disk, addresses) and its Reply is shown where the form stands; a password is shown as stars.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from slskmesh.engine.commands import FinishSetup
from slskmesh.engine.legacy_commands import SetAccount
from slskmesh.engine.views import SettingsView
from slskmesh.text import sanitize
from tui.viewmodel.account import NAME_MAX, name_wrong
from tui.viewmodel.lineedit import LineEdit
from tui.viewmodel.spans import Line, wrap

SHARED = (
    "Shared: the files in the folders you name here. Connected peers who search see their names, tags, lengths and "
    "sizes, and may download their contents. Leave the folders empty to share nothing."
)
PUBLISHED = (
    "Published: in a table that peers keep, no server: your address, and signed shards of MusicBrainz ids, codecs and "
    "counts of what you hold; never names or paths. Off: mesh.shadow_index.enabled, mesh.enabled."
)
SOULSEEK = (
    "Soulseek: only with an account; server and users then see its name, your address, your searches and the names of "
    "what you share."
)
ASKED = (
    "Asked: musicbrainz.org gets the titles you look up (musicbrainz.host). Until you finish this form nothing "
    "listens, is shared or published."
)


@dataclass(slots=True)
class Question:
    """One field of the form."""

    name: str
    label: str
    hint: str
    edit: LineEdit
    secret: bool = False


@dataclass(slots=True)
class SetupForm:
    """The fields, the one being answered, and the error shown below them."""

    questions: list[Question] = field(default_factory=list)
    at: int = 0
    error: str = ""

    @classmethod
    def of(cls, view: SettingsView | None) -> SetupForm:
        """A form with the engine's suggestions filled in."""
        settings = {s.key: s.value for s in view.settings} if view else {}
        shares = "; ".join(view.suggested_shares) if view else ""
        downloads = view.suggested_downloads if view else ""
        listen = settings.get("overlay.listen", "")
        known = str(sanitize(settings.get("soulseek.username", ""), NAME_MAX))
        return cls(
            [
                Question(
                    "shares",
                    "folders to share",
                    "several with ; between them, may be empty",
                    LineEdit(shares),
                ),
                Question(
                    "downloads", "downloads folder", "is made where it does not exist", LineEdit(downloads)
                ),
                Question(
                    "name", "name others see", "may be empty; your key is shown anyway", LineEdit("", 64)
                ),
                Question(
                    "listen",
                    "listen on",
                    "host:port; 0.0.0.0 is every network, port 0 any free one",
                    LineEdit(listen),
                ),
                Question(
                    "account",
                    "Soulseek name",
                    f"{known} is set; empty leaves it"
                    if known
                    else "may be empty: mesh only; :account sets it later",
                    LineEdit("", NAME_MAX),
                ),
                Question(
                    "password",
                    "its password",
                    "kept in a file of its own that only you can read",
                    LineEdit(""),
                    secret=True,
                ),
            ]
        )

    @property
    def current(self) -> Question:
        """The field the keys go to."""
        return self.questions[self.at]

    def move(self, by: int) -> None:
        """Goes to another field."""
        self.at = (self.at + by) % len(self.questions)

    def value(self, name: str) -> str:
        """The answer in a field; of a password nothing is trimmed."""
        question = next(q for q in self.questions if q.name == name)
        return question.edit.text if question.secret else question.edit.text.strip()

    def finish(self) -> FinishSetup | None:
        """The command, or None with `error` set and the field to mend selected."""
        self.error = ""
        listen = self.value("listen")
        host, colon, port = listen.rpartition(":")
        if not self.value("downloads"):
            return self._wrong("downloads", "a downloads folder is needed: finished files go there")
        if listen and (not colon or not host or not port.isdigit() or int(port) > 65_535):
            return self._wrong("listen", f"{listen!r} is not host:port, for example 0.0.0.0:50300")
        account, password = self.value("account"), self.value("password")
        if password and not account:
            return self._wrong("account", "a name belongs to the password; or leave both empty")
        if account and (wrong := name_wrong(account)) is not None:
            return self._wrong("account", wrong)
        if account and not password:
            return self._wrong("password", f"the password of {account} is needed, or leave the name empty")
        shares = tuple(part.strip() for part in self.value("shares").split(";") if part.strip())
        return FinishSetup(shares, self.value("downloads"), listen, self.value("name"))

    def account(self) -> SetAccount | None:
        """The account to set once the form is finished, if one was named."""
        name = self.value("account")
        return SetAccount(name, self.value("password")) if name else None

    def paste(self, text: str) -> None:
        """Pasted text goes to the field; what cannot be typed is refused for a password, never changed."""
        question = self.current
        if question.secret and not (text := text.strip("\r\n")).isprintable():
            self.error = "what was pasted holds signs that cannot be typed; nothing of it was taken"
            return
        question.edit.insert(text)

    def _wrong(self, name: str, text: str) -> FinishSetup | None:
        self.error = text
        self.at = next(i for i, q in enumerate(self.questions) if q.name == name)
        return None

    def lines(self, cells: int, *, short: bool = False) -> list[Line]:
        """The form in `cells` cells; a short one has no blank lines and only the hint of the current field."""
        room = max(40, cells)
        lines: list[Line] = [] if short else [[("Before anything starts", "title")], []]
        for text in (SHARED, PUBLISHED, SOULSEEK, ASKED):
            head, _, rest = text.partition(":")
            wrapped = wrap(f"{head}:{rest}", room)
            lines.append([(head + ":", "key"), (wrapped[0][len(head) + 1 :], "text")])
            lines += [[(line, "text")] for line in wrapped[1:]]
            if not short:
                lines.append([])
        for index, question in enumerate(self.questions):
            here = index == self.at
            field_cells = min(72, room - 24)
            edit = question.edit.masked() if question.secret else question.edit
            lines.append(
                [
                    ("> " if here else "  ", "key"),
                    (f"{question.label:<18} ", "key" if here else "dim"),
                    *edit.view(field_cells, focused=here, role="field"),
                ]
            )
            if not short or (here and not self.error):
                lines.append([(" " * 21 + question.hint, "faint" if not here else "dim")])
        if not short:
            lines.append([])
        if self.error:
            lines += [[(line, "bad")] for line in wrap(self.error, room)]
        else:
            lines.append([("nothing here is final: every answer is a setting in pane 7", "dim")])
        return lines
