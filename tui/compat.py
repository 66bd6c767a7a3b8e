"""The private names of Textual's App that are needed, each with its reason and a test.

- `_handle_exception`: the stock one prints a traceback with all local variables, which can hold keys and names.
  Here the error goes to the log without locals and one plain line goes to the terminal.
"""

from __future__ import annotations

import logging

from rich.text import Text
from textual.app import App

from slskmesh.text import sanitize

log = logging.getLogger("slskmesh.terminal")


class SafeApp(App[int], inherit_bindings=False):
    """An App that says little when it fails."""

    def _handle_exception(self, error: Exception) -> None:
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        log.error("the terminal app failed", exc_info=error)
        text = sanitize(str(error), 300)
        self._exit_renderables.append(Text(f"slskmesh: internal error: {type(error).__name__}: {text}"))
        self._close_messages_no_wait()
