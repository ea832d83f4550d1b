"""How long a suspicion lasts (Lifeguard, section IV.B): the shorter, the more confirm it."""

from __future__ import annotations

import math

from ..config import ProtocolConfig


def suspicion_timeout(config: ProtocolConfig, members: int, confirmations: int) -> float:
    """Seconds from the start of a suspicion to the verdict, in a cluster of `members` nodes.

    The minimum is alpha * max(1, log10(n)) * interval; without confirmations it lasts beta times as
    long and falls logarithmically to the minimum with K of them. K is limited to the n - 2 members
    that can confirm.
    """
    minimum = config.suspicion_mult * max(1.0, math.log10(max(1, members))) * config.probe_interval
    needed = min(config.suspicion_confirmations, members - 2)
    if not config.dynamic_suspicion or needed < 1:
        return minimum
    maximum = config.suspicion_max_mult * minimum
    share = math.log(confirmations + 1) / math.log(needed + 1)
    return max(minimum, maximum - (maximum - minimum) * share)


class Suspicion:
    """One open suspicion: who accuses, and since when."""

    __slots__ = ("accusers", "started")

    def __init__(self, accuser: str, now: float) -> None:
        self.accusers = [accuser]
        self.started = now

    @property
    def confirmations(self) -> int:
        """Accusers beyond the first."""
        return len(self.accusers) - 1

    def extend(self, seconds: float) -> None:
        """Moves the start, so that `seconds` of this process's own pause count as no time."""
        self.started += seconds

    def confirm(self, accuser: str, limit: int) -> bool:
        """Whether `accuser` is a new one that still shortens the suspicion, `limit` being K."""
        if not accuser or accuser in self.accusers or self.confirmations >= limit:
            return False
        self.accusers.append(accuser)
        return True
