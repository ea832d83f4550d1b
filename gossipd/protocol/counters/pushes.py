"""Pushes what this node counted to every live peer at once, with one push under way to each.

    A --push (slots, since, upto)--> B
    A <--confirm (version)---------- B

What is counted while a push is under way goes into the next one, which leaves when the last one is
confirmed or after a retry time. So writes coalesce by themselves under load. A push carries the
present values of slots and never operations, so that repeating it does no harm.

What does not fit into one push goes into several, each of which starts where the one before ended.
By the last one the peer has everything (`courses`).
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
from .owner_log import last_version
from .relays import Relays

_PLAIN_TRIES = 6
"""Repeated pushes before the wait for a confirm doubles each time.

Six losses in a row still happen by chance, and later writes queue behind them. After that the peer
has probably gone, so the node backs off.
"""

_TRIES_COUNTED = 16
"""Repeated pushes after which they are not counted further, so that the doubled wait is bounded."""

_SPREAD_BYTES = 300
"""Bytes for the group in a `Spread`: what is left of the datagram is for the ids of a branch."""

_PUSH_BYTES = 25
"""Upper bound of the bytes of an encoded `Push`, without its group."""


class Pushes(Part):
    """Pushes what was counted under the present owner id to all live peers."""

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
        # Datagrams by `since`, and whether that is beyond what the peer holds. They serve every
        # peer that lacks the same. They are valid for one version, and as long as this node's
        # `Sender`, with which each begins, stays the same.
        self._made: dict[tuple[int, bool], tuple[int, bytes, int, bool]] = {}
        self._made_as = b""

    def reset(self, owner: bytes) -> None:
        """Begins anew for the owner id under which this node counts from now on."""
        self._owner = owner
        self._version = 0
        self._holdings.clear()
        self._made.clear()
        self._relays.reset()

    def push(self) -> None:
        """Sends what was counted to every live peer to which no push is under way.

        If those are more than the configured limit, a round of two hops is begun instead. What is
        counted during the round goes into the next one. What is counted during the pause after a
        silent round waits for its end, unless there are other members.
        """
        self._version = self._ledger.have(self._owner)
        self._made.clear()
        if self._relays.under_way:
            others = len(self._table.live) - len(self._holdings.under_way)
            if not self._relays.resting or self._relays.holds_up(others):
                return
            self._relays.reset()
        lacking = [
            (row, holding)
            for row in self._table.live.values()
            if not (holding := self._holdings.of(row)).number and holding.holds < self._version
        ]
        if len(lacking) > self._runtime.config.direct_push_limit and self._spread(lacking):
            return
        for row, holding in lacking:
            self._send(row, holding)

    def catch_up(self, row: Member) -> None:
        """Sends the member `row`, which appeared or came back, what it lacks.

        If that is more than one push holds, no answer waits for the member until it has all.
        """
        if self._version and row.id in self._table.live and not self._relays.serves(row):
            holding = self._holdings.of(row)
            if not holding.number and holding.holds < self._version:
                self._send(row, holding)
                if not holding.whole:
                    holding.missed()

    def on_confirm(self, confirm: Confirm, row: Member) -> bool:
        """Takes a confirm, and pushes again what the peer still lacks.

        Returns whether the peer is now known to hold more than before, which may settle answers.
        """
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
            if holding.holds < self._version:
                self._send(row, holding)
        return news

    def _spread(self, lacking: list[tuple[Member, Holding]]) -> bool:
        """Begins a round of two hops to these members.

        Returns False, and sends nothing, if what they lack leaves no bytes for the ids of a branch.
        """
        since = min(holding.holds for _, holding in lacking)
        group, whole = self._ledger.group(self._owner, since, _SPREAD_BYTES)
        if group is None or not whole:
            return False
        self._relays.begin([row for row, _ in lacking], group, over=self.push)
        return True

    def _send(self, row: Member, holding: Holding) -> None:
        if self._made_as != self._outbox.sender:
            self._made.clear()
            self._made_as = self._outbox.sender
        goes_on = holding.told > holding.holds
        made = self._made.get((holding.since, goes_on))
        if made is None:
            made = self._make(holding.since, goes_on=goes_on)
        number, data, upto, whole = made
        holding.pushed(number, upto, whole, self._runtime.now)
        self._counts["pushes"] += 1
        self._outbox.transmit(data, row.address, "push")
        self._holdings.under_way[row.id] = row
        if "push" not in self._runtime.timers:
            wait = self._runtime.config.push_retry_min
            self._runtime.after("push", wait, self._sweep)

    def _make(self, since: int, *, goes_on: bool) -> tuple[int, bytes, int, bool]:
        budget = self._outbox.payload_bytes - _PUSH_BYTES
        group, whole = self._ledger.group(self._owner, since, budget)
        assert group is not None, "there is something that the peer lacks, and an entry always fits"
        self._number += 1
        complete = 0 if whole and not goes_on else self._version
        data = self._outbox.datagram(Push(self._number, group, complete))
        upto = group.upto if whole else last_version(group)
        made = self._made[since, goes_on] = (self._number, data, upto, whole)
        return made

    def _sweep(self) -> None:
        """Sends each push again that was not confirmed within its retry time."""
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
        """Returns the numbers of pushes that were sent, and of those that were sent again."""
        return self._counts
