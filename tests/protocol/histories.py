"""Small random histories of one counter on ledgers alone."""

from __future__ import annotations

from random import Random

from gossipd.protocol.counters.floors import Counter
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.wire import Entry, Group
from lab.search.orders import Entries, Operation, entries_of, has_effect_of, outcomes

NAME = "default"


class Replica:
    """A ledger with its disk, which counts by the rules of the counter.

    Each subclass breaks one rule, by a counter of its own or a method.
    """

    counter_type: type[Counter] = Counter

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.disk: list[Group] = []
        self.boot()

    def boot(self) -> None:
        """Starts from what is on disk, under a new owner id."""
        self.ledger = self.new_ledger()
        for group in self.disk:
            self.ledger.apply(group)
        self.owner = self.rng.randbytes(16)
        self.version = 0

    def new_ledger(self) -> Ledger:
        """Returns an empty ledger with a counter of the replica's type."""
        ledger = Ledger(b"")
        ledger.default = self.counter_type()
        return ledger

    def make(self, raises_to: int | None, amount: int) -> Entry | None:
        """Returns the entry that an operation writes, None if there is nothing to write."""
        counter = self.ledger.default
        if raises_to is not None:
            return self.sync(counter, raises_to) if raises_to > counter.value else None
        floor = counter.highest
        return self.numbered(floor, counter.slot(self.owner, floor) + amount)

    def sync(self, counter: Counter, value: int) -> Entry:
        """Returns the entry of a sync that raises the value."""
        return self.numbered(value, 0)

    def numbered(self, floor: int, count: int) -> Entry:
        """Returns an entry under the replica's next version."""
        self.version += 1
        return Entry(self.version, NAME, floor, count)

    def write(self, entry: Entry) -> None:
        """Persists an entry of this replica and lets it take effect."""
        group = Group(self.owner, entry.version - 1, entry.version, [entry])
        self.disk.append(group)
        self.ledger.apply(group)

    def entries(self) -> Entries:
        """Returns the entries that the replica has, by owner."""
        return entries_of(self.ledger.all_groups())

    def receive(self, group: Group) -> None:
        """Merges a group from another replica; one that brings a floor is persisted first."""
        if self.ledger.learned_floor(group):
            self.disk.append(group)
        self.ledger.apply(group)

    def send(self, to: Replica, budget: int, *, owners: int = 100) -> bool:
        """Sends what `to` lacks of some random owners, within a budget of bytes for each.

        Returns whether `to` lacks nothing of any owner afterwards.
        """
        every = list(self.ledger.owners)
        chosen = self.rng.sample(every, min(owners, len(every)))
        complete = len(chosen) == len(every)
        for owner in chosen:
            group, whole = self.ledger.group(owner, to.ledger.have(owner), budget)
            if group is not None:
                to.receive(group)
            complete = complete and whole
        return complete


def history(seed: int, replica_type: type[Replica] = Replica) -> tuple[list[int], set[int]]:
    """Runs one random history.

    Returns the replicas' final values, and those that sequential orders of its operations give.
    """
    rng = Random(seed)
    replicas = [replica_type(rng) for _ in range(3)]
    operations: list[Operation] = []
    wanted = rng.randint(2, 6)
    while len(operations) < wanted:
        replica = rng.choice(replicas)
        if rng.random() < 0.45:
            operations.append(_operate(rng, replica, operations))
        else:
            other = rng.choice([each for each in replicas if each is not replica])
            budget = rng.choice([90, 130, 200, 1300])
            replica.send(other, budget, owners=rng.choice([1, 2, 9]))
    for _ in range(8):
        for one in replicas:
            for other in replicas:
                if one is not other:
                    one.send(other, 1300)
    return [replica.ledger.value(NAME) for replica in replicas], outcomes(operations)


def _operate(rng: Random, replica: Replica, operations: list[Operation]) -> Operation:
    """Makes one random operation, which one time in five ends in a crash, and returns it."""
    raises_to = None if rng.random() < 0.6 else rng.randint(1, 12)
    amount = rng.choice([1, 1, 2, 5])
    entries = replica.entries()
    seen = frozenset(each.number for each in operations if has_effect_of(each, entries))
    owner = replica.owner
    entry = replica.make(raises_to, amount)
    crash = rng.random() < 0.2
    kept = not crash or rng.random() < 0.5
    if entry is not None and kept:
        replica.write(entry)
    if crash:
        replica.boot()
    number = len(operations)
    return Operation(number, raises_to, amount, not crash, owner, entry, seen)
