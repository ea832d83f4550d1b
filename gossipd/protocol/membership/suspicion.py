"""Suspicions. The more members confirm one, the shorter it lasts (Lifeguard IV.B)."""

from __future__ import annotations

import math

from ..config import ProtocolConfig

_TOLD_AT_ONCE = 64
"""Members that are told of a refutation within a round or two."""

_WARNED = 0.5
"""The share of the shortest suspicion after which another node's verdict is believed."""

_WARNED_REFUSED = 0.25
"""The seconds of a suspicion after which a verdict is believed that rests on refused pings.

The node that reaches it tells all of its suspicion half a second before the verdict.
"""


def shortest_suspicion(config: ProtocolConfig, members: int, seen: float = 0.0) -> float:
    """Returns the seconds that a suspicion lasts at least, among n = `members` nodes.

    This is alpha intervals, and what a refutation takes to spread beyond the members that are told
    at once; or `seen`, the longest silence of a member that was alive after all, if that is more.
    Where silences are not learned from it is Lifeguard's alpha * max(1, log10(n)) intervals.
    """
    least = config.suspicion_mult * config.probe_interval
    if not config.learned_silences:
        return least * max(1.0, math.log10(max(1, members)))
    rounds = math.log(max(1.0, members / _TOLD_AT_ONCE), config.fanout + 1)
    return max(least + rounds * config.gossip_interval, seen)


def suspicion_timeout(
    config: ProtocolConfig, members: int, confirmations: int, seen: float = 0.0
) -> float:
    """Returns the seconds from the start of a suspicion to the verdict, with n = `members` nodes.

    A suspicion without confirmations lasts beta times as long as the shortest one. Confirmations
    shorten it logarithmically, K of them to the shortest. K is limited to the n - 2 members that
    can confirm.
    """
    minimum = shortest_suspicion(config, members, seen)
    needed = min(config.suspicion_confirmations, members - 2)
    if not config.dynamic_suspicion or needed < 1:
        return minimum
    maximum = max(minimum, config.suspicion_max_mult * shortest_suspicion(config, members))
    share = math.log(confirmations + 1) / math.log(needed + 1)
    return max(minimum, maximum - (maximum - minimum) * share)


class Suspicion:
    """An open suspicion.

    Attributes:
        accusers: the ids of the members that hold it, the first one first.
        convicted: whether another node has declared the member dead.
        failed: whether this node itself has probed the member in vain.
        seen: the longest silence of the member, or of this process, from which it came back.
        started: the time at which it was opened, later by the pauses of this process since.
    """

    __slots__ = ("accusers", "convicted", "failed", "seen", "started")

    def __init__(self, accuser: str, now: float, seen: float = 0.0) -> None:
        self.accusers = [accuser]
        self.seen = seen
        self.convicted = False
        self.failed = False
        self.started = now

    @property
    def confirmations(self) -> int:
        """Returns how many members accuse besides the first."""
        return len(self.accusers) - 1

    def deadline(self, config: ProtocolConfig, members: int) -> float:
        """Returns the time of the verdict, with n = `members` nodes."""
        if self.convicted:
            return self.started + shortest_suspicion(config, members, self.seen)
        return self.started + suspicion_timeout(config, members, self.confirmations, self.seen)

    def warned(
        self, config: ProtocolConfig, members: int, now: float, *, refused: bool = False
    ) -> bool:
        """Returns whether the member has had the time to refute, with n = `members` nodes.

        `refused` says whether the verdict rests on refused pings.
        """
        if not config.warned_verdicts:
            return True
        if refused:
            return now >= self.started + _WARNED_REFUSED
        return now >= self.started + _WARNED * shortest_suspicion(config, members, self.seen)

    def convict(self) -> None:
        """Notes that another node has declared the member dead; that is worth all confirmations."""
        self.convicted = True

    def fail(self) -> None:
        """Notes that this node itself has probed the member in vain."""
        self.failed = True

    def begin_anew(self, now: float) -> None:
        """Gives the suspect as much time as at first; who accused it still does."""
        self.started = now

    def extend(self, seconds: float) -> None:
        """Moves the start by a pause of this process, which gave the suspect no time to refute."""
        self.started += seconds

    def confirm(self, accuser: str, limit: int) -> bool:
        """Adds an accuser, if it is a new one and fewer than `limit` (K) have confirmed.

        Returns whether it was added.
        """
        if not accuser or accuser in self.accusers or self.confirmations >= limit:
            return False
        self.accusers.append(accuser)
        return True
