"""Two-hop pushes for clusters in which one node should not speak to everybody at each write.

    A --spread (slots, branch)--> R          about the square root of the cluster's size of relays
    A <--confirm----------------- R          R itself has it
                                  R --push--> B1 B2 …
                                  R <--confirm-- B1 B2 …
    A <--spread_done (missing)--- R          once its branch has it, or after its patience

What is counted meanwhile goes into the next round, which begins when this one is over. Members that
a relay reports as missing, or whose relay is silent, are lacking in the next round, where others
relay.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from ..membership.table import Address, Member
from ..outbox import Outbox
from ..wire.messages import Confirm, Group, Push, Spread, SpreadDone
from .ledger import group_bytes

_BRANCH = 100
"""Ids of a branch at most."""

_ID_BYTES = 3
_SPREAD_BYTES = 24
"""Upper bounds of what an encoded id, and a spread, take beside their content."""

_TRIES = 3
_RELAYED = 1000


class _Branch:
    """A relay of the present round, and whom it serves.

    Attributes:
        held: the relay has confirmed that it has the group itself.
        reported: it has said who of the others has it.
    """

    __slots__ = ("held", "members", "relay", "reported")

    def __init__(self, members: list[Member]) -> None:
        self.relay = members[0]
        self.members = members[1:]
        self.held = False
        self.reported = False


class _Relayed:
    """What this node passes on for another."""

    __slots__ = ("asked_by", "data", "group", "number", "tries", "unknown", "waiting")

    def __init__(self, asked_by: Address, number: int, group: Group) -> None:
        self.asked_by = asked_by
        self.number = number
        self.group = group
        self.data = b""
        self.tries = 0
        self.waiting: dict[str, Member] = {}
        self.unknown: list[str] = []


class Spreading:
    """Rounds of this node's own pushes, and relaying for others.

    Attributes:
        confirmed: called with a member and the round's `upto` when it has everything up to there.
        over: called when a round is over, however many members lack it still.
    """

    def __init__(self, outbox: Outbox) -> None:
        self._out = outbox
        self._number = 0
        self._branches: dict[int, _Branch] = {}
        self._upto = 0
        self._relayed: dict[int, _Relayed] = {}
        self.confirmed: Callable[[Member, int], None] = _ignore
        self.over: Callable[[], None] = _nothing

    def __len__(self) -> int:
        """Pushes that are passed on for others."""
        return len(self._relayed)

    @property
    def under_way(self) -> bool:
        """Whether a round is under way."""
        return bool(self._branches)

    def begin(self, rows: list[Member], group: Group) -> None:
        """Sends `group` to these members, through some of them."""
        self._out.rng.shuffle(rows)
        longest = max(len(row.id) for row in rows) + _ID_BYTES
        fitting = (self._out.room - group_bytes(group) - _SPREAD_BYTES) // longest
        size = min(math.ceil(math.sqrt(len(rows))), max(fitting, 1), _BRANCH)
        self._upto = group.upto
        for start in range(0, len(rows), size):
            branch = _Branch(rows[start : start + size])
            self._number += 1
            self._branches[self._number] = branch
            ids = [row.id for row in branch.members]
            self._out.statistics.pushes += 1
            self._out.send(branch.relay.address, Spread(self._number, group, ids))
        wait = self._patience() * 2
        self._out.timers.set("spread", self._out.now + wait, self._end)

    def reset(self) -> None:
        """Forgets the round: this node counts under another id from now on."""
        self._branches.clear()
        self._out.timers.cancel("spread")

    def on_done(self, done: SpreadDone, source: Address) -> None:
        """A relay reports."""
        branch = self._branches.get(done.number)
        if branch is None or branch.relay.address != source or done.version < self._upto:
            return
        branch.reported = True
        for row in branch.members:
            if row.id not in done.missing:
                self.confirmed(row, self._upto)
        self._end_branch(done.number, branch)

    def on_relay_confirm(self, confirm: Confirm, row: Member) -> bool:
        """A relay of ours has it itself. Whether this confirm belonged to a round."""
        branch = self._branches.get(confirm.number)
        if branch is None or branch.relay is not row:
            return False
        if confirm.version >= self._upto:
            branch.held = True
            self.confirmed(row, self._upto)
            self._end_branch(confirm.number, branch)
        return True

    def _end_branch(self, number: int, branch: _Branch) -> None:
        """A relay's report comes first if what it got itself waits for its disk."""
        if branch.held and branch.reported:
            self._branches.pop(number, None)
            if not self._branches:
                self._end()

    def _end(self) -> None:
        self._branches.clear()
        self._out.timers.cancel("spread")
        self.over()

    def _patience(self) -> float:
        return self._out.config.push_retry_min * _TRIES

    # For others

    def relay(self, spread: Spread, source: Address) -> None:
        """Passes a group on to the branch, as far as this node knows it."""
        if len(self._relayed) >= _RELAYED:
            self._out.reject("relay limit")
            return
        relayed = _Relayed(source, spread.number, spread.group)
        live = self._out.table.live
        relayed.unknown = [member for member in spread.branch if member not in live]
        relayed.waiting = {member: live[member] for member in spread.branch if member in live}
        if not relayed.waiting:
            self._report(relayed)
            return
        self._number += 1
        number = self._number
        relayed.data = self._out.datagram(Push(number, spread.group))
        self._relayed[number] = relayed
        self._pass_on(number)

    def on_confirm(self, confirm: Confirm, row: Member) -> None:
        """A member of a branch has what this node passed on."""
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
            self._out.transmit(relayed.data, row.address, "push")
        again = self._out.now + self._out.config.push_retry_min
        self._out.timers.set(("spread relay", number), again, partial(self._pass_on, number))

    def _finish(self, number: int) -> None:
        self._out.timers.cancel(("spread relay", number))
        self._report(self._relayed.pop(number))

    def _report(self, relayed: _Relayed) -> None:
        group = relayed.group
        missing = [*relayed.unknown, *relayed.waiting]
        done = SpreadDone(relayed.number, group.owner, group.upto, missing)
        self._out.send(relayed.asked_by, done)


def _ignore(row: Member, upto: int) -> None:
    """Until pushes are set up, nobody asks."""


def _nothing() -> None:
    """Until pushes are set up, nobody asks."""
