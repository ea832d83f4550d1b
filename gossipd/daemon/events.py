"""Log lines of the node's events: one structured line each, with stable names for programs."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from gossipd.protocol import (
    ClusterFound,
    ContentDiffers,
    Event,
    ForeignDatagram,
    IdChanged,
    IdConflict,
    LeaveDone,
    MemberDead,
    MemberJoined,
    MemberLeft,
    MemberRecovered,
    MemberSuspect,
    OwnerRenewed,
    OwnerRetired,
    Paused,
    Refuted,
    RegisteredPeerSilent,
)

_NAMES: dict[type, tuple[str, str]] = {
    ClusterFound: ("cluster_found", "info"),
    IdChanged: ("id_changed", "warning"),
    MemberJoined: ("member_joined", "info"),
    MemberSuspect: ("member_suspect", "warning"),
    MemberRecovered: ("member_recovered", "info"),
    MemberDead: ("member_dead", "warning"),
    MemberLeft: ("member_left", "info"),
    Refuted: ("refuted", "warning"),
    RegisteredPeerSilent: ("registered_peer_silent", "warning"),
    IdConflict: ("id_conflict", "error"),
    ForeignDatagram: ("foreign_datagram", "warning"),
    OwnerRetired: ("owner_retired", "error"),
    OwnerRenewed: ("owner_renewed", "warning"),
    ContentDiffers: ("content_differs", "error"),
    Paused: ("paused", "warning"),
    LeaveDone: ("left", "info"),
}


def event_name(event: Event) -> str:
    """The name of an event in the log: `member_dead` for MemberDead."""
    return _NAMES[type(event)][0]


class EventLog:
    """Writes a line per event, and hands the event on."""

    def __init__(self, forward: Callable[[Event], None]) -> None:
        self._log = structlog.get_logger()
        self._forward = forward

    def __call__(self, event: Event) -> None:
        name, level = _NAMES[type(event)]
        fields = {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in attrs.asdict(event).items()
            if value is not None
        }
        getattr(self._log, level)(name, **fields)
        self._forward(event)
