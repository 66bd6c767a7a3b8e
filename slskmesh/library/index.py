"""Full-text search over names, folders and tags.

Query rules, for people:
- every word must be there, in any field, in any order; case and accents do not count
- "two words" must stand side by side; -word and -"two words" must not be there; wor* is a beginning
- other signs part words, as they do in the names: AC/DC finds ac and dc side by side; *.flac finds flac
No text is an error: what is left when nothing can be searched for is an empty answer.

`compile_query` is pure; `search` runs on the database thread.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from slskmesh.library import rows
from slskmesh.library.domain import SharedFile
from slskmesh.text import sanitize
from slskmesh.wire import limits

TERMS_MAX: Final = 32
RANKED_MAX: Final = 5_000  # rows ranked for one query; a word in every name must not cost seconds
_TERM = re.compile(r'(-?)(?:"([^"]*)"?|([^\s"]+))')
# Weights of name, folder, artist, album, title.
_SEARCH = f"""
    SELECT {rows.SHARED_COLUMNS} FROM (
        SELECT rowid AS hit, bm25(shared_text, 1.0, 0.5, 2.0, 1.0, 2.0) AS score
        FROM shared_text WHERE shared_text MATCH ? LIMIT {RANKED_MAX}
    ) JOIN {rows.SHARED_TABLES} WHERE file.id = hit AND {rows.SHARED_WHERE}
    ORDER BY score, file.folder, file.name, file.id
"""


def compile_query(text: str) -> str:
    """The FTS5 expression of what a person typed, "" where it asks for nothing."""
    wanted: list[str] = []
    unwanted: list[str] = []
    for minus, phrase, word in _TERM.findall(sanitize(text, limits.QUERY_MAX))[:TERMS_MAX]:
        term = phrase or word
        if _has_token(term):
            beginning = "*" if not phrase and term.endswith("*") and _has_token(term[-2:-1]) else ""
            (unwanted if minus else wanted).append('"' + term.replace('"', " ").strip("*") + '"' + beginning)
    if not wanted:
        return ""
    return " AND ".join(wanted) + "".join(f" NOT {term}" for term in unwanted)


def _has_token(text: str) -> bool:
    """Whether the index's tokenizer finds anything in `text`."""
    return any(unicodedata.category(char)[0] in "LN" for char in text)


def search(text: str, limit: int) -> list[SharedFile]:
    """The best `limit` offered files for what was typed; of equal contents the best ranked one."""
    query = compile_query(text)
    if not query or limit <= 0:
        return []
    found: dict[bytes, SharedFile] = {}
    for row in rows.connection().execute(_SEARCH, (query,)):
        if row[0] not in found:
            found[row[0]] = rows.shared_of(row)
            if len(found) >= limit:
                break
    return list(found.values())
