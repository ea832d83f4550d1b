"""The open suspicions of a node, and their deadlines."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from ..runtime import Runtime
from .own_looks import OwnLooks
from .silences import Silences
from .suspicion import Suspicion
from .table import Member, MemberTable

_LATELY = 2.0
"""Probe intervals for which a vain try of a relay counts, once the prober raises a suspicion."""

_AGAIN = 1.0
"""Seconds until the next look at a suspect that was reached, or that there was no look left for.

The node whose probe failed looks as often, so that a suspect hears of it on a network that loses
much.
"""


_SILENT = 3.0
"""Probe intervals after which a node that heard nobody takes itself for the one that is cut off.

Somebody probes it in each.
"""

_DEAF = 60.0
"""Probe intervals for which such a node declares no member dead."""

_FEW = 4
"""Nodes of a cluster so small that all others may well have ended at once."""


class Suspicions:
    """Opens, shortens, extends and closes suspicions, and calls `expired` for each that ends.

    One that others raised ends in a verdict only once this node has probed the member in vain. All
    begin anew when this node hears others again that it did not hear for a while.
    """

    def __init__(
        self,
        runtime: Runtime,
        table: MemberTable,
        looks: OwnLooks,
        expired: Callable[[Member, int, int], None],
    ) -> None:
        self._runtime = runtime
        self._config = config = runtime.config
        self._table = table
        self._looks = looks
        self._expired = expired
        self._open: dict[str, Suspicion] = {}
        self._silences = Silences(
            config.suspicion_max_mult * config.suspicion_mult * config.probe_interval
        )
        self._heard = runtime.now

    def hear(self) -> None:
        """Notes that a member was heard. After a long silence all suspicions begin anew."""
        deaf, self._heard = self._is_deaf(), self._runtime.now
        for member in self._open if deaf else ():
            self._begin_anew(self._table.rows[member])

    def open(self, row: Member, accuser: str, *, failed: bool = False) -> bool:
        """Opens a suspicion of a member in place of any other; `failed` if a probe here failed.

        Returns whether this node has lately tried the member in vain for another one.
        """
        now = self._runtime.now
        if row.id not in self._open:
            row.doubt(now)
        self._open[row.id] = Suspicion(accuser, now, self._silences.longest(row.id, now))
        self._arm(row)
        relayed = now - row.in_vain <= _LATELY * self._config.probe_interval
        if relayed or failed or not self._config.own_looks:
            self.failed(row)
        else:
            self._looks.begin(row, self._looked)
        if failed and self._config.own_looks:
            self._look_later(row)
        return relayed

    def close(self, row: Member) -> None:
        """Closes the suspicion of a member, if there is one, since it is alive, dead or left."""
        suspicion = self._open.pop(row.id, None)
        if suspicion is not None:
            for timer in ("suspicion", "suspect"):
                self._runtime.timers.cancel((timer, row.id))
            self._looks.end(row)

    def failed(self, row: Member) -> None:
        """Notes that this node has probed a suspect in vain."""
        self._open[row.id].fail()
        self._looks.end(row)

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

    def is_failed(self, row: Member) -> bool:
        """Returns whether this node has probed a suspect in vain."""
        return self._open[row.id].failed

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
        verdict = partial(self._end, row, row.generation, row.incarnation)
        self._runtime.timers.set(("suspicion", row.id), deadline, verdict)

    def _end(self, row: Member, generation: int, incarnation: int) -> None:
        """Ends a suspicion by a verdict; or looks at the member first, if that was not in vain."""
        if self._is_deaf() and self._begin_anew(row):
            return
        if self._open[row.id].failed:
            self._expired(row, generation, incarnation)
            return
        self._looks.begin(row, self._looked)
        again = partial(self._end, row, generation, incarnation)
        self._runtime.after(("suspicion", row.id), _AGAIN, again)

    def _is_deaf(self) -> bool:
        """Returns whether this node hears nobody, so that it is to blame rather than a suspect."""
        silent = self._runtime.now - self._heard
        few = self._table.size() <= _FEW or not self._config.blames_itself
        return not few and silent > _SILENT * self._config.probe_interval

    def _begin_anew(self, row: Member) -> bool:
        """Gives a suspect its time once more, unless it has had that for too long already."""
        now = self._runtime.now
        if now >= row.doubted + _DEAF * self._config.probe_interval:
            return False
        self._open[row.id].begin_anew(now)
        self._arm(row)
        return True

    def _look_later(self, row: Member) -> None:
        """Sets the next look at a suspect, which tells it that it is one."""
        self._runtime.after(("suspect", row.id), _AGAIN, partial(self._look_again, row))

    def _look_again(self, row: Member) -> None:
        self._looks.begin(row, self._looked)
        self._look_later(row)

    def _looked(self, row: Member, reached: bool) -> None:
        """Takes what came of a look; a verdict that waited for it comes now."""
        if not reached and row.id in self._open:
            self.failed(row)
            self._arm(row)
