"""Finding what to fetch: search over connected neighbours."""
