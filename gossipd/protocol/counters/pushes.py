"""Spreads this node's own counting: at once, to every live peer, one push under way per peer.

    A --push (slots, since, upto)--> B
    A <--confirm (have)------------- B

What is counted while a push is under way goes into the next one, which leaves when the last is
confirmed or after a retry time: under load the writes coalesce by themselves. A push carries
present slot values, never operations, so that repeating it does no harm.
"""

from __future__ import annotations

from collections.abc import Callable

from ..membership.detector import Detector
from ..membership.table import Member
from ..outbox import Outbox
from ..wire.messages import Confirm, Push
from .ledger import Ledger
from .relays import Spreading

_PLAIN_TRIES = 6
"""Tries before the wait for a confirm doubles: that many in a row are lost to chance now and then,
and a write that waits for its turn waits with them; only then the peer is likely to be gone."""

_SPREAD_BYTES = 300
"""Room for entries in a spread, beside the ids of a branch."""


class PeerState:
    """What one peer has of our owner id.

    Attributes:
        since: everything up to this version, as the peer said; the next push starts there.
        holds: the newest version whose every slot it confirmed; this is what answers count.
        silent: it missed an answer's deadline, and is not waited for until it confirms something.
    """

    __slots__ = (
        "generation",
        "holds",
        "number",
        "sent_at",
        "silent",
        "since",
        "tries",
        "upto",
        "whole",
    )

    def __init__(self, generation: int) -> None:
        self.generation = generation
        self.since = 0
        self.holds = 0
        self.silent = False
        self.number = 0  # of the push under way, 0 if there is none
        self.upto = 0
        self.whole = False
        self.sent_at = 0.0
        self.tries = 0


class Pushes:
    """Pushes of the present owner id to all live peers."""

    def __init__(
        self, outbox: Outbox, ledger: Ledger, detector: Detector, spreading: Spreading
    ) -> None:
        self._out = outbox
        self._spreading = spreading
        spreading.confirmed = self._has
        spreading.over = self.push
        self.settle: Callable[[], None] = _nothing
        self._ledger = ledger
        self._detector = detector
        self._owner = b""
        self._version = 0
        self._number = 0
        self._peers: dict[str, PeerState] = {}
        self._under_way: dict[str, Member] = {}
        # Datagrams by `since`, valid for one version and as long as we introduce ourselves alike.
        self._made: dict[int, tuple[int, bytes, int, bool]] = {}
        self._made_as = b""

    def reset(self, owner: bytes) -> None:
        """From now on `owner` is what this node counts under."""
        self._owner = owner
        self._version = 0
        self._peers.clear()
        self._under_way.clear()
        self._made.clear()
        self._spreading.reset()

    def state(self, row: Member) -> PeerState:
        """What `row` has; nothing is assumed of a new generation."""
        state = self._peers.get(row.id)
        if state is None or state.generation != row.generation:
            state = self._peers[row.id] = PeerState(row.generation)
            self._under_way.pop(row.id, None)
        return state

    def push(self) -> None:
        """Something was counted: tell every live peer that has no push under way.

        Many at once are told in a round of two hops, and what is counted during it in the next one.
        """
        self._version = self._ledger.have(self._owner)
        self._made.clear()
        if self._spreading.under_way:
            return
        lacking = [
            (row, state)
            for row in self._out.table.live.values()
            if not (state := self.state(row)).number and state.since < self._version
        ]
        if len(lacking) > self._out.config.direct_push_limit and self._spread(lacking):
            return
        for row, state in lacking:
            self._send(row, state)

    def catch_up(self, row: Member) -> None:
        """`row` appeared or came back: tell it what it lacks."""
        if self._version and row.id in self._out.table.live and not self._spreading.under_way:
            state = self.state(row)
            if not state.number and state.since < self._version:
                self._send(row, state)

    def on_confirm(self, confirm: Confirm, row: Member) -> bool:
        """Whether the peer is now known to hold more than before."""
        state = self.state(row)
        if confirm.owner != self._owner:
            return False
        if self._spreading.on_relay_confirm(confirm, row):
            return True
        if confirm.number != state.number or not state.number:
            return False
        since, state.since = state.since, min(confirm.version, self._version)
        state.silent = False
        news = state.whole and confirm.version >= state.upto > state.holds
        if news:
            state.holds = state.upto
        if state.since == since:
            # It took nothing over, for whatever reason: asking again at once would be a storm.
            return news
        self._under_way.pop(row.id, None)
        state.number = state.tries = 0
        if state.since < self._version:
            self._send(row, state)
        return news

    def _spread(self, lacking: list[tuple[Member, PeerState]]) -> bool:
        """Begins a round. False if what the members lack fits no datagram beside their ids."""
        since = min(state.since for _, state in lacking)
        group, whole = self._ledger.group(self._owner, since, _SPREAD_BYTES)
        if group is None or not whole:
            return False
        self._spreading.begin([row for row, _ in lacking], group)
        return True

    def _has(self, row: Member, upto: int) -> None:
        """A round brought this member everything up to `upto`."""
        state = self.state(row)
        state.since = max(state.since, upto)
        state.holds = max(state.holds, upto)
        state.silent = False
        self.settle()

    def _send(self, row: Member, state: PeerState) -> None:
        if self._made_as != self._out.sender:
            self._made.clear()
            self._made_as = self._out.sender
        made = self._made.get(state.since)
        if made is None:
            made = self._make(state.since)
        state.number, data, state.upto, state.whole = made
        state.sent_at = self._out.now
        self._out.statistics.pushes += 1
        self._out.transmit(data, row.address, "push")
        self._under_way[row.id] = row
        if "push" not in self._out.timers:
            wait = self._out.config.push_retry_min
            self._out.timers.set("push", self._out.now + wait, self._sweep)

    def _make(self, since: int) -> tuple[int, bytes, int, bool]:
        """One datagram serves every peer that has the same."""
        room = self._out.room - 16
        group, whole = self._ledger.group(self._owner, since, room)
        assert group is not None, "there is something that the peer lacks, and an entry always fits"
        self._number += 1
        data = self._out.datagram(Push(self._number, group))
        made = self._made[since] = (self._number, data, group.upto, whole)
        return made

    def _sweep(self) -> None:
        """Sends again what was not confirmed in its retry time."""
        now, config = self._out.now, self._out.config
        for member, row in list(self._under_way.items()):
            state = self.state(row)
            if not row.live or not state.number:
                self._under_way.pop(member, None)
                state.number = 0
                continue
            bound = self._detector.round_trip(member) or 0.0
            wait = max(config.push_retry_min, min(2 * bound, config.probe_timeout))
            wait *= 2 ** max(0, state.tries - _PLAIN_TRIES)
            if now - state.sent_at >= min(wait, config.push_retry_max):
                state.tries = min(state.tries + 1, 16)
                self._out.statistics.push_retries += 1
                self._send(row, state)
        if self._under_way:
            self._out.timers.set("push", now + config.push_retry_min, self._sweep)


def _nothing() -> None:
    """Until answers are set up, nobody waits."""
