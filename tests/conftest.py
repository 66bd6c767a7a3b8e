"""For all tests: no engine, here or in a process of its own, looks for others on the network or asks MusicBrainz.

How long an example takes to make or to run is the machine's affair, not a property of what is tested. Examples are new
ones with each run, which is how developers find what nobody thought of; where the environment says CI they are always
the same, so that a change is judged by itself and not by luck.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

os.environ["SLSKMESH__DHT__LAN"] = "false"
os.environ["SLSKMESH__MUSICBRAINZ__HOST"] = ""

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("the same each time", settings.get_profile("any machine"), derandomize=True)
settings.load_profile("the same each time" if os.environ.get("CI") else "any machine")
