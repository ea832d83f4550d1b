"""The open suspicions of a node, and their deadlines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..runtime import Runtime
from .silences import Silences
from .suspicion import Suspicion
from .table import Member, MemberTable

_LATELY = 2.0
"""Probe intervals for which a vain try of a relay counts, once the prober raises a suspicion."""


class Suspicions:
    """Opens, shortens, extends and closes suspicions, and calls `expired` for each that ends."""

    def __init__(
        self, runtime: Runtime, table: MemberTable, expired: Callable[[Member, int, int], None]
    ) -> None:
        self._runtime = runtime
        self._config = config = runtime.config
        self._table = table
        self._expired = expired
        self._open: dict[str, Suspicion] = {}
        self._silences = Silences(
            config.suspicion_max_mult * config.suspicion_mult * config.probe_interval
        )

    def open(self, row: Member, accuser: str) -> bool:
        """Opens a suspicion of a member in place of any other.

        Returns whether this node has lately tried the member in vain for another one.
        """
        now = self._runtime.now
        if row.id not in self._open:
            row.doubt(now)
        self._open[row.id] = Suspicion(accuser, now, self._silences.longest(row.id, now))
        self._arm(row)
        return now - row.in_vain <= _LATELY * self._config.probe_interval

    def close(self, row: Member) -> None:
        """Closes the suspicion of a member, if there is one, since it is alive, dead or left."""
        suspicion = self._open.pop(row.id, None)
        if suspicion is not None:
            self._runtime.timers.cancel(("suspicion", row.id))

    def recovered(self, row: Member) -> None:
        """Notes that a member which was suspect or dead is alive after all."""
        now = self._runtime.now
        self._silences.came_back(row.id, now - row.doubted, now)

    def confirm(self, row: Member, accuser: str) -> bool:
        """Shortens an open suspicion, if this is one more accuser. Returns whether it is."""
        suspicion = self._open.get(row.id)
        needed = min(self._config.suspicion_confirmations, self._table.size() - 2)
        if suspicion is None or not suspicion.confirm(accuser, needed):
            return False
        self._arm(row)
        return True

    def warned(self, row: Member, *, refused: bool) -> bool:
        """Returns whether a suspect has had the time to refute; see `Suspicion.warned`."""
        members, now = self._table.size(), self._runtime.now
        return self._open[row.id].warned(self._config, members, now, refused=refused)

    def convict(self, row: Member) -> None:
        """Notes that another node has declared a suspect dead."""
        self._open[row.id].convict()
        self._arm(row)

    def paused(self, seconds: float) -> None:
        """Extends open suspicions: a member could not refute while this process stood still.

        What befell this process may befall others of the cluster.
        """
        self._silences.came_back("", seconds, self._runtime.now)
        for suspicion in self._open.values():
            suspicion.extend(seconds)

    def _arm(self, row: Member) -> None:
        """Sets the deadline of the verdict, counted from the start of the suspicion.

        Pauses of this process have moved that start, so they do not shorten the time in which the
        member can refute.
        """
        deadline = self._open[row.id].deadline(self._config, self._table.size())
        verdict = partial(self._expired, row, row.generation, row.incarnation)
        self._runtime.timers.set(("suspicion", row.id), deadline, verdict)
