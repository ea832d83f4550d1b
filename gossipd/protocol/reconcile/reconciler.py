"""Finds out that two nodes differ, and begins the exchanges that make them agree.

The gate is one hash per table on every ping and ack. Where a peer's differs from ours, the node
that was pinged begins an exchange of that table.
"""

from __future__ import annotations

from ..address import Address
from ..fingerprint import Gates
from ..membership import Peer
from ..part import Admits, Handler, Part
from ..wire import MEMBERS, Sums
from .rows import RowExchange
from .versions import VersionExchange


class Reconciler(Part):
    """Compares the member table and the counters with those of a peer."""

    def __init__(self, gates: Gates, rows: RowExchange, versions: VersionExchange) -> None:
        self._gates = gates
        self._rows = rows
        self._versions = versions
        self.handlers = {Sums: Handler(self.on_sums, Admits.ECHOED)}

    def compare(self, members: int, counters: int, source: Address) -> None:
        """Begins an exchange for each table whose hash at `source` differs from ours."""
        ours = self._gates()
        if members != ours[0]:
            self._rows.begin(source)
        if counters != ours[1]:
            self._versions.begin(source)

    def begin(self, source: Address) -> None:
        """Begins an exchange of both tables with a node that has just shown who it is."""
        self._rows.begin(source)
        self._versions.begin(source)

    def on_sums(self, sums: Sums, peer: Peer) -> None:
        """Narrows a difference down."""
        exchange = self._rows if sums.table == MEMBERS else self._versions
        exchange.narrow(sums, peer.source)
