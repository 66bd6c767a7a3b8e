"""For all tests of the gateway: slskd-api leaves no connection open.

It raises for a refusal before its body was read; requests keeps such a connection for whoever may read on, and nobody
ever closes it. Reading the body first gives it back.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import requests


@pytest.fixture(scope="session", autouse=True)
def _read_refusals() -> Iterator[None]:
    complain = requests.Response.raise_for_status

    def read_first(answer: requests.Response) -> None:
        assert answer.content is not None
        complain(answer)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(requests.Response, "raise_for_status", read_first)
        yield
