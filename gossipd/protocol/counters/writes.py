"""Increments and syncs: each is staged, persisted, and only then told.

**Persist, then tell.** Own slots, own floors and floors learned from others pass one ordered queue
of writes. A write takes effect in memory, in an answer and on the wire only when the driver reports
it as persisted, exactly as it was staged. Otherwise a crash could take back what a client or
another node has seen already. What else others counted needs no such wait: its owner has it on
disk. It is recorded, which survives this process.

**Ahead.** A command may find earlier writes still in the queue. A slot is written as a total and
not as a difference, so a command that looked at the ledger alone would write the same total as the
write before it, and one of the two would be lost. It builds instead upon what the staged writes
will give: the slots that are *ahead* of the ledger. That is safe because writes take effect in
order, and because a failed write fails all writes that wait behind it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import attrs

from ..address import Address
from ..effects import Persist, Record, Write
from ..events import OwnerRenewed, OwnerRetired
from ..membership import Peer
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import Confirm, Entry, Group, Push, Spread
from .answers import Answers
from .floors import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded, Slot
from .ledger import Ledger
from .pushes import Pushes
from .relays import Relays


class Increment(NamedTuple):
    """One of several increments of a counter that are written together.

    Attributes:
        amount: how much to add, at least 1.
        ack: the ack level of its answer, None for the default.
        ticket: the number that its `Answer` carries.
    """

    amount: int
    ack: str | None
    ticket: int


# Not frozen: one is made for every request, and a frozen one costs three times as much.
@attrs.define
class _Command:
    """A client's command: an increment by `amount`, or a sync to `value` if `amount` is 0."""

    name: str
    level: str
    ticket: int
    amount: int = 0
    value: int = 0


@attrs.frozen
class _Staged:
    """A write that the driver has not reported yet.

    It carries out `commands` of clients, or has none and comes from a peer. `then` is called when
    it has taken effect.
    """

    write: Write
    commands: Sequence[_Command] = ()
    then: Callable[[], None] | None = None

    @property
    def group(self) -> Group:
        """The group to be written; a write of this queue has just one."""
        return self.write.groups[0]


