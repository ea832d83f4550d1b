"""The log line of each of the node's events.

Programs read these lines: the name of an event and the names of its fields do not change.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import attrs

from gossipd.protocol import (
    AddressSilent,
    ClockDiffers,
    ClusterFound,
    ClustersMerged,
    ContentDiffers,
    Event,
    ForeignDatagram,
    IdChanged,
    IdConflict,
    LeaveDone,
    MemberDead,
    MemberForgotten,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
    MemberTags,
    MuchBrought,
    OtherCluster,
    OwnAddressSilent,
    OwnerRenewed,
    OwnerRetired,
    Paused,
    Refuted,
    RegisteredPeerSilent,
    SeedNotJoined,
    SettingsDiffer,
)

from .log import get_logger

_NAMES: dict[type, tuple[str, str]] = {
    ClockDiffers: ("clock_differs", "warning"),
    ClusterFound: ("cluster_found", "info"),
    IdChanged: ("id_changed", "warning"),
    MemberJoined: ("member_joined", "info"),
    MemberSuspect: ("member_suspect", "warning"),
    MemberRecovered: ("member_recovered", "info"),
    MemberDead: ("member_dead", "warning"),
    MemberLeft: ("member_left", "info"),
    MemberForgotten: ("member_forgotten", "info"),
    MemberTags: ("member_tags", "info"),
    SettingsDiffer: ("settings_differ", "warning"),
    Refuted: ("refuted", "warning"),
    RegisteredPeerSilent: ("registered_peer_silent", "warning"),
    SeedNotJoined: ("seed_not_joined", "warning"),
    IdConflict: ("id_conflict", "error"),
    ForeignDatagram: ("foreign_datagram", "warning"),
    OtherCluster: ("other_cluster", "warning"),
    ClustersMerged: ("clusters_merged", "warning"),
    AddressSilent: ("address_silent", "warning"),
    OwnAddressSilent: ("own_address_silent", "warning"),
    MuchBrought: ("much_brought", "warning"),
    OwnerRetired: ("owner_retired", "error"),
    OwnerRenewed: ("owner_renewed", "warning"),
    ContentDiffers: ("content_differs", "error"),
    Paused: ("paused", "warning"),
    LeaveDone: ("left", "info"),
}


_ADVICE: dict[type, str] = {
    IdConflict: "two processes use one id: stop one, or give each an address of its own"
    " with --advertise",
    SettingsDiffer: "start all nodes with the same --profile and --forget-after",
}
"""What a person can do about it, as the field `advice`."""


def name_of(event: Event) -> str:
    """Returns the name under which an event is known outside."""
    return _NAMES[type(event)][0]


def fields_of(event: Event) -> dict[str, Any]:
    """Returns the fields of an event that have a value, as they are shown outside."""
    return dict(
        _written(key, value) for key, value in attrs.asdict(event).items() if value is not None
    )


def log_event(event: Event, **more: int) -> None:
    """Writes one structured line about `event`. Fields without a value are left out.

    A field of milliseconds since 1970, whose name ends in `_ms`, is written as a time in UTC,
    without that ending. `more` are further fields.
    """
    name, level = _NAMES[type(event)]
    fields = fields_of(event)
    if type(event) in _ADVICE:
        fields["advice"] = _ADVICE[type(event)]
    getattr(get_logger(), level)(name, **fields, **more)


def _written(key: str, value: Any) -> tuple[str, Any]:
    if key.endswith("_ms"):
        return key.removesuffix("_ms"), _in_words(value)
    return key, round(value, 3) if isinstance(value, float) else value


def _in_words(wall_ms: int) -> str:
    """Returns a time in UTC, as in `2026-01-31T12:00:00Z`; the clock may show any year."""
    try:
        moment = datetime.fromtimestamp(wall_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return "after the year 9999"
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
