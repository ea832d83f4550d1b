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


class Relays(Part):
    """Rounds of this node's own pushes, and relaying for others."""

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
        self._over: Callable[[], None] | None = None
        self._relayed: dict[int, _Relayed] = {}
        self.handlers = {SpreadDone: Handler(self.on_done, Admits.MEMBERS)}

    @property
    def under_way(self) -> bool:
        """Whether a round is under way."""
        return bool(self._branches)

    def begin(self, rows: list[Member], group: Group, over: Callable[[], None]) -> None:
        """Sends `group` to these members, through some of them.

        Args:
            over: called when the round is over, however many members lack the group still.
        """
        self._runtime.rng.shuffle(rows)
        longest = max(len(row.id) for row in rows) + _ID_BYTES
        fitting = (self._outbox.payload_bytes - group_bytes(group) - _SPREAD_BYTES) // longest
        size = min(math.ceil(math.sqrt(len(rows))), max(fitting, 1), _BRANCH)
        self._upto = group.upto
        for start in range(0, len(rows), size):
            branch = _Branch(rows[start : start + size])
            self._number += 1
            self._branches[self._number] = branch
            ids = [row.id for row in branch.members]
            self._pushes += 1
            self._outbox.send(branch.relay.address, Spread(self._number, group, ids))
        wait = self._patience() * 2
        self._over = over
        self._runtime.after("spread", wait, self._end)

    def reset(self) -> None:
        """Forgets the round: this node counts under another id from now on."""
        self._branches.clear()
        self._runtime.timers.cancel("spread")

    def on_done(self, done: SpreadDone, peer: Peer) -> None:
        """Takes the report of a relay of the present round."""
        branch = self._branches.get(done.number)
        if branch is None or branch.relay.address != peer.source or done.version < self._upto:
            return
        branch.reported = True
        for row in branch.members:
            if row.id not in done.missing:
                self._confirmed(row)
        self._end_branch(done.number, branch)

    def on_relay_confirm(self, confirm: Confirm, row: Member) -> bool:
        """A relay of ours has it itself. Whether this confirm belonged to a round."""
        branch = self._branches.get(confirm.number)
        if branch is None or branch.relay is not row:
            return False
        if confirm.version >= self._upto:
            branch.held = True
            self._confirmed(row)
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
        self._runtime.timers.cancel("spread")
        if self._over is not None:
            self._over()

    def _confirmed(self, row: Member) -> None:
        self._holdings.of(row).has(self._upto)
        self._answers.settle()

    def _patience(self) -> float:
        return self._runtime.config.push_retry_min * _TRIES

    # For others

    def relay(self, spread: Spread, source: Address) -> None:
        """Passes a group on to the branch, as far as this node knows it."""
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
        """Returns pushes sent to relays."""
        return {"pushes": self._pushes}

    def waiting(self) -> Mapping[str, int]:
        """Returns how many pushes are passed on for others."""
        return {"relays": len(self._relayed)}
