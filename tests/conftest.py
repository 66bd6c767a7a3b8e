"""For all tests: no engine, here or in a process of its own, looks for others on the network or asks MusicBrainz."""

from __future__ import annotations

import os

os.environ["SLSKMESH__DHT__LAN"] = "false"
os.environ["SLSKMESH__MUSICBRAINZ__HOST"] = ""
