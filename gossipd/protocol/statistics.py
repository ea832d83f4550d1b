"""Plain integers that the protocol counts, as one snapshot for a metrics page or a checker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from .part import Part


@attrs.define
class Traffic:
    """Datagrams and their bytes (UDP payload), by the kind of the first message in them."""

    datagrams: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Counts one datagram of `size` bytes."""
        self.datagrams += 1
        self.bytes += size


@attrs.define
class Statistics:
    """Counts since the process started, except where a field says "now".

    Attributes:
        members: members now by state: alive, suspect, dead, left, joining, removed. This node
            is one of the alive.
        waiting: what is kept for later now, by kind: timers, pings (not acked), claims (to be
            gossiped), answers and writes (of commands), relays (of others' pings and pushes).
        local_health: Lifeguard's score now, 0 (healthy) to the configured maximum.
        sent, received: traffic by kind, `ping` or `push` for instance.
        rejected: datagrams, messages or values that were refused, by reason.
        probes: finished probes by outcome: direct, indirect, failed.
        answers: answered writes by (ack level, whether its target was met).
        suspicions: suspicions that this node raised itself.
        deaths: members that this node declared dead itself.
        refutations: claims about this node that it refuted.
        pushes, push_retries: counter pushes sent, and those of them sent again.
        pauses, paused_seconds: times in which the process did not run, and their sum.
    """

    members: dict[str, int] = attrs.Factory(dict)
    waiting: dict[str, int] = attrs.Factory(dict)
    local_health: int = 0
    sent: dict[str, Traffic] = attrs.Factory(dict)
    received: dict[str, Traffic] = attrs.Factory(dict)
    rejected: dict[str, int] = attrs.Factory(dict)
    probes: dict[str, int] = attrs.Factory(dict)
    answers: dict[tuple[str, bool], int] = attrs.Factory(dict)
    suspicions: int = 0
    deaths: int = 0
    refutations: int = 0
    pushes: int = 0
    push_retries: int = 0
    pauses: int = 0
    paused_seconds: float = 0.0

    @classmethod
    def gathered(cls, parts: Iterable[Part]) -> Statistics:
        """Returns the shares of all parts as one value."""
        fields: dict[str, Any] = {}
        waiting: dict[str, int] = {}
        for part in parts:
            for name, value in part.counted().items():
                known = fields.get(name)
                if isinstance(known, dict):
                    fields[name] = {**known, **value}
                else:
                    fields[name] = value if known is None else known + value
            for kind, count in part.waiting().items():
                waiting[kind] = waiting.get(kind, 0) + count
        return cls(waiting=waiting, **fields)
