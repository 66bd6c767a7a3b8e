"""Jobs by MusicBrainz id: releases, discographies, label crates."""
