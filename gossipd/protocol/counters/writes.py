"""Increments and syncs: each is staged, persisted, and only then told.

**Persist, then tell.** Own slots, own floors and floors learned from others pass one ordered queue
of writes. A write takes effect in memory, in an answer and on the wire only when the driver reports
it as persisted, exactly as it was staged. Otherwise a crash could take back what a client or
another node has seen already. What else others counted needs no such wait: its owner has it on
disk. It is recorded, which survives this process.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from msgspec import structs

from ..address import Address
from ..effects import Persist, Record, Write
from ..events import OwnerRenewed, OwnerRetired
from ..membership import Peer
from ..outbox import Outbox
from ..part import Admits, Handler, Part
from ..runtime import Runtime
from ..wire import DEFAULT, Confirm, Entry, Group, Push, Row, Spread
from .ahead import MOST_TOLD, UNKNOWN, Ahead, Staged
from .answers import Answers
from .commands import Command, Increment
from .courses import Told
from .floors import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded
from .heirs import Ancestor, claim_row
from .inheritance import ancestors, bundle
from .ledger import Ledger
from .newcomers import is_admitted
from .owner_log import group_of
from .plan import Plan
from .pushes import Pushes
from .relays import Relays
from .rows import capped, rank_said
from .sources import Source


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
        self._staged: deque[Staged] = deque()
        self._learning = 0  # how many of the staged writes were told by peers
        # Commands that change nothing if the writes staged before them succeed, by the sequence
        # number of the last of those writes.
        self._followers: dict[int, list[Command]] = {}
        # What `afterwards` was asked to call, by the sequence number of the write waited for.
        self._afterwards: dict[int, list[Callable[[], None]]] = {}
        self._ahead = Ahead(ledger, runtime.wall_ms)
        self._sequence = self._version = 0
        self._owner = b""
        self._drew = False  # any id, the first of which claims the last one of the directory
        self._copied: list[bytes] = []  # ids given up because a copy of this process has them

    def increment(self, asked: Sequence[Increment]) -> None:
        """Carries the changes of all requests out in one write, and answers each by itself.

        Raises LimitExceeded if a value would leave ±(2**53 - 1) or there are as many counters as
        there may be, and ValueError for a name, an amount or an ack level that is not allowed.
        Nothing is counted then.
        """
        commands = [
            Command(self._answers.level(ack), ticket, changes, requests=requests)
            for changes, ack, ticket, requests in asked
        ]
        rows = self._plan().carry_out(commands)
        if rows:
            self._stage_own(rows, commands)
        elif self._staged:
            self._followers.setdefault(self._sequence, []).extend(commands)
        else:
            self._answer_done(commands)

    def runs_as(self, owner: bytes) -> bool:
        """Returns whether this process counts under an id, did so, or is about to learn of it."""
        staged = [each.group.owner for each in self._staged]
        return owner in (self._owner, *self._copied, *staged)

    def ancestors(self) -> list[Ancestor]:
        """Returns the ids that the present one may take over, none while writes are staged."""
        return [] if self._staged else ancestors(self._ledger, self._owner)

    def inherit(self, found: Iterable[Ancestor]) -> None:
        """Takes over what ancestors counted, all of whom `ancestors` returns."""
        self._stage_own(bundle(self._ledger, self._owner, found, self._version))

    def restate(self, changed: Mapping[str, Iterable[Source]]) -> None:
        """Writes rows anew, under the present owner id, of which more is known by now."""
        if self._owner:
            rows = self._plan().restate(changed)
            if rows:
                self._stage_own(rows)

    def sync(self, value: int, ack: str | None, ticket: int) -> None:
        """Raises `DEFAULT` to `value` if it is lower.

        Raises LimitExceeded for a value beyond 2**53 - 1 or a counter with 100,000 floors, and
        ValueError for a negative value or an unknown ack level. Nothing is changed then.
        """
        command = Command(self._answers.level(ack), ticket, value=value)
        if value < 0:
            raise ValueError("count: must not be negative")
        if value > VALUE_LIMIT:
            raise LimitExceeded(f"the counter cannot pass {VALUE_LIMIT}")
        counter = self._ledger.default
        if value > self._ahead.value(DEFAULT):
            if counter.floors >= FLOOR_LIMIT and not self._ahead.may_raise():
                raise LimitExceeded(f"the counter was raised {FLOOR_LIMIT} times")
            self._own_id()
            self._stage_own([Entry(self._version + 1, DEFAULT, value, 0)], [command])
        elif self._staged:
            # The write because of which there is nothing to do may not be on disk yet. If it
            # fails, this sync fails with it.
            self._followers.setdefault(self._sequence, []).append(command)
        else:
            self._answer_done([command])

    def merge(self, group: Group, told: Told, then: Callable[[], None] | None = None) -> bool:
        """Merges entries of another owner, or of a former owner id of this node, as a peer told.

        A group that brings a new floor is staged, and so is every group that arrives while such a
        group is in the queue, so that none overtakes another. Any other group takes effect at once.
        A group that is in the queue already, or finds `MOST_TOLD` in it, is not staged, and its
        `then` is dropped: it is told again, as if it had been lost on its way. Otherwise `then` is
        called once the entries are in effect. Returns whether the group was news, or was staged.
        """
        group = capped(group)
        owner = self._owner
        reported = group.newest if group.owner == owner else rank_said(group, owner)
        if reported > self._version:
            self._retire(reported)
        if self._learning or self._ledger.learned_floor(group):
            full = self._learning >= MOST_TOLD
            if full or any(group == staged.group for staged in self._staged):
                return False
            self._learning += 1
            self._stage(group, then=then, told=told)
            return True
        news = self._apply(group, told)
        if self._owner in self._ledger.heirs.closed:
            self._retire(self._version)
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
        told = UNKNOWN
        if push.complete:
            cut = push.complete if push.group.upto < push.complete else None
            told = Told(peer.process, cut)
        then = partial(self._confirm, push.number, push.group.owner, peer.source)
        if is_admitted(self._runtime, self._ledger, push.group, peer.sender.id):
            self.merge(push.group, told, then)

    def on_spread(self, spread: Spread, peer: Peer) -> None:
        """Merges what a peer counted, confirms it, and passes it on to a branch of the cluster."""
        if not is_admitted(self._runtime, self._ledger, spread.group, peer.sender.id):
            return
        then = partial(self._confirm, spread.number, spread.group.owner, peer.source)
        self.merge(spread.group, UNKNOWN, then)
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
        self._ledger.heirs.draw(write.line)
        if not staged.own:
            self._apply(staged.group, staged.told, kept=True)
        elif staged.group.owner in self._copied:
            # A copy of this process may have made this very write. It must not count anew under the
            # next id; its clients are told of no holders.
            self._ledger.apply(staged.group)
            self._fail(staged.commands)
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
        self._fail(staged.commands)
        if staged.own and staged.group.owner == self._owner:
            self._new_id()
        self._ahead.begin(later.group for later in self._staged)
        self._answer_followers(write.sequence, failed=True)
        # They are dropped: going on at once would fail again at once.
        self._afterwards.pop(write.sequence, None)

    def restored(self, groups: Iterable[Group]) -> None:
        """Merges what the store was found to hold, but not what was dropped here meanwhile."""
        for group in groups:
            self._ledger.apply(self._ledger.unknown_part(group))
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

    def _apply(self, group: Group, told: Told, *, kept: bool = False) -> bool:
        have = self._ledger.have(group.owner)
        news = self._ledger.apply(group, told)
        # After a restart nobody knows who told it. What it completed here is complete then.
        upto = self._ledger.have(group.owner)
        if news and (not kept or have < upto):
            self._runtime.emit(Record(structs.replace(group, since=have, upto=upto)))
        return news

    def _confirm(self, number: int, owner: bytes, to: Address) -> None:
        self._outbox.send(to, Confirm(number, owner, self._ledger.have(owner)))

    # Owner ids

    def _own_id(self) -> bytes:
        if not self._owner:
            line = b"" if self._drew else self._ledger.heirs.line
            self._new_id()
            if line:
                self._stage_own([claim_row(1, line)])
        return self._owner

    def _new_id(self) -> None:
        self._drew = True
        self._answers.give_up()
        self._owner = self._ledger.heirs.new_id(self._runtime.rng.randbytes, self._ledger.owners)
        self._version = 0
        self._pushes.reset(self._owner)

    def _retire(self, reported: int) -> None:
        """Gives the owner id up: a peer has a later version of it, so this process was set back."""
        self._runtime.notify(OwnerRetired(self._owner.hex(), self._version, reported))
        self._copied.append(self._owner)
        self._new_id()

    # Own writes

    def _plan(self) -> Plan:
        most, clock = self._runtime.config.max_counters, self._runtime.wall_ms()
        return Plan(self._ahead, self._own_id(), self._version, clock, most)

    def _stage_own(self, rows: Sequence[Row], commands: Sequence[Command] = ()) -> None:
        """Stages rows under this process's owner id, which have its next versions, in order."""
        group = group_of(self._owner, self._version, rows[-1].version, rows)
        self._version = group.upto
        self._stage(group, commands, own=True)

    def _take_effect(self, commands: Sequence[Command], group: Group) -> None:
        """Applies a write that is on disk, and tells peers and clients of it.

        Only now does what a client asked for become visible: in the value, in a push, in answers.
        Changes that share the write are answered each with the value after it, in order. With
        sources, that is reckoned back from the value after all of them. But a higher floor may have
        come in since staging. Then `DEFAULT` rose by less than their sum, or not at all, and each
        is answered with the value after all of them.

        The owner id may have changed since staging, too. Pushes and confirms are about the present
        id alone: a write under a former one is answered at once, and left to anti-entropy.
        """
        present = group.owner == self._owner
        told = [command.steps() for command in commands]
        steps = [step for its in told for step in its]
        values = {entry.name: self._ledger.value(entry.name) for entry in group.entries}
        expected = self._ledger.default.value + sum(by for name, by in steps if name == DEFAULT)
        self._ledger.apply(group)
        if self._ledger.default.value != expected:
            values.pop(DEFAULT, None)
        sources = self._ledger.names.sources
        last = {name: self._ledger.value(name) for name, _ in steps if name in sources}
        values |= last
        for name, by in steps:
            if name in last:
                values[name] -= by
        if present:
            self._pushes.push()
        for command, its in zip(commands, told, strict=True):
            counts = self._counts(its, values)
            if present:
                self._answers.add(command, group.upto, counts)
            else:
                self._answers.alone(command, counts)

    def _counts(self, steps: Sequence[tuple[str, int]], values: dict[str, int]) -> tuple[int, ...]:
        """Returns the values after each change of a command, and changes `values` to those.

        A counter that is not in `values` rose otherwise than in order.
        """
        counts = []
        for name, by in steps:
            if name in values:
                values[name] += by
                counts.append(values[name])
            else:
                counts.append(self._ledger.value(name))
        return tuple(counts or [self._ledger.default.value])

    def _answer_done(self, commands: Iterable[Command]) -> None:
        """Answers commands for which there is nothing to write."""
        for command in commands:
            self._answers.done(command, self._counts(command.steps(), {}))

    def _fail(self, commands: Iterable[Command]) -> None:
        for command in commands:
            self._answers.failed(command, self._counts(command.steps(), {}))

    # The queue

    def _stage(
        self,
        group: Group,
        commands: Sequence[Command] = (),
        then: Callable[[], None] | None = None,
        *,
        own: bool = False,
        told: Told = UNKNOWN,
    ) -> None:
        self._sequence += 1
        write = Write(self._sequence, (group,), group.owner if own and not group.since else b"")
        self._staged.append(Staged(write, own, commands, then, told))
        self._ahead.add(group)
        self._runtime.emit(Persist(write))

    def _pop(self, write: Write) -> Staged:
        if not self._staged or self._staged[0].write.sequence != write.sequence:
            raise ValueError(f"write {write.sequence} is not the oldest one that is staged")
        staged = self._staged.popleft()
        self._learning -= not staged.own
        if not self._staged:
            self._ahead.begin()
        return staged

    def _answer_followers(self, sequence: int, *, failed: bool = False) -> None:
        for command in self._followers.pop(sequence, ()):
            lacks = failed if command.changes else self._ledger.default.value < command.value
            (self._fail if lacks else self._answer_done)([command])
