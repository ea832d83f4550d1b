"""What becomes of counters with sources as time passes."""

from __future__ import annotations

from gossipd.protocol import Asked, Bounded, Change, Increment, ProtocolConfig, Reset, Stated
from gossipd.protocol.counters.ahead import UNKNOWN
from gossipd.protocol.counters.upkeep import GRACE_MS
from gossipd.protocol.effects import Effect
from gossipd.protocol.wire import Group, Row, Said
from tests.protocol.conversation import make_node, writes_of

KEPT = 2000.0
"""Seconds for which what was deleted is kept here."""


class Alone:
    """A node without peers, whose writes are on disk at once."""

    def __init__(self, number: int = 1, *, forget_after: float = KEPT) -> None:
        self.node = make_node(number, ProtocolConfig(forget_after=forget_after))
        self.now = 0.0
        self.done(self.node.start(0.0))

    def do(self, asked: Asked) -> None:
        """Carries a change out."""
        self.done(self.node.increments([Increment([asked], "local", 1)], self.now))

    def hear(self, other: Alone) -> None:
        """Takes all that another node knows."""
        self.done(self.node.restored(other.node.state().groups, self.now))

    def wait(self, seconds: float) -> None:
        """Lets time pass."""
        end = self.now + seconds
        while (due := self.node.next_timeout()) is not None and due <= end:
            self.now = max(self.now, due)
            self.done(self.node.handle_timeout(self.now))
        self.now = end
        self.done(self.node.handle_timeout(end))

    def rows(self) -> list[Row]:
        """Returns all rows."""
        return [row for group in self.node.state().groups for row in group.rows]

    def slots(self) -> list[tuple[str, bytes]]:
        """Returns name and source of all rows, the latter empty for an owner's about itself."""
        return sorted((row.name, getattr(row, "source", b"")[:1]) for row in self.rows())

    def values(self) -> dict[str, int]:
        """Returns all counters but the default one."""
        page = self.node.values().page()
        return {name: value for name, value in page if name != "default"}

    def hear_group(self, group: Group) -> None:
        """Takes rows as a peer pushes them."""
        self.node._counters.writes.merge(group, UNKNOWN)

    def done(self, effects: list[Effect]) -> None:
        """Reports all writes as kept."""
        for write in writes_of(effects):
            self.done(self.node.persisted(write, self.now))


def met(one: Alone, other: Alone) -> None:
    """Lets two nodes tell each other all."""
    one.hear(other)
    other.hear(one)


def test_an_owner_takes_a_reset_over() -> None:
    """And the row of whoever made it is dropped a minute later, by both."""
    one, other = Alone(1), Alone(2)
    one.do(Change("a", 5))
    other.hear(one)
    other.do(Reset("a"))
    one.hear(other)
    assert [("a", b""), ("a", b"o")] == one.slots()
    one.wait(1)
    other.hear(one)
    for each in one, other:
        each.wait(59)
        assert 2 == len(each.rows())
        each.wait(3)
        assert ([("a", b"")], {"a": 0}) == (each.slots(), each.values())
    # What was dropped is not missed.
    one.do(Change("a", 2))
    met(one, other)
    assert {"a": 2} == one.values() == other.values()


def test_one_row_is_left_of_a_client() -> None:
    """That of the log which has the largest total."""
    one, other = Alone(1), Alone(2)
    one.do(Stated("a", "x", 5))
    other.do(Stated("a", "x", 7))
    met(one, other)
    for each in one, other:
        each.wait(62)
        assert ([7], {"a": 7}) == ([row.total for row in each.rows()], each.values())


def test_the_row_of_a_key_that_counted_more_stays() -> None:
    """Two nodes may have counted a key to a limit that each saw differently."""
    one, other = Alone(1), Alone(2)
    other.do(Change("a", 3))
    one.do(Bounded("a", 5, limit=5, key="x"))
    other.do(Bounded("a", 5, limit=5, key="x"))
    met(one, other)
    value = one.values()
    assert value == other.values() == {"a": 8}
    for each in one, other:
        each.wait(62)
    again = Alone(3)
    again.hear(one)
    assert value == again.values()


def test_what_was_dropped_does_not_come_back_from_the_store() -> None:
    """It held the rows when it could not be written any more."""
    one = Alone()
    one.do(Change("a", 5))
    kept = one.node.state().groups
    one.do(Reset("a", delete=True))
    one.wait(KEPT + 2)
    one.done(one.node.restored(kept, one.now))
    assert ([], {}) == (one.rows(), one.values())


