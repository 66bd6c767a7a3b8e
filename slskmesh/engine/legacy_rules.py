"""What the settings say of the Soulseek plane, as its rooms take it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from slskmesh.acquire.lagging import Rules
from slskmesh.schedule import Limits, Schedule
from slskmesh.setting_sections import RescueSettings, SoulseekSettings
from slskmesh.soulseek.groups import BUDDIES, DEFAULT, LEECHERS, Group, UploadRules
from slskmesh.soulseek.hooks import HOOKS_MAX, Hook, parse_hook

_MIB = 1 << 20


def upload_rules(settings: SoulseekSettings) -> UploadRules:
    """Slots and queues by group. UserError: they cannot be kept to."""
    groups, files, size = settings.groups, settings.groups.queue_files, settings.groups.queue_mb * _MIB
    return UploadRules(
        slots=settings.slots,
        groups={
            BUDDIES: Group(groups.buddies, 0),
            DEFAULT: Group(groups.default, 1, files, size),
            LEECHERS: Group(groups.leechers, 2, files, size),
        },
    ).checked()


def limits_at(settings: SoulseekSettings, when: datetime) -> Limits:
    """Limits of all legacy transfers together at a local time."""
    base = Limits(settings.max_upload_rate, settings.max_download_rate, None)
    return Schedule.parse(settings.schedule).at(when, base)


def hooks_of(lines: Sequence[str]) -> list[Hook]:
    """Commands and webhooks after downloads. UserError tells which line is none."""
    return [parse_hook(line) for line in lines[:HOOKS_MAX]]


def rescue_rules(settings: RescueSettings, *, mesh: bool) -> Rules:
    """When peers finish a transfer; never where the mesh is not used."""
    return Rules(
        enabled=settings.enabled and mesh,
        rate=settings.rate,
        over=float(settings.over),
        silent=float(settings.silent),
        queued=float(settings.queued),
        at_once=settings.at_once,
    )
