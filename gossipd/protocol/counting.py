"""Increments and syncs: staged, persisted, then told.

Own slots, own floors and learned floors pass one ordered queue of writes. Each takes effect in
memory, in an answer and on the wire only once the driver has reported it as persisted, exactly as
staged. A command that finds earlier writes still staged builds upon what they will give.
"""

from __future__ import annotations

from collections import deque

import attrs

from .answers import Answers
from .counter import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded, Slot
from .effects import Persist, Write
from .events import ReplicaRetired
from .ledger import Ledger
from .members import Member
from .messages import Confirm, Entry, Group
from .outbox import Outbox
from .pushes import Pushes

_Ticket = tuple[str, int]  # ack level, ticket


@attrs.frozen
class _Staged:
    """A write under way. `name` and `ticket` are of the command that waits for it, if one does."""

    write: Write
    name: str
    ticket: _Ticket | None


class Counting:
    """This process's own counting, under one owner id that it alone writes."""

    def __init__(self, outbox: Outbox, ledger: Ledger, pushes: Pushes, answers: Answers) -> None:
        self._out = outbox
        self._ledger = ledger
        self._pushes = pushes
        self._answers = answers
        self._staged: deque[_Staged] = deque()
        self._followers: dict[int, list[tuple[str, _Ticket]]] = {}
        # Per counter the slots that staged writes give; others' floors are among them.
        self._ahead: dict[str, dict[tuple[bytes, int], int]] = {}
        self._sequence = 0
        self._former: list[bytes] = []
        self._owner = b""
        self._version = 0

    def increment(self, name: str, amount: int, ack: str | None, ticket: int) -> None:
        """Adds `amount` to the counter.

        Raises LimitExceeded if the value would pass 2**53 - 1, ValueError for an amount below 1 or
        an unknown ack level; nothing is counted then.
        """
        level = self._answers.level(ack)
        if amount < 1:
            raise ValueError("amount: must be at least 1")
        ahead = self._ahead_of(name)
        counter = self._ledger.counter(name)
        if counter.value_with(ahead) + amount > VALUE_LIMIT:
            raise LimitExceeded(f"the counter cannot pass {VALUE_LIMIT}")
        owner = self._own_id()
        floor = max([counter.highest, *(slot[1] for slot in ahead)])
        mine = [count for by, under, count in ahead if by == owner and under == floor]
        count = max([counter.slot(owner, floor), *mine]) + amount
        self._stage_own(name, floor, count, (level, ticket))

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
        ahead = self._ahead_of(name)
        counter = self._ledger.counter(name)
        if value > counter.value_with(ahead):
            if counter.floors >= FLOOR_LIMIT:
                raise LimitExceeded(f"the counter was raised {FLOOR_LIMIT} times")
            self._stage_own(name, value, 0, (level, ticket))
        elif self._staged:
            # What makes this a no-op may not be on disk yet.
            self._followers.setdefault(self._sequence, []).append((name, (level, ticket)))
        else:
            self._answers.done(level, ticket, counter.value)

    def merge(self, group: Group) -> bool:
        """Takes over entries of another owner or of a former id of ours. Whether they were news."""
        if group.owner == self._owner:
            newest = max([group.upto, *(entry.version for entry in group.entries)])
            if newest > self._version:
                self._retire(newest)
        if self._ledger.learned_floor(group) or (self._staged and self._learning()):
            self._stage((group,), "", None)
            return False
        return self._ledger.apply(group)

    def persisted(self, write: Write) -> bool:
        """The oldest staged write is on disk and takes effect. Whether anything was news.

        Raises ValueError if it is not the oldest one: the driver reports in order.
        """
        staged = self._pop(write)
        news = False
        for group in write.groups:
            news |= self._ledger.apply(self._without_gap(group))
        if any(group.owner == self._owner for group in write.groups):
            self._pushes.push()
        if staged.ticket is not None:
            level, ticket = staged.ticket
            version = write.groups[0].upto
            self._answers.add(level, version, ticket, self._ledger.value(staged.name))
        for name, (level, ticket) in self._followers.pop(write.sequence, ()):
            self._answers.done(level, ticket, self._ledger.value(name))
        self._answers.settle()
        return news

    def on_confirm(self, confirm: Confirm, row: Member) -> None:
        """A peer told what it has of the owner id that a push was about."""
        if confirm.owner == self._owner and confirm.version > self._version:
            self._retire(confirm.version)
        elif self._pushes.on_confirm(confirm, row):
            self._answers.settle()

    def persist_failed(self, write: Write) -> None:
        """Whether the write is on disk is not known: nothing more is counted under its owner id."""
        staged = self._pop(write)
        if staged.ticket is not None:
            self._answers.failed(staged.ticket[1], self._ledger.value(staged.name))
            if write.groups[0].owner == self._owner:
                self._new_id()
        self._ahead.clear()
        for later in self._staged:
            self._look_ahead(later.write)
        for name, (_, ticket) in self._followers.pop(write.sequence, ()):
            self._answers.failed(ticket, self._ledger.value(name))

    @property
    def owner(self) -> bytes:
        """The id that this process counts under, empty before its first write."""
        return self._owner

    def _own_id(self) -> bytes:
        if not self._owner:
            self._owner = self._out.rng.randbytes(16)
            self._version = 0
            self._pushes.reset(self._owner)
        return self._owner

    def _new_id(self) -> None:
        self._former.append(self._owner)
        self._owner = b""
        self._own_id()

    def _retire(self, reported: int) -> None:
        """Somebody has more of our id than we do: this process is a copy that was set back."""
        self._out.notify(ReplicaRetired(self._owner.hex(), self._version, reported))
        self._new_id()

    def _learning(self) -> bool:
        return any(staged.ticket is None for staged in self._staged)

    def _ahead_of(self, name: str) -> list[Slot]:
        """Slots of this counter that are staged: they take effect before any later write."""
        return [(*key, count) for key, count in self._ahead.get(name, {}).items()]

    def _look_ahead(self, write: Write) -> None:
        for group in write.groups:
            for entry in group.entries:
                slots = self._ahead.setdefault(entry.name, {})
                key = (group.owner, entry.floor)
                slots[key] = max(slots.get(key, 0), entry.count)

    def _stage_own(self, name: str, floor: int, count: int, ticket: _Ticket) -> None:
        owner = self._own_id()
        self._version += 1
        entry = Entry(self._version, name, floor, count)
        self._stage((Group(owner, self._version - 1, self._version, [entry]),), name, ticket)

    def _stage(self, groups: tuple[Group, ...], name: str, ticket: _Ticket | None) -> None:
        self._sequence += 1
        write = Write(self._sequence, groups)
        self._staged.append(_Staged(write, name, ticket))
        self._look_ahead(write)
        self._out.effects.append(Persist(write))

    def _without_gap(self, group: Group) -> Group:
        """Nobody else writes a former id of this process: a write that failed leaves no gap."""
        if group.owner not in self._former:
            return group
        return Group(group.owner, self._ledger.have(group.owner), group.upto, group.entries)

    def _pop(self, write: Write) -> _Staged:
        if not self._staged or self._staged[0].write.sequence != write.sequence:
            raise ValueError(f"write {write.sequence} is not the oldest one that is staged")
        staged = self._staged.popleft()
        if not self._staged:
            self._ahead.clear()
        return staged
