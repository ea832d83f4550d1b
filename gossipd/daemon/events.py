"""Log lines of the node's events: one structured line each, with stable names for programs."""

from __future__ import annotations

from collections.abc import Callable

import attrs
import structlog

from gossipd.protocol import events

_NAMES: dict[type, tuple[str, str]] = {
    events.MemberJoined: ("member_joined", "info"),
    events.MemberSuspect: ("member_suspect", "warning"),
    events.MemberRecovered: ("member_recovered", "info"),
    events.MemberDead: ("member_dead", "warning"),
    events.MemberLeft: ("member_left", "info"),
    events.Refuted: ("refuted", "warning"),
    events.RegisteredPeerSilent: ("registered_peer_silent", "warning"),
    events.IdConflict: ("id_conflict", "error"),
    events.ForeignDatagram: ("foreign_datagram", "warning"),
    events.ReplicaRetired: ("replica_retired", "error"),
    events.Paused: ("paused", "warning"),
    events.LeaveDone: ("left", "info"),
}


def event_name(event: events.Event) -> str:
    """The name of an event in the log: `member_dead` for MemberDead."""
    return _NAMES[type(event)][0]


class EventLog:
    """Writes a line per event, and hands the event on."""

    def __init__(self, forward: Callable[[events.Event], None]) -> None:
        self._log = structlog.get_logger()
        self._forward = forward

    def __call__(self, event: events.Event) -> None:
        name, level = _NAMES[type(event)]
        fields = {
            key: round(value, 3) if isinstance(value, float) else value
            for key, value in attrs.asdict(event).items()
            if value is not None
        }
        getattr(self._log, level)(name, **fields)
        self._forward(event)

