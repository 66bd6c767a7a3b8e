"""MusicBrainz: what recordings, releases, artists and labels there are."""
