"""A graceful leave: say `left` to several peers until enough of them acknowledge it, and until one
of them has all that this node has counted.

A --claim: A left, ping with gates--> B1..Bk
A <--ack with gates------------------ B

Where the gates differ, B asks for what it lacks, as after any ping.
"""

from __future__ import annotations

from collections.abc import Callable

from ..events import LeaveDone
from ..outbox import Outbox
from ..wire.messages import Ack, Claims, Ping
from .claims import Membership
from .echoes import LEAVE, Pings, Sent
from .table import Member

_TOLD = 8
_ENOUGH = 3
_RETRY = 0.2
_ROUNDING = 1e-6


class Leaving:
    """The last act of a node; `LeaveDone` is notified when it is over.

    Attributes:
        gates: hashes of the member table and of the version vector.
    """

    def __init__(self, outbox: Outbox, membership: Membership, pings: Pings) -> None:
        self._out = outbox
        self._membership = membership
        self._pings = pings
        self._asked: list[Member] = []
        self._acked: list[str] = []
        self._holders: list[str] = []
        self._deadline = 0.0
        self.gates: Callable[[], tuple[int, int]] = _no_gates

    def leave(self) -> None:
        """Begins; a second call changes nothing."""
        if self._membership.leaving:
            return
        self._membership.leave()
        self._deadline = self._out.now + self._out.config.leave_grace
        self._asked = self._out.table.sample(_TOLD)
        self._tell()

    def on_ack(self, ack: Ack, sent: Sent) -> None:
        """One of them knows, and says what it holds."""
        self._pings.forget(ack.number)
        if sent.target not in self._acked:
            self._acked.append(sent.target)
        if ack.counters == self.gates()[1] and sent.target not in self._holders:
            self._holders.append(sent.target)
        if len(self._acked) >= min(_ENOUGH, len(self._asked)) and self._holders:
            self._finish()

    def _tell(self) -> None:
        late = self._out.now >= self._deadline - _ROUNDING
        if late or not self._asked:
            self._finish()
            return
        claim = self._out.table.own.claim()
        for row in self._asked:
            if row.id not in self._holders:
                sent = Sent(LEAVE, row.id, row.address, self._out.now)
                ping = Ping(self._pings.number(sent), row.id, *self.gates())
                # The claim comes first, so that it is in the receiver's gate as well.
                self._out.send(row.address, Claims([claim]), ping)
        again = min(self._out.now + _RETRY, self._deadline)
        self._out.timers.set("leave", again, self._tell)

    def _finish(self) -> None:
        self._out.timers.cancel("leave")
        if self._deadline:
            self._deadline = 0.0
            done = LeaveDone(len(self._acked), len(self._asked), len(self._holders))
            self._out.notify(done)


def _no_gates() -> tuple[int, int]:
    return (0, 0)
