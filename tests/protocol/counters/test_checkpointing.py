"""A checkpoint and the log after its beginning have all that a ledger has."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from gossipd.protocol import Entry, Group, Ledger, Said
from gossipd.protocol.counters import checkpoint

OWNERS = [bytes([number]) * 16 for number in range(3)]


class Kept:
    """A ledger, and a log of what it merged, which a checkpoint shortens."""

    def __init__(self) -> None:
        self.ledger = Ledger(b"")
        self.log: list[Group] = []

    def hear(self, group: Group) -> None:
        """Merges a group, and logs it as a node records it: with what it completes."""
        have = self.ledger.have(group.owner)
        if self.ledger.apply(group):
            upto = self.ledger.have(group.owner)
            self.log.append(structs.replace(group, since=have, upto=upto))

    def replayed(self) -> Ledger:
        """Returns what a process that starts has."""
        ledger = Ledger(b"")
        for group in self.log:
            ledger.apply(group)
        return ledger


def a_group(rng: Random) -> Group:
    """Rows of one owner: new or old, with a gap before them or not, of counters of each kind."""
    version = rng.randint(1, 30)
    since = rng.randint(max(0, version - 3), version - 1)
    versions = sorted(rng.sample(range(since + 1, version + 1), rng.randint(1, version - since)))
    entries = [Entry(n, rng.choice(("x", "y", "z", "default")), 0, n) for n in versions]
    said = [Said(each.version, "s", rng.choice((b"", b"o")), 1, 1) for each in entries[1:]]
    return Group(rng.choice(OWNERS), since, version, entries[:1], said)


def rows(ledger: Ledger) -> object:
    """Returns all rows, and up to which version each owner is complete."""
    return {
        owner: (log.have, {row.slot: row for row in log.after(-1)})
        for owner, log in ledger.owners.items()
    }


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6))
def test_what_is_left_of_the_log_is_all_there_is(seed: int, most: int) -> None:
    """Whatever is heard between two pieces; also while the checkpoint is under way."""
    rng, kept = Random(seed), Kept()
    for _ in range(2):
        for _ in range(rng.randint(0, 30)):
            kept.hear(a_group(rng))
        begun = len(kept.log)
        for piece in checkpoint(kept.ledger, most):
            kept.log += piece
            for _ in range(rng.choice((0, 0, 1, 5))):
                kept.hear(a_group(rng))
            assert rows(kept.replayed()) == rows(kept.ledger)
        del kept.log[:begun]
        assert rows(kept.replayed()) == rows(kept.ledger)


def test_pieces_have_as_many_rows_and_owners_as_they_are_to() -> None:
    """Of one owner with many rows, and of many with one."""
    ledger = Ledger(b"")
    entries = [Entry(version, f"n{version}", 0, version) for version in range(1, 26)]
    ledger.apply(Group(OWNERS[0], 0, 25, entries))
    pieces = list(checkpoint(ledger, 10))
    assert [10, 10, 5] == [len(group.rows) for piece in pieces for group in piece]
    assert [0, 0, 25] == [group.upto for piece in pieces for group in piece]
    many = Ledger(b"")
    for number in range(25):
        many.apply(Group(number.to_bytes(16, "big"), 0, 1, [Entry(1, "n", 0, 1)]))
    assert [5, 5, 5, 5, 5] == [len(piece) for piece in checkpoint(many, 10)]


def test_rows_of_one_version_stay_together() -> None:
    """An owner that was set back gave it twice, and the next piece begins after it."""
    ledger = Ledger(b"")
    ledger.apply(Group(OWNERS[0], 0, 1, [Entry(1, "a", 0, 1)]))
    ledger.apply(Group(OWNERS[0], 0, 1, [Entry(1, "b", 0, 1)]))
    ledger.apply(Group(OWNERS[0], 1, 2, [Entry(2, "c", 0, 1)]))
    pieces = [[row.name for row in group.rows] for [group] in checkpoint(ledger, 1)]
    assert [["a", "b"], ["c"]] == pieces


def test_what_was_dropped_is_not_in_it() -> None:
    """So a store keeps it until the next checkpoint at most, and so what an heir has taken over."""
    kept = Kept()
    for owner in OWNERS[:2]:
        kept.hear(Group(owner, 0, 2, [Entry(1, "a", 0, 1), Entry(2, "b", 0, 1)]))
    pieces = checkpoint(kept.ledger, 1)
    kept.log = list(next(pieces))
    kept.ledger.drop(OWNERS[0], "b")
    del kept.ledger.owners[OWNERS[1]]
    for piece in pieces:
        kept.log += piece
    assert {OWNERS[0]: (2, {"a": Entry(1, "a", 0, 1)})} == rows(kept.replayed())
