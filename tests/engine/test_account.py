"""The account of a home: name and password change together."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import trio
import trio.testing

from slskmesh.engine.account import PASSWORD, Account
from slskmesh.errors import UserError
from slskmesh.setting_sections import SoulseekSettings


def an_engine(home: Path, **settings: Any) -> Any:
    return SimpleNamespace(
        home=SimpleNamespace(root=home),
        settings=SimpleNamespace(soulseek=SoulseekSettings(**settings)),
        downloads_root=lambda: home / "downloads",
    )


async def test_while_a_password_is_read_the_line_is_as_it_was(tmp_path: Path) -> None:
    """A line in between, with no password or another name's, would end the session or be refused."""
    (tmp_path / PASSWORD).write_text("secret\n")
    engine = an_engine(tmp_path, username="me")
    account = Account(engine)
    assert account.line() is None
    await account.look()
    before = account.line()
    assert before is not None and (before.username, before.password) == ("me", "secret")

    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # whoever reads it waits for who writes
    engine.settings.soulseek = SoulseekSettings(username="you", password_file=str(pipe))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(account.look)
        await trio.testing.wait_all_tasks_blocked()
        assert account.line() == before
        await trio.to_thread.run_sync(pipe.write_text, "other\n")
    after = account.line()
    assert after is not None and (after.username, after.password) == ("you", "other")


async def test_a_name_without_a_password_and_no_name(tmp_path: Path) -> None:
    engine = an_engine(tmp_path, username="me")
    account = Account(engine)
    await account.look()
    with pytest.raises(UserError, match="there is no password"):
        account.line()
    engine.settings.soulseek = SoulseekSettings()
    await account.look()
    assert account.line() is None
