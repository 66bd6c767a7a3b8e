"""Write tokens: bound to host and id, alive 5 to 10 minutes."""

import random

from slskmesh.dht.tokens import Tokens


def test_a_token_counts_only_for_its_host_and_node_and_not_for_long() -> None:
    tokens = Tokens(random.Random(1).randbytes, 0.0)
    token = tokens.issue("20.0.0.1", b"a" * 20, 10)
    assert tokens.accepts(token, "20.0.0.1", b"a" * 20, 290)
    assert not tokens.accepts(token, "20.0.0.2", b"a" * 20, 290)
    assert not tokens.accepts(token, "20.0.0.1", b"b" * 20, 290)
    assert not tokens.accepts(b"", "20.0.0.1", b"a" * 20, 290)
    assert tokens.accepts(token, "20.0.0.1", b"a" * 20, 590)
    assert not tokens.accepts(token, "20.0.0.1", b"a" * 20, 601)
