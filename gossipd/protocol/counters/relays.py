"""Pushes in two hops, for clusters that are too large for one node to send each write to everybody.

The writer A sends a *spread* to about as many relays as the square root of the cluster's size. Each
relay R passes it on to the members of its branch:

    A --spread (slots, branch)--> R
    A <--confirm----------------- R               R itself has it
                                  R --push--> B1 B2 …
                                  R <--confirm-- B1 B2 …
    A <--spread_done (missing)--- R               the branch has it, or R has waited long enough

What is counted meanwhile goes into the next round, which begins when this one is over. Members that
a relay reports as missing, or whose relay is silent, still lack the write, and get it in the next
round through other relays, chosen anew at random. If nobody answered at all, that round begins
later each time, as a push to a silent peer does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from ..address import Address
from ..membership import Member, MemberTable, Peer
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Confirm, Group, Push, Spread, SpreadDone, group_bytes
from .answers import Answers
from .holdings import Holdings

_BRANCH = 100
"""The largest number of members that one relay serves, itself included."""

_ID_BYTES = 3
"""Upper bound of the bytes that an encoded id takes beside its text."""

_SPREAD_BYTES = 24
"""Upper bound of the bytes of an encoded `Spread`, without its group and its ids."""

_TRIES = 3
"""How often a relay sends a push to a member of its branch before it reports it as missing."""

_RELAYED = 1000
"""How many pushes a node passes on for others at the same time, at most; for memory."""


class _Branch:
    """A relay of the present round, and the members that it serves.

    Attributes:
        relay: the member that was sent the spread.
        members: the other members of the branch.
        held: whether the relay has confirmed that it has the group itself.
        reported: whether the relay has reported which of the other members have the group.
    """

    __slots__ = ("held", "members", "relay", "reported")

    def __init__(self, members: list[Member]) -> None:
        self.relay = members[0]
        self.members = members[1:]
        self.held = False
        self.reported = False


class _Relayed:
    """A push that this node passes on for another node.

    Attributes:
        asked_by: the address of the node that sent the spread.
        number: the number of the spread, which the report repeats.
        group: what is passed on.
        data: the datagram that is sent to each member of the branch.
        tries: how often the datagram was sent.
        waiting: members that have not confirmed yet, by id.
        unknown: ids that are no live members here, and so cannot be served.
    """

    __slots__ = ("asked_by", "data", "group", "number", "tries", "unknown", "waiting")

    def __init__(self, asked_by: Address, number: int, group: Group) -> None:
        self.asked_by = asked_by
        self.number = number
        self.group = group
        self.data = b""
        self.tries = 0
        self.waiting: dict[str, Member] = {}
        self.unknown: list[str] = []


class Relays(Part):
    """Makes the rounds of this node's own two-hop pushes, and relays those of others."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        table: MemberTable,
        holdings: Holdings,
        answers: Answers,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._table = table
        self._holdings = holdings
        self._answers = answers
        self._pushes = 0
        self._number = 0
        self._branches: dict[int, _Branch] = {}
        self._upto = 0
        # The generations of the members of the latest round, by id.
        self._members: dict[str, int] = {}
        self._answered = False
        self._pause = 0.0
        self._over: Callable[[], None] | None = None
        self._relayed: dict[int, _Relayed] = {}
        self.handlers = {SpreadDone: Handler(self.on_done, Admits.MEMBERS)}

    @property
    def under_way(self) -> bool:
        """Whether a round of this node is under way, which includes the pause after it."""
        return bool(self._branches)

    @property
    def resting(self) -> bool:
        """Whether the round's time was over without an answer, and the next one is not due yet."""
        return "spread again" in self._runtime.timers

    def serves(self, row: Member) -> bool:
        """Returns whether the round under way is for a member, and not for an earlier process."""
        return self.under_way and self._members.get(row.id) == row.generation

    def holds_up(self, members: int) -> bool:
        """Returns whether a push to so many members waits for the end of the pause.

        It does if all were in the round before, and nobody has answered that meanwhile.
        """
        return not self._answered and members <= len(self._members)

    def begin(self, rows: list[Member], group: Group, over: Callable[[], None]) -> None:
        """Begins a round: sends `group` to these members by way of some of them.

        Args:
            rows: the members that lack the group, in any order.
            group: what was counted.
            over: called when the round is over, however many members still lack the group.
        """
        # The cost of a write is the number of relays here plus the size of a branch there: least
        # at the square root. The ids of a branch must fit into the datagram, too.
        self._runtime.rng.shuffle(rows)
        longest = max(len(row.id) for row in rows) + _ID_BYTES
        fitting = (self._outbox.payload_bytes - group_bytes(group) - _SPREAD_BYTES) // longest
        size = min(math.ceil(math.sqrt(len(rows))), max(fitting, 1), _BRANCH)
        self._members = {row.id: row.generation for row in rows}
        self._answered = False
        self._upto = group.upto
        for start in range(0, len(rows), size):
            branch = _Branch(rows[start : start + size])
            self._number += 1
            self._branches[self._number] = branch
            ids = [row.id for row in branch.members]
            self._pushes += 1
            self._outbox.send(branch.relay.address, Spread(self._number, group, ids))
        self._over = over
        self._runtime.after("spread", self._patience(), self._expire)

    def reset(self) -> None:
        """Forgets the round: its answers are ignored from now on."""
        self._branches.clear()
        self._runtime.timers.cancel("spread")
        self._runtime.timers.cancel("spread again")

    def on_done(self, done: SpreadDone, peer: Peer) -> None:
        """Takes the report of a relay of the present round; any other report is ignored."""
        branch = self._branches.get(done.number)
        if branch is None or branch.relay.address != peer.source or done.version < self._upto:
            return
        branch.reported = True
        self._heard()
        for row in branch.members:
            if row.id not in done.missing:
                self._confirmed(row)
        self._end_branch(done.number, branch)

    def on_relay_confirm(self, confirm: Confirm, row: Member) -> bool:
        """Takes the confirm of a relay of the present round, by which it has the group itself.

        Returns whether the confirm belonged to the round.
        """
        branch = self._branches.get(confirm.number)
        if branch is None or branch.relay is not row:
            return False
        self._heard()
        if confirm.version >= self._upto:
            branch.held = True
            self._confirmed(row)
            self._end_branch(confirm.number, branch)
        return True

    def _end_branch(self, number: int, branch: _Branch) -> None:
        """Ends a branch once its relay has both confirmed and reported.

        The report may come before the confirm: a relay passes a group on at once, but confirms it
        only when the floor that it may bring is on the relay's own disk.
        """
        if branch.held and branch.reported:
            self._branches.pop(number, None)
            if not self._branches:
                self._end()

    def _heard(self) -> None:
        self._answered = True
        self._pause = 0.0

    def _expire(self) -> None:
        """Ends a round whose time is over; after a pause, longer each time, if nobody answered."""
        if self._answered:
            self._end()
            return
        longest = self._runtime.config.push_retry_max
        self._pause = min(2 * self._pause or self._patience(), longest)
        self._runtime.after("spread again", self._pause, self._end)

    def _end(self) -> None:
        self.reset()
        if self._over is not None:
            self._over()

    def _confirmed(self, row: Member) -> None:
        """Takes note that a member holds the group, unless it is another process by now."""
        if self._members[row.id] == row.generation:
            self._holdings.of(row).has(self._upto)
            self._answers.settle()

    def _patience(self) -> float:
        """Returns the seconds that a round may take: all tries of a relay, and as long again."""
        return self._runtime.config.push_retry_min * _TRIES * 2

    # For others

    def relay(self, spread: Spread, source: Address) -> None:
        """Passes a group on to those members of the branch that are live members here."""
        if len(self._relayed) >= _RELAYED:
            self._runtime.reject("relay limit")
            return
        relayed = _Relayed(source, spread.number, spread.group)
        live = self._table.live
        relayed.unknown = [member for member in spread.branch if member not in live]
        relayed.waiting = {member: live[member] for member in spread.branch if member in live}
        if not relayed.waiting:
            self._report(relayed)
            return
        self._number += 1
        number = self._number
        relayed.data = self._outbox.datagram(Push(number, spread.group))
        self._relayed[number] = relayed
        self._pass_on(number)

    def on_confirm(self, confirm: Confirm, row: Member) -> None:
        """Takes the confirm of a member of a branch, by which it has what this node passed on."""
        relayed = self._relayed.get(confirm.number)
        if relayed is None or confirm.owner != relayed.group.owner:
            return
        if confirm.version >= relayed.group.upto:
            relayed.waiting.pop(row.id, None)
        if not relayed.waiting:
            self._finish(confirm.number)

    def _pass_on(self, number: int) -> None:
        relayed = self._relayed[number]
        if relayed.tries == _TRIES:
            self._finish(number)
            return
        relayed.tries += 1
        for row in relayed.waiting.values():
            self._outbox.transmit(relayed.data, row.address, "push")
        again = partial(self._pass_on, number)
        self._runtime.after(("spread relay", number), self._runtime.config.push_retry_min, again)

    def _finish(self, number: int) -> None:
        self._runtime.timers.cancel(("spread relay", number))
        self._report(self._relayed.pop(number))

    def _report(self, relayed: _Relayed) -> None:
        group = relayed.group
        missing = [*relayed.unknown, *relayed.waiting]
        done = SpreadDone(relayed.number, group.owner, group.upto, missing)
        self._outbox.send(relayed.asked_by, done)

    def counted(self) -> Mapping[str, Any]:
        """Returns the number of spreads that were sent, which are counted as pushes."""
        return {"pushes": self._pushes}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pushes this node is passing on for others."""
        return {"relays": len(self._relayed)}
