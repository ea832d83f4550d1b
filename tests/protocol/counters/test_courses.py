"""Logs that are told in pieces: what a node vouches for is here, whatever is lost or comes late."""

from __future__ import annotations

from itertools import permutations
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.courses import Told
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.owner_log import OwnerLog
from gossipd.protocol.wire import Entry, Group, empty_group_bytes

OWNER = b"o" * 16
NAMES = "abcdef"
TELLERS = [((f"10.0.0.{number}", 1), 1) for number in range(4)]
BUDGET = empty_group_bytes(0, 99) + 20
"""As many bytes as a piece of two or three entries takes."""

Flight = tuple[int, Group, Told]
"""A piece on its way: to whom, and what."""


class World:
    """Nodes that tell each other the log of the first one, in pieces."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.nodes = [Ledger(b"key") for _ in range(4)]
        self.tellers = list(TELLERS)
        self.written: list[str] = []
        self.wire: list[Flight] = []

    def write(self) -> None:
        """Counts under some name."""
        self.written.append(self.rng.choice(NAMES))
        version = len(self.written)
        entry = Entry(version, self.written[-1], 0, version)
        self.nodes[0].apply(Group(OWNER, version - 1, version, [entry]))

    def tell(self, one: int, other: int, pieces: int = 1) -> None:
        """Sends the next pieces of what a node lacks."""
        source = self.nodes[one]
        [have] = source.haves([OWNER])
        [theirs] = self.nodes[other].haves([OWNER])
        told = self.nodes[other].told(OWNER, self.tellers[one][0])
        since = max(theirs.version, theirs.newest)
        if have.version > theirs.version or (have.newest or have.version) == since:
            since = max(theirs.version, told)
        if have == theirs:
            return
        for _ in range(pieces):
            group, whole = source.group(OWNER, since, BUDGET)
            if group is not None:
                cut = None if whole else source.have(OWNER)
                self.wire.append((other, group, Told(self.tellers[one], cut)))
            if whole or group is None:
                break
            since = group.entries[-1].version

    def deliver(self, number: int) -> bool:
        """Delivers one piece, and checks what its receiver vouches for. Returns if it was news."""
        to, group, told = self.wire.pop(number)
        news = self.nodes[to].apply(group, told)
        self.check(self.nodes[to])
        return news

    def check(self, node: Ledger) -> None:
        """Of each change that a node vouches for it has the entry, or a newer one of its slot."""
        log = node.owners.get(OWNER, OwnerLog())
        for version, name in enumerate(self.written[: log.have], 1):
            assert name in log.entries
            assert log.entries[name].version >= version

    def restart(self, number: int) -> None:
        """Puts a process in place of one, which has its entries or nothing, and no course."""
        again = Ledger(b"key")
        for group in self.nodes[number].all_groups() if self.rng.random() < 0.7 else ():
            again.apply(group)
        self.nodes[number] = again
        address, process = self.tellers[number]
        self.tellers[number] = (address, process + 1)


def play(seed: int, steps: int, *, late: bool) -> World:
    """Plays a random history; pieces are lost. If `late` only the owner tells, and in any order."""
    world = World(seed)
    rng = world.rng
    for _ in range(steps):
        drawn = rng.random()
        if drawn < 0.3 or not world.written:
            world.write()
        elif drawn < 0.6:
            one, other = rng.sample(range(4), 2)
            if other and not (late and one):
                world.tell(one, other, rng.choice((1, 1, 3)))
        elif drawn < 0.65 and world.wire:
            del world.wire[rng.randrange(len(world.wire))]
        elif drawn < 0.68:
            world.restart(rng.randrange(1, 4))
        elif world.wire:
            world.deliver(rng.randrange(len(world.wire)) if late else 0)
    return world


@given(st.integers(0, 2**32), st.booleans())
def test_what_is_vouched_for_is_here(seed: int, late: bool) -> None:
    """Whoever tells it, in whatever pieces."""
    play(seed, 60, late=late)


@given(st.integers(0, 2**32))
def test_those_that_are_left_agree(seed: int) -> None:
    """After the owner is lost they have the same gates and the same content."""
    world = play(seed, 60, late=False)
    world.wire.clear()
    for one, other in 8 * list(permutations((1, 2, 3), 2)):
        for _ in range(20):
            world.tell(one, other)
            if not world.wire or not world.deliver(0):
                break
    left = world.nodes[1:]
    assert 1 == len({node.fingerprint.total for node in left})
    assert 1 == len({repr(node.all_groups()) for node in left})


def heard(log: OwnerLog, group: Group, told: Told) -> int:
    """Lets a log take a group in, and returns the version up to which it vouches then."""
    for entry in group.entries:
        log.put(entry.slot, entry)
    log.hear(group, told)
    return log.have


def test_two_tellers_are_not_joined() -> None:
    """One leaves an entry out that it has anew beyond a gap, and the other one has not that."""
    log, (one, other) = OwnerLog(), TELLERS[:2]
    assert 0 == heard(log, Group(OWNER, 0, 0, [Entry(2, "a", 0, 1)]), Told(one, cut=4))
    last = Group(OWNER, 2, 4, [Entry(4, "b", 0, 1)])
    assert 0 == heard(log, last, Told(other))
    assert 4 == heard(log, last, Told(one))
    assert log.course is None


def test_another_teller_takes_over_when_the_first_is_silent() -> None:
    """Not at once: of two that tell the same at a time the first goes on."""
    log, (one, other) = OwnerLog(), TELLERS[:2]
    piece = Group(OWNER, 0, 0, [Entry(2, "a", 0, 1)])
    tellers = []
    for teller in (one, other, other):
        heard(log, piece, Told(teller, cut=4))
        assert log.course is not None
        tellers.append(log.course.teller)
    assert [one, one, other] == tellers


def test_a_process_that_was_started_anew_begins_anew() -> None:
    """It may have lost what the one before it had told."""
    log, (address, number) = OwnerLog(), TELLERS[0]
    heard(log, Group(OWNER, 0, 0, [Entry(2, "a", 0, 1)]), Told((address, number), cut=4))
    last = Group(OWNER, 2, 4, [Entry(4, "b", 0, 1)])
    assert 0 == heard(log, last, Told((address, number + 1)))
    assert log.course is None


def test_a_teller_that_filled_a_gap_tells_what_it_had_passed_over() -> None:
    """It had 1 and 3, told both, and got 2 only then."""
    log, teller = OwnerLog(), TELLERS[0]
    log.put("z", Entry(9, "z", 0, 1))
    log.hear(Group(OWNER, 8, 8, []), Told())
    heard(log, Group(OWNER, 0, 0, [Entry(2, "a", 0, 1), Entry(5, "b", 0, 1)]), Told(teller, cut=3))
    assert 0 == heard(log, Group(OWNER, 5, 9, [Entry(6, "c", 0, 1)]), Told(teller))


def test_what_lies_beyond_a_gap_is_compared() -> None:
    """Of two nodes with the same newest entry one may lack another, and the owner be gone."""
    one, other = Ledger(b"key"), Ledger(b"key")
    entries = [Entry(2, "a", 0, 1), Entry(4, "b", 0, 1)]
    one.apply(Group(OWNER, 1, 1, entries))
    other.apply(Group(OWNER, 3, 3, entries[1:]))
    assert one.fingerprint.total != other.fingerprint.total
    assert one.haves([OWNER]) != other.haves([OWNER])
    other.apply(Group(OWNER, 1, 1, entries[:1]))
    assert one.fingerprint.total == other.fingerprint.total
    assert one.haves([OWNER]) == other.haves([OWNER])
