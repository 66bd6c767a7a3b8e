"""Words by their endings."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from slskmesh.library.names_words import Endings

WORD = st.text(st.sampled_from("abcé日𝄞"), min_size=1, max_size=5)


@given(st.sets(WORD, max_size=40), WORD | st.just(""))
def test_all_words_of_an_ending_and_no_others(words: set[str], ending: str) -> None:
    endings = Endings(words)
    assert len(endings) == len(words)
    found = endings.of(ending, 100)
    assert sorted(found) == sorted(word for word in words if word.endswith(ending))
    assert len(endings.of(ending, 2)) == min(2, len(found))


def test_none_at_all() -> None:
    assert Endings().of("a", 5) == []
