"""A graceful leave: say `left` to several peers until enough of them acknowledge it.

A --ping, claim: A left--> B1..Bk
A <--ack------------------ B
"""

from __future__ import annotations

from .events import LeaveDone
from .members import Member
from .membership import Membership
from .messages import Claims, Ping
from .outbox import Outbox
from .pings import LEAVE, Pings, Sent

_TOLD = 8
_ENOUGH = 3
_RETRY = 0.2
_ROUNDING = 1e-6


class Leaving:
    """The last act of a node; `LeaveDone` is notified when it is over."""

    def __init__(self, outbox: Outbox, membership: Membership, pings: Pings) -> None:
        self._out = outbox
        self._membership = membership
        self._pings = pings
        self._asked: list[Member] = []
        self._acked: list[str] = []
        self._deadline = 0.0

    def leave(self) -> None:
        """Begins; a second call changes nothing."""
        if self._membership.leaving:
            return
        self._membership.leave()
        self._deadline = self._out.now + self._out.config.leave_grace
        self._asked = self._out.table.sample(_TOLD)
        self._tell()

    def on_ack(self, number: int, sent: Sent) -> None:
        """One of them knows."""
        self._pings.forget(number)
        if sent.target not in self._acked:
            self._acked.append(sent.target)
        if len(self._acked) >= min(_ENOUGH, len(self._asked)):
            self._finish()

    def _tell(self) -> None:
        late = self._out.now >= self._deadline - _ROUNDING
        if late or not self._asked:
            self._finish()
            return
        claim = self._out.table.own.claim()
        for row in self._asked:
            if row.id not in self._acked:
                sent = Sent(LEAVE, row.id, row.address, self._out.now)
                number = self._pings.number(sent)
                self._out.send(row.address, Ping(number, row.id), Claims([claim]))
        again = min(self._out.now + _RETRY, self._deadline)
        self._out.timers.set("leave", again, self._tell)

    def _finish(self) -> None:
        self._out.timers.cancel("leave")
        if self._deadline:
            self._deadline = 0.0
            self._out.notify(LeaveDone(len(self._acked), len(self._asked)))
