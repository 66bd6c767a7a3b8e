"""A small Soulseek network of strangers: a server, and users with another client than ours."""
