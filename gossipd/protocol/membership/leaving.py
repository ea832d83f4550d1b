"""A graceful leave: tells several peers that this node left, until enough of them acknowledge it
and one of them has all that this node has counted.

A --claim: A left, ping with gates--> B1..Bk
A <--ack with gates------------------ B

Where the gates differ, B asks for what it lacks, as after any ping.
"""

from __future__ import annotations

from ..events import LeaveDone
from ..fingerprint import Gates
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import Ack, Claims
from .discovery import Discovery
from .echoes import Echoes, Sent
from .peer import Peer
from .table import Member, MemberTable
from .view import View

_TOLD = 8
"""Peers that are told."""

_ENOUGH = 3
"""Acknowledgements that end the leave, once one of the peers holds everything."""

_RETRY = 0.2
"""Seconds until those are told again that do not hold everything yet."""

_ROUNDING = 1e-6


class Leaving(Part):
    """Carries out a graceful leave, and reports `LeaveDone` when it is over."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gates: Gates,
        discovery: Discovery,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gates = gates
        self._discovery = discovery
        self._asked: list[Member] = []
        self._acked: list[str] = []
        self._holders: list[str] = []
        self._deadline = 0.0

    def leave(self) -> None:
        """Begins to leave, and ends discovery. A second call changes nothing."""
        self._discovery.stop()
        if self._view.leaving:
            return
        self._view.leave()
        self._deadline = self._runtime.now + self._runtime.config.leave_grace
        self._asked = self._table.sample(_TOLD)
        self._tell()

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Notes that a peer knows of the leave, and whether it has all that this node counted."""
        self._echoes.forget(ack.number)
        if sent.target not in self._acked:
            self._acked.append(sent.target)
        if ack.counters == self._gates()[1] and sent.target not in self._holders:
            self._holders.append(sent.target)
        if len(self._acked) >= min(_ENOUGH, len(self._asked)) and self._holders:
            self._finish()

    def _tell(self) -> None:
        late = self._runtime.now >= self._deadline - _ROUNDING
        if late or not self._asked:
            self._finish()
            return
        claim = self._table.own.claim(self._runtime.now)
        for row in self._asked:
            if row.id not in self._holders:
                ping = self._echoes.ping(Sent(row.id, row.address, self._on_ack))
                # The claim stands before the ping, so that the receiver applies it first. Its gate
                # of members covers the claim then, and equals ours.
                self._outbox.send(row.address, Claims([claim]), ping)
        again = min(self._runtime.now + _RETRY, self._deadline)
        self._runtime.timers.set("leave", again, self._tell)

    def _finish(self) -> None:
        self._runtime.timers.cancel("leave")
        if self._deadline:
            self._deadline = 0.0
            done = LeaveDone(len(self._acked), len(self._asked), len(self._holders))
            self._runtime.notify(done)
