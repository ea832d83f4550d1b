"""A graceful leave: tells several peers that this node left, until enough of them acknowledge it
and one of them has all that this node has counted.

    A --claim: A left, ping with gates--> B1..Bk
    A <--ack with gates------------------ B           B stays
    A <--claim: B left------------------- B           B leaves as well

Where the gates differ, B asks for what it lacks, as after any ping.

Many nodes may leave at one moment, so that most peers that A could tell leave too. What such a peer
is told goes with it. So only peers that stay count: a peer that leaves answers by its own claim in
place of an ack, and another one is told instead. A node that acknowledged a leave and then begins
its own passes the claim on with its pings, like all claims that it has to tell.
"""

from __future__ import annotations

from ..events import LeaveDone
from ..fingerprint import Gates
from ..part import Part
from ..runtime import Runtime
from ..wire import DEAD, STATES, Ack, Claims
from .discovery import Discovery
from .echoes import Echoes, Sent
from .gossip import Gossip
from .peer import Peer
from .table import Member, MemberTable
from .view import View

_TOLD = 8
"""Peers that are told at a time."""

_ENOUGH = 3
"""Acknowledgements that end the leave, once one of the peers holds everything."""

_RETRY = 0.2
"""Seconds until those are told again that do not hold everything, and others for the silent."""

_ROUNDING = 1e-6


class Leaving(Part):
    """Carries out a graceful leave, and reports `LeaveDone` when it is over."""

    def __init__(
        self,
        runtime: Runtime,
        table: MemberTable,
        view: View,
        echoes: Echoes,
        gossip: Gossip,
        gates: Gates,
        discovery: Discovery,
    ) -> None:
        self._runtime = runtime
        self._table = table
        self._view = view
        self._echoes = echoes
        self._gossip = gossip
        self._gates = gates
        self._discovery = discovery
        self._asked: dict[str, None] = {}
        # Peers that acknowledged the leave, each with whether it holds everything.
        self._acked: dict[str, bool] = {}
        self._deadline = 0.0

    def move(self, node_id: str) -> bool:
        """Leaves under the present id and joins as `node_id`. Returns whether it did.

        It does nothing while this node leaves, and under an id that is its own already.
        """
        if self._view.leaving or node_id == self._table.own.id:
            return False
        self._view.move(node_id)
        return True

    def leave(self) -> None:
        """Begins to leave, and ends discovery. A second call changes nothing."""
        self._discovery.stop()
        if self._view.leaving:
            return
        self._view.leave()
        self._deadline = self._runtime.now + self._runtime.config.leave_grace
        self._tell()

    def forget(self, member: str) -> None:
        """Forgets a member for all nodes. Raises ValueError unless it is dead or left."""
        row = self._table.rows.get(member)
        if row is None or row is self._table.own or row.state < DEAD:
            state = "not known" if row is None else STATES[row.state]
            raise ValueError(f"{member!r} is {state}: only those dead or left can be forgotten")
        if not row.forgotten:
            self._view.forget(row)

    def _on_ack(self, ack: Ack, sent: Sent, peer: Peer) -> None:
        """Notes that a peer knows of the leave, and whether it has all that this node counted."""
        self._echoes.forget(ack.number)
        holds = ack.counters == self._gates()[1]
        self._acked[sent.target] = holds or self._acked.get(sent.target, False)
        if self._is_enough():
            self._finish()

    def _is_enough(self) -> bool:
        """Returns whether enough peers that stay know of the leave, or nobody else stays."""
        live = self._table.live
        told = [holds for member, holds in self._acked.items() if member in live]
        return not live or (len(told) >= min(_ENOUGH, len(live)) and any(told))

    def _tell(self) -> None:
        if self._runtime.now >= self._deadline - _ROUNDING or self._is_enough():
            self._finish()
            return
        claims = Claims([self._table.own.claim(self._runtime.now)])
        for row in self._next_told():
            self._asked[row.id] = None
            ping = self._echoes.ping(Sent(row.id, row.address, self._on_ack))
            # The claim stands before the ping, so that the receiver applies it first. Its gate of
            # members covers the claim then, and equals ours.
            self._gossip.send(row.address, row, claims, ping)
        again = min(self._runtime.now + _RETRY, self._deadline)
        self._runtime.timers.set("leave", again, self._tell)

    def _next_told(self) -> list[Member]:
        """Returns the peers that are told now.

        Those that have acknowledged are told until they hold everything. The others are drawn anew
        each time, since a peer that is silent may have left before it could say so.
        """
        live = self._table.live
        acked = [live[member] for member in self._acked if member in live]
        others = [row for row in self._table.sample(_TOLD) if row.id not in self._acked]
        waiting = [row for row in acked if not self._acked[row.id]]
        return waiting + others[: max(0, _TOLD - len(acked))]

    def _finish(self) -> None:
        self._runtime.timers.cancel("leave")
        if self._deadline:
            self._deadline = 0.0
            live = self._table.live
            asked = sum(member in live for member in self._asked)
            told = [holds for member, holds in self._acked.items() if member in live]
            self._runtime.notify(LeaveDone(len(told), asked, sum(told)))
