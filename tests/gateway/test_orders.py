"""What programs order is read and made safe: paths that lead elsewhere, folders, ids, and how many work at once."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slskmesh.engine.legacy_views import ModeView
from slskmesh.engine.order_commands import OrdersView, OrderView, Wanted
from slskmesh.engine.views import HitView
from slskmesh.engine.visitor import Visitor
from slskmesh.gateway import orders
from slskmesh.gateway.answers import GatewayError
from slskmesh.gateway.slskd_transfers import WantedFile, files_of
from slskmesh.gateway.transfer_list import DownloadRows
from slskmesh.gateway.transfers import File, Transfers, waits, wanted_of
from slskmesh.paths import safe_join
from slskmesh.text import SafeStr, safe_name

CONTENT = "c" * 64
PATH = "m\\Album\\1.flac"


@pytest.mark.parametrize(
    "path",
    [
        *(
            "..\\a.flac",
            "m\\..\\a.flac",
            "m/../a.flac",
            "m\\.\\a.flac",
            "m\\ .. \\a",
            "..",
            ".",
            "",
            "m\\",
            " ",
        ),
        *("m\\a\x00.flac", "m\\a\n.flac", "x" * 5000),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    with pytest.raises(GatewayError) as refused:
        orders.check_path(path)
    assert refused.value.status == 400 and "\x00" not in str(refused.value)


@pytest.mark.parametrize("path", [PATH, "a.flac", "@@x\\a..b\\...c.flac", "C:\\m\\a.flac", "m\\\\a.flac"])
def test_a_path_is_taken_as_it_came(path: str) -> None:
    assert orders.check_path(path) == path


def test_a_file_goes_into_the_last_folder_of_its_path() -> None:
    assert [
        orders.folder_of(one) for one in (PATH, "m/x/Album/1.flac", "1.flac", "m\\Album\\CD1\\1.flac")
    ] == [*("Album", "Album", "", "CD1")]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "..",
            "../x",
            "a/../b",
            "/etc",
            "\\etc",
            "C:\\x",
            "c:x",
            "",
            " ",
            "a//b",
            "a/./b",
            "~/x",
            "a\x00b",
            ".",
        ),
        *("a/ ../b", "x" * 401, "/".join("abcdefghijklmn")),
    ],
)
def test_a_destination_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(GatewayError) as refused:
        orders.destination_of(text)
    assert refused.value.status == 400


def test_a_destination_is_a_folder_below_the_downloads() -> None:
    assert orders.destination_of("lidarr/12/Album") == orders.destination_of("lidarr\\12\\Album/")
    assert orders.destination_of("Album") == "Album"


@given(st.text(max_size=40))
def test_whatever_is_taken_as_a_destination_stays_below(text: str) -> None:
    try:
        folder = orders.destination_of(text)
    except GatewayError:
        return
    root = Path("/downloads")
    path = safe_join(root, *(safe_name(part) for part in folder.split("/")))
    assert PurePosixPath(path).is_relative_to(root) and path != root and ".." not in path.parts


def test_only_files_that_make_sense_are_ordered() -> None:
    one = WantedFile(filename=PATH, size=3)
    assert files_of([one]) == [File(PATH, 3)]
    for wrong in (
        [],
        [one] * 5001,
        [WantedFile(filename="..\\x", size=3)],
        [WantedFile(filename="x", size=-1)],
    ):
        with pytest.raises(GatewayError) as refused:
            files_of(wrong)
        assert refused.value.status == 400


def test_an_id_is_read_in_any_common_form() -> None:
    plain = "12345678-1234-1234-1234-1234567890ab"
    assert orders.guid_of(plain.upper(), "id") == orders.guid_of("{" + plain + "}", "id") == plain
    with pytest.raises(GatewayError):
        orders.guid_of("7", "id")


class Remembered:
    """One hit."""

    def __init__(self, hit: HitView | None) -> None:
        self.hit = hit

    def find(self, username: str, filename: str) -> tuple[int, HitView] | None:
        return (9, self.hit) if self.hit is not None else None


def hit(via: str) -> HitView:
    content = CONTENT if via == "mesh" else ""
    names = SafeStr("1.flac"), SafeStr("m/Album")
    return HitView(4, content, 30, *names, "sm1abcdefgh", "k:1", SafeStr("x"), True, via=via)


def test_what_is_asked_of_whom() -> None:
    rows, file = DownloadRows(), File(PATH, 30)
    order = OrderView(CONTENT, SafeStr("mesh:sm1abcde"), SafeStr(PATH), 30, "", 1.0)
    list(rows.look((), (), OrdersView((order,)), "", 1.0))
    nothing = Remembered(None)
    assert wanted_of(Remembered(hit("soulseek")), rows, "ann", file, "") == Wanted(
        PATH, 30, "Album", query=9, hit=4
    )
    assert wanted_of(Remembered(hit("mesh")), rows, "mesh:sm1abcde", file, "x/y") == Wanted(
        PATH, 30, "x/y", content=CONTENT
    )
    assert wanted_of(nothing, rows, "ann", file, "") == Wanted(PATH, 30, "Album")
    other = File(PATH, 31)  # another size than the search showed: as it is named
    assert wanted_of(Remembered(hit("soulseek")), rows, "ann", other, "") == Wanted(PATH, 31, "Album")
    assert wanted_of(nothing, rows, "mesh:sm1abcde", file, "") == Wanted(PATH, 30, "Album", content=CONTENT)
    assert "search again" in str(wanted_of(nothing, rows, "mesh:sm1zzzzz", file, ""))


def test_two_orders_are_worked_on_at_once() -> None:
    transfers = Transfers(cast(Visitor, None))
    with transfers.turn():
        with transfers.turn(), pytest.raises(GatewayError) as refused, transfers.turn():
            pass
        assert (refused.value.status, refused.value.retry) == (429, 1.0)
        with transfers.turn():
            pass


def test_why_users_are_not_asked() -> None:
    words = {"reason": SafeStr("r"), "what": SafeStr("no session"), "transfers": SafeStr("peers only")}
    view = ModeView("hybrid", "healthy", 1.0, phase="online", legacy_sources=True, **words)  # type: ignore[arg-type]
    assert waits(None) == waits(view) == ""
    away = ModeView("disaster", "unavailable", 1.0, phase="waiting", **words)  # type: ignore[arg-type]
    assert waits(away) == "no session; peers only"
