"""The index of network paths, by which searches of the Soulseek network are answered."""

from __future__ import annotations

import peewee

# Row numbers alone: no places within the text, no lengths, no text. Triggers hold it to the table. Marks count as part
# of a word, so that scripts that write vowels with them keep their words whole.
_STATEMENTS = (
    """
    CREATE VIRTUAL TABLE shared_names USING fts5(
        folder, name, content='shared_file', content_rowid='id', detail=none, columnsize=0,
        tokenize="unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"
    )
    """,
    "INSERT INTO shared_names (shared_names) VALUES ('rebuild')",
    """
    CREATE TRIGGER shared_names_insert AFTER INSERT ON shared_file BEGIN
        INSERT INTO shared_names (rowid, folder, name) VALUES (new.id, new.folder, new.name);
    END
    """,
    """
    CREATE TRIGGER shared_names_delete AFTER DELETE ON shared_file BEGIN
        INSERT INTO shared_names (shared_names, rowid, folder, name) VALUES ('delete', old.id, old.folder, old.name);
    END
    """,
    """
    CREATE TRIGGER shared_names_update AFTER UPDATE OF folder, name ON shared_file
    WHEN old.folder <> new.folder OR old.name <> new.name BEGIN
        INSERT INTO shared_names (shared_names, rowid, folder, name) VALUES ('delete', old.id, old.folder, old.name);
        INSERT INTO shared_names (rowid, folder, name) VALUES (new.id, new.folder, new.name);
    END
    """,
)


def up(db: peewee.SqliteDatabase) -> None:
    """Creates the index `shared_names` over `shared_file` and fills it."""
    for statement in _STATEMENTS:
        db.execute_sql(statement)
