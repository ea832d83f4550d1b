"""What the protocol counts, as one snapshot of plain numbers for a metrics page or a checker."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs

from .events import SettingsDiffer
from .part import Part


@attrs.define
class Traffic:
    """Counts datagrams of one kind. The kind of a datagram is that of its first message.

    Attributes:
        datagrams: how many there were.
        bytes: the sum of their sizes, as UDP payload.
    """

    datagrams: int = 0
    bytes: int = 0

    def add(self, size: int) -> None:
        """Counts one datagram of `size` bytes."""
        self.datagrams += 1
        self.bytes += size


SEED_STATES = (
    *("member", "self", "removed", "foreign", "refused", "unreachable", "unresolved", "pending"),
    "silent",
)
"""Every state of a seed."""


@attrs.frozen
class SeedView:
    """A seed and whether it has led to a member.

    Attributes:
        name: the `host:port` as configured, in canonical form.
        state: `member` if it led to a live member; `self` if it is this node; `removed` if its
            member was removed here; `foreign` if another cluster or wire version is there;
            `refused` if this node is no member there, since its address does not answer;
            `unreachable` if it answers, but not at the address that it advertises;
            `unresolved` if the name has no address; `pending` while it is looked up; else `silent`.
        reason: the state in words.
    """

    name: str
    state: str
    reason: str


@attrs.define
class Statistics:
    """What one node counted since its process started, except where a field says "now".

    Attributes:
        members: how many members there are now, by state: alive, suspect, dead, left, joining,
            removed. This node is one of the alive.
        seeds: every configured seed with its state now, in the order of joining.
        waiting: how much is kept for later now, by kind: timers, pings (not acked), claims (to be
            gossiped), answers and writes (of commands), relays (of others' pings and pushes),
            addresses (at which nodes do not answer), forgotten (members whose addresses are still
            tried).
        cluster: the id of this node's cluster now, empty as long as it has none.
        settings: the members that have other settings than this node now.
        local_health: the local health score now, from 0 (healthy) to the configured maximum.
        sent, received: traffic by kind, `ping` or `push` for instance.
        rejected: how many datagrams, messages or values were refused, by reason.
        probes: how many probes ended, by outcome: direct, indirect, failed.
        answers: how many commands were answered, by (ack level, whether its target was met). The
            level is `failed` if the write may not be on disk.
        suspicions: how many suspicions this node raised itself.
        deaths: how many members this node declared dead itself.
        verdicts: those deaths by evidence: silence, refused.
        refusals: how many pings of this node were refused by machines without the process.
        refutations: how many claims about this node it refuted.
        pushes, push_retries: how many pushes were sent, and how many of those were sent again.
        pauses, paused_seconds: how often the process did not run, and for how long in all.
    """

    members: dict[str, int] = attrs.Factory(dict)
    seeds: tuple[SeedView, ...] = ()
    waiting: dict[str, int] = attrs.Factory(dict)
    cluster: str = ""
    settings: tuple[SettingsDiffer, ...] = ()
    local_health: int = 0
    sent: dict[str, Traffic] = attrs.Factory(dict)
    received: dict[str, Traffic] = attrs.Factory(dict)
    rejected: dict[str, int] = attrs.Factory(dict)
    probes: dict[str, int] = attrs.Factory(dict)
    answers: dict[tuple[str, bool], int] = attrs.Factory(dict)
    suspicions: int = 0
    deaths: int = 0
    verdicts: dict[str, int] = attrs.Factory(dict)
    refusals: int = 0
    refutations: int = 0
    pushes: int = 0
    push_retries: int = 0
    pauses: int = 0
    paused_seconds: float = 0.0

    @classmethod
    def gathered(cls, parts: Iterable[Part]) -> Statistics:
        """Returns the counts of all parts as one value; those of the same name are added up."""
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
