"""Spreads this node's own counting: at once, to every live peer, one push under way per peer.

    A --push (slots, since, upto)--> B
    A <--confirm (have)------------- B

What is counted while a push is under way goes into the next one, which leaves when the last is
confirmed or after a retry time: under load the writes coalesce by themselves. A push carries
present slot values, never operations, so that repeating it does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..membership import Member, MemberTable, RoundTrips
from ..outbox import Outbox
from ..part import Part
from ..runtime import Runtime
from ..wire import Confirm, Push
from .holdings import Holding, Holdings
from .ledger import Ledger
from .relays import Relays

_PLAIN_TRIES = 6
"""Tries before the wait for a confirm doubles: that many in a row are lost to chance now and then,
and a write that waits for its turn waits with them; only then the peer is likely to be gone."""

_TRIES_COUNTED = 16

_SPREAD_BYTES = 300
"""Room for entries in a spread, beside the ids of a branch."""


class Pushes(Part):
    """Pushes of the present owner id to all live peers."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        ledger: Ledger,
        holdings: Holdings,
        relays: Relays,
        round_trips: RoundTrips,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._ledger = ledger
        self._holdings = holdings
        self._relays = relays
        self._round_trips = round_trips
        self._counts = {"pushes": 0, "push_retries": 0}
        self._owner = b""
        self._version = 0
        self._number = 0
        # Datagrams by `since`, valid for one version and as long as we introduce ourselves alike.
        self._made: dict[int, tuple[int, bytes, int, bool]] = {}
        self._made_as = b""

    def reset(self, owner: bytes) -> None:
        """From now on `owner` is what this node counts under."""
        self._owner = owner
        self._version = 0
        self._holdings.clear()
        self._made.clear()
        self._relays.reset()

    def push(self) -> None:
        """Something was counted: tell every live peer that has no push under way.

        Many at once are told in a round of two hops, and what is counted during it in the next one.
        """
        self._version = self._ledger.have(self._owner)
        self._made.clear()
        if self._relays.under_way:
            return
        lacking = [
            (row, holding)
            for row in self._table.live.values()
            if not (holding := self._holdings.of(row)).number and holding.since < self._version
        ]
        if len(lacking) > self._runtime.config.direct_push_limit and self._spread(lacking):
            return
        for row, holding in lacking:
            self._send(row, holding)

    def catch_up(self, row: Member) -> None:
        """`row` appeared or came back: tell it what it lacks."""
        if self._version and row.id in self._table.live and not self._relays.under_way:
            holding = self._holdings.of(row)
            if not holding.number and holding.since < self._version:
                self._send(row, holding)

    def on_confirm(self, confirm: Confirm, row: Member) -> bool:
        """Whether the peer is now known to hold more than before."""
        holding = self._holdings.of(row)
        if confirm.owner != self._owner:
            return False
        if self._relays.on_relay_confirm(confirm, row):
            return True
        if confirm.number != holding.number or not holding.number:
            return False
        news, progress = holding.confirmed(confirm.version, self._version)
        if progress:
            self._holdings.under_way.pop(row.id, None)
            if holding.since < self._version:
                self._send(row, holding)
        return news

    def _spread(self, lacking: list[tuple[Member, Holding]]) -> bool:
        """Begins a round. False if what the members lack fits no datagram beside their ids."""
        since = min(holding.since for _, holding in lacking)
        group, whole = self._ledger.group(self._owner, since, _SPREAD_BYTES)
        if group is None or not whole:
            return False
        self._relays.begin([row for row, _ in lacking], group, over=self.push)
        return True

    def _send(self, row: Member, holding: Holding) -> None:
        if self._made_as != self._outbox.sender:
            self._made.clear()
            self._made_as = self._outbox.sender
        made = self._made.get(holding.since)
        if made is None:
            made = self._make(holding.since)
        number, data, upto, whole = made
        holding.pushed(number, upto, whole, self._runtime.now)
        self._counts["pushes"] += 1
        self._outbox.transmit(data, row.address, "push")
        self._holdings.under_way[row.id] = row
        if "push" not in self._runtime.timers:
            wait = self._runtime.config.push_retry_min
            self._runtime.after("push", wait, self._sweep)

    def _make(self, since: int) -> tuple[int, bytes, int, bool]:
        """One datagram serves every peer that has the same."""
        room = self._outbox.payload_bytes - 16
        group, whole = self._ledger.group(self._owner, since, room)
        assert group is not None, "there is something that the peer lacks, and an entry always fits"
        self._number += 1
        data = self._outbox.datagram(Push(self._number, group))
        made = self._made[since] = (self._number, data, group.upto, whole)
        return made

    def _sweep(self) -> None:
        """Sends again what was not confirmed in its retry time."""
        now, config = self._runtime.now, self._runtime.config
        under_way = self._holdings.under_way
        for member, row in list(under_way.items()):
            holding = self._holdings.of(row)
            if not row.live or not holding.number:
                under_way.pop(member, None)
                holding.ended()
                continue
            bound = self._round_trips.bound(member) or 0.0
            wait = max(config.push_retry_min, min(2 * bound, config.probe_timeout))
            wait *= 2 ** max(0, holding.tries - _PLAIN_TRIES)
            if now - holding.sent_at >= min(wait, config.push_retry_max):
                holding.tried(_TRIES_COUNTED)
                self._counts["push_retries"] += 1
                self._send(row, holding)
        if under_way:
            self._runtime.after("push", config.push_retry_min, self._sweep)

    def counted(self) -> Mapping[str, Any]:
        """Returns pushes sent, and those of them sent again."""
        return self._counts
