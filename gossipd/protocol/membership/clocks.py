"""Compares wall clocks with the nodes that this one meets, and says where they differ.

A --ping--------------------> B
A <--ack, challenge---------- B
A --ack (challenge)---------> B
A --clock, asks-------------> B   A believes B, which has acked A's ping
A <--clock, asks------------- B   B believes A. Who comes to believe last is answered
A --clock-------------------> B

No rule of the protocol depends on what a wall clock shows. A clock only proposes the generation of
a process, and a generation of any size is accepted. So a wrong clock does no harm here. It is said
because people compare the times in the logs of different nodes.
"""

from __future__ import annotations

from ..events import ClockDiffers
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Clock
from .echoes import Echoes
from .peer import Peer
from .table import MemberTable

_DIFFERS_MS = 60_000
"""By more than this, two clocks differ: far more than datagrams, pauses and time services cause."""


class Clocks(Part):
    """Hears the clocks of others. `Challenges` tells them this node's."""

    def __init__(
        self, runtime: Runtime, outbox: Outbox, table: MemberTable, echoes: Echoes
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._echoes = echoes
        self.handlers = {Clock: Handler(self.on_clock, Admits.ANYBODY)}

    def on_clock(self, clock: Clock, peer: Peer) -> None:
        """Reports that the clock of a node differs from this node's, if it does, and answers it.

        Only a node that has echoed a number is believed. Its generation may be out of date here:
        that happens when its clock is behind, and it tells its clock before it has raised it. A
        node without a row is of another cluster.
        """
        ours, member = self._runtime.wall_ms(), peer.sender.id
        if not self._echoes.verified(peer):
            return
        if clock.asks:
            self._outbox.send(peer.source, Clock(ours))
        if member in self._table.rows and abs(clock.wall_ms - ours) > _DIFFERS_MS:
            event = ClockDiffers(member, ours_ms=ours, theirs_ms=clock.wall_ms)
            self._runtime.notify_seldom(f"clock of {member}", event)