def test_an_owner_that_came_further_elsewhere_is_given_up() -> None:
    """A row about this process says so, as one of a copy of it does."""
    one = Alone()
    one.do(Change("a", 5))
    [owner] = [group.owner for group in one.node.state().groups]
    said = Said(1, "a", b"o" + owner, 2**40, 5, 2**40, 5)
    one.hear_group(Group(b"p" * 16, 0, 1, [], [said]))
    one.do(Change("a", 2))
    assert {"a": 2} == one.values()


def test_what_has_expired_is_dropped_after_a_while() -> None:
    """It is absent from its end on, and what is counted later begins with nothing."""
    one, other = Alone(1), Alone(2)
    one.do(Bounded("a", 5, ttl=3000))
    other.hear(one)
    one.wait(2)
    assert {"a": 5} == one.values()
    one.wait(1)
    assert ({}, 0, 1) == (one.values(), len(one.node.values()), len(one.rows()))
    one.wait(GRACE_MS / 1000 + 59)
    assert 1 == len(one.rows())
    one.wait(3)
    assert [] == one.rows()
    one.do(Bounded("a", 2, ttl=3000))
    # The other has the old row still, and the new one does not count on with it.
    other.wait(GRACE_MS / 1000)
    other.hear(one)
    other.wait(4)
    assert {"a": 2} == one.values() == other.values()


def test_an_owner_prolongs_what_others_prolonged() -> None:
    """Once its own end has passed: so who has dropped its row by then is told it again."""
    one, other = Alone(1), Alone(2)
    one.do(Bounded("a", 5, ttl=3000))
    other.hear(one)
    other.do(Bounded("a", 1, ttl=2 * GRACE_MS))
    one.hear(other)
    assert 2 == len({row.until for row in one.rows()})
    one.wait(5)
    assert 1 == len({row.until for row in one.rows()})
    for each in one, other:
        each.wait(1.5 * GRACE_MS / 1000)
        assert {"a": 6} == each.values()


def test_what_was_deleted_is_kept_for_as_long_as_members_are() -> None:
    """By the node's own time since it saw the delete."""
    one = Alone()
    one.do(Change("a", 5))
    one.do(Reset("a", delete=True))
    one.wait(KEPT)
    assert ([("a", b"")], {}) == (one.slots(), one.values())
    one.wait(2)
    assert [] == one.rows()
    one.do(Change("a", 2))
    assert {"a": 2} == one.values()


def test_a_counter_that_is_counted_again_is_not_dropped() -> None:
    """And the time begins anew with a later delete."""
    one = Alone()
    one.do(Change("a", 5))
    one.do(Reset("a", delete=True))
    one.wait(KEPT / 2)
    one.do(Change("a", 2))
    one.wait(KEPT)
    assert {"a": 2} == one.values()
    one.do(Reset("a", delete=True))
    one.wait(KEPT / 2)
    assert [("a", b"")] == one.slots()


def test_what_was_deleted_is_kept_where_nothing_is_forgotten() -> None:
    """As `forget_after` 0 has it."""
    one = Alone(forget_after=0)
    one.do(Change("a", 5))
    one.do(Reset("a", delete=True))
    one.wait(10 * KEPT)
    assert [("a", b"")] == one.slots()


def test_what_an_owner_that_is_gone_counted_stays_with_its_counter() -> None:
    """It cannot prolong its row, and others do so for the counter; without them it goes."""
    gone, one, other = Alone(1), Alone(2), Alone(3)
    gone.do(Bounded("a", 5, ttl=3000))
    met(gone, one)
    one.do(Bounded("a", 1, ttl=2 * GRACE_MS))
    one.wait(1.5 * GRACE_MS / 1000)
    other.wait(1.5 * GRACE_MS / 1000)
    other.hear(one)
    assert {"a": 6} == one.values() == other.values()
    assert 6 == one.node.values().busiest(0)[1]
    one.wait(2 * GRACE_MS / 1000)
    assert [] == one.rows()


def test_what_an_owner_that_is_gone_counted_is_not_dropped_by_a_delete() -> None:
    """Its row does not say so itself, and came back if it were heard of without the other one."""
    gone, one = Alone(1), Alone(2)
    gone.do(Change("a", 5))
    one.hear(gone)
    one.do(Reset("a", delete=True))
    one.wait(2 * KEPT)
    assert ([("a", b""), ("a", b"o")], {}) == (one.slots(), one.values())
