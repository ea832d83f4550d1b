"""The counters as clients read them."""

from __future__ import annotations

from gossipd.protocol import VALUE_LIMIT, Change, Increment
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.counters.values import Values
from gossipd.protocol.wire import DEFAULT, Entry, Group
from tests.protocol.conversation import answers_of, make_node, writes_of

OWNER = b"o" * 16


def test_what_is_shown_stays_within_the_limits() -> None:
    """Merges may bring a value beyond them."""
    ledger = Ledger(b"key")
    for owner in OWNER, b"p" * 16:
        ledger.apply(Group(owner, 0, 1, [Entry(1, "low", 0, -VALUE_LIMIT)]))
    assert (-VALUE_LIMIT, 1) == (
        Values(ledger, lambda: 0).value("low"),
        len(Values(ledger, lambda: 0)),
    )


def test_a_batch_is_told_values_within_the_limits() -> None:
    """Each of them, and not only the last."""
    node = make_node(1)
    owners = (OWNER, b"p" * 16)
    beyond = [Group(owner, 0, 1, [Entry(1, "high", 0, VALUE_LIMIT)]) for owner in owners]
    node.restored(beyond, 0.0)
    batch = (Change("high", -1), Change("other", 1))
    [write] = writes_of(node.increments([Increment(batch, "local", 1)], 0.0))
    [answer] = answers_of(node.persisted(write, 0.0))
    assert ((VALUE_LIMIT, 1), 1) == (answer.counts, answer.count)


def test_the_busiest_are_those_that_changed_most() -> None:
    """However many others changed now and then; their values are in one sum."""
    ledger, version = Ledger(b"key"), 0
    for turn in range(40):
        for name in ("busy", *(f"{turn} {number}" for number in range(60))):
            count = turn + 1 if name == "busy" else 2
            ledger.apply(Group(OWNER, version, version + 1, [Entry(version + 1, name, 0, count)]))
            version += 1
    ledger.apply(Group(OWNER, version, version + 1, [Entry(version + 1, DEFAULT, 0, 5)]))
    assert ([("busy", 40)], 2 * 40 * 60) == Values(ledger, lambda: 0).busiest(1)
    assert ([], 2 * 40 * 60 + 40) == Values(ledger, lambda: 0).busiest(0)


def test_changed_names_are_handed_over_once() -> None:
    """From the first call on, in the order of the last change; what is no news changes nothing."""
    ledger = Ledger(b"key")
    values = Values(ledger, lambda: 0)

    def apply(version: int, name: str, count: int) -> None:
        ledger.apply(Group(OWNER, version - 1, version, [Entry(version, name, 0, count)]))

    apply(1, "before", 1)
    assert [] == values.take_changed()
    apply(2, "a", 1)
    apply(3, DEFAULT, 1)
    apply(4, "a", 2)
    apply(1, "before", 1)
    assert [DEFAULT, "a"] == values.take_changed()
    assert [] == values.take_changed()