class Writes(Part):
    """The queue of writes: what this process counts under its owner id, and floors it learned."""

    def __init__(
        self,
        runtime: Runtime,
        outbox: Outbox,
        ledger: Ledger,
        pushes: Pushes,
        relays: Relays,
        answers: Answers,
    ) -> None:
        self._runtime = runtime
        self._outbox = outbox
        self._ledger = ledger
        self._pushes = pushes
        self._relays = relays
        self._answers = answers
        self.handlers = {
            Push: Handler(self.on_push, Admits.MEMBERS),
            Confirm: Handler(self.on_confirm, Admits.MEMBERS),
            Spread: Handler(self.on_spread, Admits.MEMBERS),
        }
        self._staged: deque[_Staged] = deque()
        # How many of the staged writes were told by peers.
        self._learning = 0
        # Syncs that change nothing if the writes staged before them succeed, by the sequence
        # number of the last of those writes.
        self._followers: dict[int, list[_Command]] = {}
        # What `afterwards` was asked to call, by the sequence number of the write waited for.
        self._afterwards: dict[int, list[Callable[[], None]]] = {}
        # By counter the slots as they will be when all staged writes have taken effect.
        self._ahead: dict[str, dict[tuple[bytes, int], int]] = {}
        self._sequence = 0
        self._owner = b""
        self._version = 0
        # Former owner ids of this process, given up because a copy of it counts under them.
        self._copied: list[bytes] = []

    def increment(self, name: str, asked: Sequence[Increment]) -> None:
        """Adds to the counter in one write, and answers each increment by itself.

        Raises LimitExceeded if the value would pass 2**53 - 1, and ValueError for an amount below 1
        or an unknown ack level. Nothing is counted then.
        """
        commands = []
        for amount, ack, ticket in asked:
            if amount < 1:
                raise ValueError("amount: must be at least 1")
            commands.append(_Command(name, self._answers.level(ack), ticket, amount))
        value = self._ledger.counter(name).value_with(self._ahead_of(name))
        if value + _sum(commands) > VALUE_LIMIT:
            raise LimitExceeded(f"the counter cannot pass {VALUE_LIMIT}")
        self._count(commands)

    def sync(self, name: str, value: int, ack: str | None, ticket: int) -> None:
        """Raises the counter to `value` if it is lower.

        Raises LimitExceeded for a value beyond 2**53 - 1 or a counter with 100,000 floors, and
        ValueError for a negative value or an unknown ack level. Nothing is changed then.
        """
        level = self._answers.level(ack)
        if value < 0:
            raise ValueError("count: must not be negative")
        if value > VALUE_LIMIT:
            raise LimitExceeded(f"the counter cannot pass {VALUE_LIMIT}")
        counter = self._ledger.counter(name)
        command = _Command(name, level, ticket, value=value)
        if value > counter.value_with(self._ahead_of(name)):
            if counter.floors >= FLOOR_LIMIT:
                raise LimitExceeded(f"the counter was raised {FLOOR_LIMIT} times")
            self._stage_own([command], value, 0)
        elif self._staged:
            # The write because of which there is nothing to do may not be on disk yet. If it
            # fails, this sync fails with it.
            self._followers.setdefault(self._sequence, []).append(command)
        else:
            self._answers.done(level, ticket, counter.value)

    def merge(self, group: Group, then: Callable[[], None] | None = None) -> bool:
        """Merges entries of another owner, or of a former owner id of this node.

        A group that brings a new floor is staged, and so is every group that arrives while such a
        group is in the queue, so that none overtakes another. Any other group takes effect at once.
        A group that is in the queue already is not staged a second time, and its `then` is dropped.
        Otherwise `then` is called once the entries are in effect. Returns whether the group was
        news, or was staged and so may be news when it takes effect.
        """
        if group.owner == self._owner:
            newest = max([group.upto, *(entry.version for entry in group.entries)])
            if newest > self._version:
                self._retire(newest)
        if self._learning or self._ledger.learned_floor(group):
            if any(group == staged.group for staged in self._staged):
                return False
            self._learning += 1
            self._stage(group, then=then)
            return True
        news = self._ledger.apply(group)
        if news:
            self._runtime.emit(Record(group))
        if then is not None:
            then()
        return news

    def afterwards(self, call: Callable[[], None]) -> None:
        """Calls `call` once all writes that are staged now are on disk, at once if there are none.

        It is never called if the last of them fails.
        """
        if self._staged:
            self._afterwards.setdefault(self._sequence, []).append(call)
        else:
            call()

    def on_push(self, push: Push, peer: Peer) -> None:
        """Merges what a peer pushed, and confirms it once it is in effect here."""
        self.merge(push.group, partial(self._confirm, push.number, push.group.owner, peer.source))

    def on_spread(self, spread: Spread, peer: Peer) -> None:
        """Merges what a peer counted, confirms it, and passes it on to a branch of the cluster."""
        self.merge(
            spread.group, partial(self._confirm, spread.number, spread.group.owner, peer.source)
        )
        self._relays.relay(spread, peer.source)

    def on_confirm(self, confirm: Confirm, peer: Peer) -> None:
        """Takes a peer's confirm, for this node's own push or for one it passed on for another."""
        assert peer.row is not None, "only members are admitted"
        if confirm.owner != self._owner:
            self._relays.on_confirm(confirm, peer.row)
        elif confirm.version > self._version:
            self._retire(confirm.version)
        elif self._pushes.on_confirm(confirm, peer.row):
            self._answers.settle()

    def persisted(self, write: Write) -> None:
        """Lets the oldest staged write take effect, since the driver has put it on disk.

        Raises ValueError if `write` is not the oldest staged one: the driver reports in order.
        """
        staged = self._pop(write)
        if not staged.commands:
            self._ledger.apply(staged.group)
        elif staged.group.owner in self._copied:
            # A copy of this process counts in the same slot and may have made this very write. It
            # must not count anew under the next id; its clients are told of no holders.
            self._ledger.apply(staged.group)
            for command in staged.commands:
                self._answers.failed(command.ticket, self._ledger.value(command.name))
        else:
            self._take_effect(staged.commands, staged.group)
        if staged.then is not None:
            staged.then()
        self._answer_followers(write.sequence)
        self._answers.settle()
        for call in self._afterwards.pop(write.sequence, ()):
            call()

    def persist_failed(self, write: Write) -> None:
        """Fails the oldest staged write, since the driver does not know whether it is on disk.

        If the write counted under the present owner id, that id is given up: a later write could
        use the same version for something else. Raises ValueError if `write` is not the oldest one.
        """
        staged = self._pop(write)
        for command in staged.commands:
            self._answers.failed(command.ticket, self._ledger.value(command.name))
        if staged.commands and staged.group.owner == self._owner:
            self._new_id()
        self._ahead.clear()
        for later in self._staged:
            self._look_ahead(later.group)
        self._answer_followers(write.sequence)
        # They are dropped: going on at once would fail again at once.
        self._afterwards.pop(write.sequence, None)

    def restored(self, groups: Iterable[Group]) -> None:
        """Merges what the store was found to hold, which therefore need not be persisted."""
        for group in groups:
            self._ledger.apply(group)
        self._answers.settle()

    def renew(self) -> None:
        """Counts under a new owner id from now on, if this node has counted at all.

        Called when the machine may have been restored from a snapshot. Another copy of this process
        may then have counted on under the same id, and two writers must never share a slot.
        """
        if self._owner:
            self._runtime.notify(OwnerRenewed(self._owner.hex()))
            self._new_id()

    def waiting(self) -> Mapping[str, int]:
        """Returns how many writes are staged and not yet reported."""
        return {"writes": len(self._staged)}

    def _confirm(self, number: int, owner: bytes, to: Address) -> None:
        self._outbox.send(to, Confirm(number, owner, self._ledger.have(owner)))

    # Owner ids

    def _own_id(self) -> bytes:
        if not self._owner:
            self._new_id()
        return self._owner

    def _new_id(self) -> None:
        self._answers.give_up()
        self._owner = self._runtime.rng.randbytes(16)
        self._version = 0
        self._pushes.reset(self._owner)

    def _retire(self, reported: int) -> None:
        """Gives the owner id up: a peer has a later version of it, so this process was set back."""
        self._runtime.notify(OwnerRetired(self._owner.hex(), self._version, reported))
        self._copied.append(self._owner)
        self._new_id()

    # Own writes

    def _count(self, commands: Sequence[_Command]) -> None:
        """Stages one write, of a floor or of a raised slot, on top of those that are staged."""
        command, amount = commands[0], _sum(commands)
        if not amount:
            self._stage_own(commands, command.value, 0)
            return
        owner, counter = self._own_id(), self._ledger.counter(command.name)
        ahead = self._ahead.get(command.name)
        if ahead:
            floor = max([counter.highest, *(under for _, under in ahead)])
            count = max(counter.slot(owner, floor), ahead.get((owner, floor), 0))
        else:
            floor = counter.highest
            count = counter.slot(owner, floor)
        self._stage_own(commands, floor, count + amount)

    def _stage_own(self, commands: Sequence[_Command], floor: int, count: int) -> None:
        """Stages one entry under this process's owner id and its next version."""
        owner = self._own_id()
        self._version += 1
        entry = Entry(self._version, commands[0].name, floor, count)
        group = Group(owner, self._version - 1, self._version, [entry])
        self._stage(group, commands)

    def _take_effect(self, commands: Sequence[_Command], group: Group) -> None:
        """Applies a write that is on disk, and tells peers and clients of it.

        Only now does what a client asked for become visible: in the value, in a push, in answers.
        Increments that share the write are answered each with the value after it, in order. But a
        higher floor may have come in since staging. Then the value rose by less than their sum, or
        not at all, and each is answered with the value after all of them.

        The owner id may have changed since staging, too. Pushes and confirms are about the present
        id alone: a write under a former one is answered at once, and left to anti-entropy.
        """
        present = group.owner == self._owner
        name = commands[0].name
        before = self._ledger.value(name)
        self._ledger.apply(group)
        value = self._ledger.value(name)
        in_order = value - before == _sum(commands)
        if present:
            self._pushes.push()
        count = before
        for command in commands:
            count = count + command.amount if in_order else value
            if present:
                self._answers.add(command.level, group.upto, command.ticket, count)
            else:
                self._answers.alone(command.level, command.ticket, count)

    # The queue

    def _ahead_of(self, name: str) -> list[Slot]:
        """Returns the counter's slots as staged writes will leave them."""
        return [(*key, count) for key, count in self._ahead.get(name, {}).items()]

    def _look_ahead(self, group: Group) -> None:
        for entry in group.entries:
            slots = self._ahead.setdefault(entry.name, {})
            key = (group.owner, entry.floor)
            slots[key] = max(slots.get(key, 0), entry.count)

    def _stage(
        self,
        group: Group,
        commands: Sequence[_Command] = (),
        then: Callable[[], None] | None = None,
    ) -> None:
        self._sequence += 1
        write = Write(self._sequence, (group,))
        self._staged.append(_Staged(write, commands, then))
        self._look_ahead(group)
        self._runtime.emit(Persist(write))

    def _pop(self, write: Write) -> _Staged:
        if not self._staged or self._staged[0].write.sequence != write.sequence:
            raise ValueError(f"write {write.sequence} is not the oldest one that is staged")
        staged = self._staged.popleft()
        if not staged.commands:
            self._learning -= 1
        if not self._staged:
            self._ahead.clear()
        return staged

    def _answer_followers(self, sequence: int) -> None:
        for command in self._followers.pop(sequence, ()):
            value = self._ledger.value(command.name)
            if value >= command.value:
                self._answers.done(command.level, command.ticket, value)
            else:
                self._answers.failed(command.ticket, value)


def _sum(commands: Sequence[_Command]) -> int:
    return sum([command.amount for command in commands])
