"""SQLite on one owned thread: models, migrations, transactions."""
