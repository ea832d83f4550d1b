"""Suspicions. The more members confirm one, the shorter it lasts (Lifeguard IV.B)."""

from __future__ import annotations

import math

from ..config import ProtocolConfig


def suspicion_timeout(config: ProtocolConfig, members: int, confirmations: int) -> float:
    """Returns the seconds from the start of a suspicion to the verdict, with n = `members` nodes.

    The minimum is alpha * max(1, log10(n)) * interval. A suspicion without confirmations lasts beta
    times as long. Confirmations shorten it logarithmically, K of them to the minimum. K is limited
    to the n - 2 members that can confirm.
    """
    minimum = config.suspicion_mult * max(1.0, math.log10(max(1, members))) * config.probe_interval
    needed = min(config.suspicion_confirmations, members - 2)
    if not config.dynamic_suspicion or needed < 1:
        return minimum
    maximum = config.suspicion_max_mult * minimum
    share = math.log(confirmations + 1) / math.log(needed + 1)
    return max(minimum, maximum - (maximum - minimum) * share)


class Suspicion:
    """An open suspicion.

    Attributes:
        accusers: the ids of the members that hold it, the first one first.
        started: the time at which it was opened, later by the pauses of this process since.
    """

    __slots__ = ("accusers", "started")

    def __init__(self, accuser: str, now: float) -> None:
        self.accusers = [accuser]
        self.started = now

    @property
    def confirmations(self) -> int:
        """Returns how many members accuse besides the first."""
        return len(self.accusers) - 1

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
