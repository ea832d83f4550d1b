"""Increments and syncs: staged, persisted, then told.

Own slots, own floors and learned floors pass one ordered queue of writes. Each takes effect in
memory, in an answer and on the wire only once the driver has reported it as persisted, exactly as
staged. A command that finds earlier writes still staged builds upon what they will give.
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
    """One of several increments that are written together; see `Node.increment`."""

    amount: int
    ack: str | None
    ticket: int


# Not frozen: one is made for every request, and a frozen one costs three times as much.
@attrs.define
class _Command:
    """An increment by `amount`, or a sync to `value`, and how it is answered."""

    name: str
    level: str
    ticket: int
    amount: int = 0
    value: int = 0


@attrs.frozen
class _Staged:
    """A write under way: of commands of ours, or what a peer told and what to do then."""

    write: Write
    commands: Sequence[_Command] = ()
    then: Callable[[], None] | None = None

    @property
    def group(self) -> Group:
        """Every write has one group."""
        return self.write.groups[0]


class Writes(Part):
    """The queue of writes: this process's own ones, under one owner id, and floors it learned."""

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
        self._learning = 0
        # Syncs that are no news if the staged writes before them succeed, by the last of those.
        self._followers: dict[int, list[_Command]] = {}
        self._afterwards: dict[int, list[Callable[[], None]]] = {}
        # Per counter the slots that staged writes give.
        self._ahead: dict[str, dict[tuple[bytes, int], int]] = {}
        self._sequence = 0
        self._owner = b""
        self._version = 0
        # Ids of this process that it gave up because a copy of it used them.
        self._copied: list[bytes] = []

    def increment(self, name: str, asked: Sequence[Increment]) -> None:
        """Adds to the counter, in one write, and answers each by itself.

        Raises LimitExceeded if the value would pass 2**53 - 1, ValueError for an amount below 1 or
        an unknown ack level; nothing is counted then.
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

        Raises LimitExceeded beyond 2**53 - 1 or 100,000 floors, ValueError for a negative value or
        an unknown ack level; nothing is changed then.
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
            # What makes this a no-op may not be on disk yet.
            self._followers.setdefault(self._sequence, []).append(command)
        else:
            self._answers.done(level, ticket, counter.value)

    def merge(self, group: Group, then: Callable[[], None] | None = None) -> bool:
        """Takes over entries of another owner or of a former id of ours. Whether they were news, or
        will be once they are on disk.

        `then` is called once they are in effect: at once, or when a floor that they bring is on
        disk. A group that is being written already is not staged twice, and its `then` is dropped.
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
        """Calls `call` once all that is staged now is on disk: at once if nothing is staged, never
        if the last of it fails.
        """
        if self._staged:
            self._afterwards.setdefault(self._sequence, []).append(call)
        else:
            call()

    def on_push(self, push: Push, peer: Peer) -> None:
        """Merges what a peer counted, and confirms it once it is in effect here."""
        self.merge(push.group, partial(self._confirm, push.number, push.group.owner, peer.source))

    def on_spread(self, spread: Spread, peer: Peer) -> None:
        """Merges what a peer counted, and passes it on to a branch of the cluster."""
        self.merge(
            spread.group, partial(self._confirm, spread.number, spread.group.owner, peer.source)
        )
        self._relays.relay(spread, peer.source)

    def on_confirm(self, confirm: Confirm, peer: Peer) -> None:
        """Takes what a peer has of our owner id, or of one that was passed on for another node."""
        assert peer.row is not None, "only members are admitted"
        if confirm.owner != self._owner:
            self._relays.on_confirm(confirm, peer.row)
        elif confirm.version > self._version:
            self._retire(confirm.version)
        elif self._pushes.on_confirm(confirm, peer.row):
            self._answers.settle()

    def persisted(self, write: Write) -> None:
        """The oldest staged write is on disk and takes effect.

        Raises ValueError if it is not the oldest one: the driver reports in order.
        """
        staged = self._pop(write)
        if not staged.commands:
            self._ledger.apply(staged.group)
        elif staged.group.owner in self._copied:
            # A copy counted in the same slot, and may have this very write: it must not count anew.
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
        """Whether the write is on disk is not known: nothing more is counted under its owner id."""
        staged = self._pop(write)
        for command in staged.commands:
            self._answers.failed(command.ticket, self._ledger.value(command.name))
        if staged.commands and staged.group.owner == self._owner:
            self._new_id()
        self._ahead.clear()
        for later in self._staged:
            self._look_ahead(later.group)
        self._answer_followers(write.sequence)
        # Going on at once would fail again at once.
        self._afterwards.pop(write.sequence, None)

    def restored(self, groups: Iterable[Group]) -> None:
        """Takes over what the store was found to hold: nothing of it waits to be persisted."""
        for group in groups:
            self._ledger.apply(group)
        self._answers.settle()

    def renew(self) -> None:
        """Counts on under a new id, since this process may be a copy that was set back: then what
        it counts must not meet, in one slot, what went on elsewhere.
        """
        if self._owner:
            self._runtime.notify(OwnerRenewed(self._owner.hex()))
            self._new_id()

    def waiting(self) -> Mapping[str, int]:
        """Returns how many writes are staged and not reported yet."""
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
        """Somebody has more of our id than we do: this process is a copy that was set back."""
        self._runtime.notify(OwnerRetired(self._owner.hex(), self._version, reported))
        self._copied.append(self._owner)
        self._new_id()

    # Own writes

    def _count(self, commands: Sequence[_Command]) -> None:
        """Stages what is to change: a raised slot under the highest floor, or a new floor."""
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
        """One write for increments of one counter together, or for one sync."""
        owner = self._own_id()
        self._version += 1
        entry = Entry(self._version, commands[0].name, floor, count)
        group = Group(owner, self._version - 1, self._version, [entry])
        self._stage(group, commands)

    def _take_effect(self, commands: Sequence[_Command], group: Group) -> None:
        present = group.owner == self._owner
        name = commands[0].name
        count = self._ledger.value(name)
        self._ledger.apply(group)
        value = self._ledger.value(name)
        apart = value - count == _sum(commands)
        if present:
            self._pushes.push()
        for command in commands:
            # If a higher floor came in between, they are part of it or add to it together.
            count = count + command.amount if apart else value
            if present:
                self._answers.add(command.level, group.upto, command.ticket, count)
            else:
                self._answers.alone(command.level, command.ticket, count)

    # The queue

    def _ahead_of(self, name: str) -> list[Slot]:
        """Slots of this counter that are staged: they take effect before any later write."""
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
