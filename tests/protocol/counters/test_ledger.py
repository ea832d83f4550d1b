"""Entries by owner: what a delta brings, and what a version vouches for."""

from __future__ import annotations

from itertools import permutations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gossipd.protocol.counters.courses import Told
from gossipd.protocol.counters.ledger import Ledger
from gossipd.protocol.wire import DEFAULT, Entry, Group, Said, group_bytes

NAMES = ("default", "b")
OWNERS = [bytes([number]) * 16 for number in range(1, 5)]
TELLER = (("10.0.0.1", 1), 1)
SEEDS = st.integers(0, 2**32)
CHANGES = st.tuples(
    st.integers(1, 30), st.sampled_from(("a", "b", "c", DEFAULT)), st.integers(1, 9)
)


def make_world(seed: int, names: tuple[str, ...] = ("default",), steps: int = 25) -> list[Ledger]:
    """Returns four ledgers, each with an owner of its own, and with some of the others' entries."""
    rng = Random(seed)
    ledgers = [Ledger(b"key") for _ in OWNERS]
    for _ in range(steps):
        number = rng.randrange(len(OWNERS))
        ledger, owner = ledgers[number], OWNERS[number]
        if rng.random() < 0.6:
            name = rng.choice(names)
            counter = ledger.default
            floor, count = counter.highest, counter.slot(owner, counter.highest) + 1
            if name != "default":
                floor, count = 0, ledger.total(owner, name) + rng.choice((-2, 3))
            elif rng.random() < 0.5:
                floor, count = counter.value + rng.randint(1, 5), 0
            version = ledger.have(owner) + 1
            ledger.apply(Group(owner, version - 1, version, [Entry(version, name, floor, count)]))
        else:
            tell(ledger, rng.choice(ledgers), 1300, rng.choice(OWNERS))
    return ledgers


def tell(source: Ledger, to: Ledger, budget: int, *owners: bytes) -> bool:
    """Sends what `to` lacks of these owners, or of all if none is named.

    Returns whether that was all.
    """
    complete = True
    address = (f"{id(source)}", 1)
    for owner in owners or list(source.owners):
        since = max(to.have(owner), to.told(owner, address))
        group, whole = source.group(owner, since, budget)
        if group is not None:
            to.apply(group, Told((address, 1), None if whole else source.have(owner)))
        complete = complete and whole
    return complete


def values(ledger: Ledger) -> list[int]:
    """Returns the value of every counter."""
    return [ledger.value(name) for name in NAMES]


def merged(ledgers: list[Ledger]) -> Ledger:
    """Returns a ledger that got every group of all ledgers."""
    total = Ledger(b"key")
    for ledger in ledgers:
        for group in ledger.all_groups():
            total.apply(group)
    return total


@given(SEEDS, st.integers(160, 1300))
def test_a_delta_brings_the_merge(seed: int, budget: int) -> None:
    """Deltas of any budget that holds an entry bring their receiver to the merge of both."""
    ledgers = make_world(seed, NAMES)
    total = merged(ledgers[:2])
    for _ in range(60):
        if tell(ledgers[0], ledgers[1], budget):
            break
    assert values(total) == values(ledgers[1])


@given(SEEDS, st.integers(0, 1300))
def test_a_delta_keeps_its_budget(seed: int, budget: int) -> None:
    """The groups of a delta take no more bytes than the budget."""
    ledger = make_world(seed)[0]
    groups = [ledger.group(owner, 0, budget)[0] for owner in OWNERS]
    assert [] == [group for group in groups if group is not None and group_bytes(group) > budget]


@given(SEEDS)
def test_equal_vectors_are_equal_values(seed: int) -> None:
    """Where two ledgers vouch for the same versions, at quiescence, their values are the same."""
    ledgers = make_world(seed, NAMES)
    for _ in range(3):
        for source in ledgers:
            for to in ledgers:
                tell(source, to, 1300)
    totals = {ledger.fingerprint.total for ledger in ledgers}
    assert (1, 1) == (len(totals), len({tuple(values(ledger)) for ledger in ledgers}))


def test_a_replaced_floor_is_dropped() -> None:
    """Of an owner's floors without a count only the last one is kept."""
    ledger = Ledger(b"key")
    for version, floor in ((1, 10), (2, 20)):
        entry = Entry(version, "default", floor, 0)
        ledger.apply(Group(OWNERS[0], version - 1, version, [entry]))
    assert [20] == [entry.floor for group in ledger.all_groups() for entry in group.entries]


def test_a_floor_with_a_count_stays() -> None:
    """A floor under which its owner counted stays when it raises a higher one."""
    ledger = Ledger(b"key")
    for version, floor, count in ((1, 10, 0), (2, 10, 1), (3, 20, 0)):
        entry = Entry(version, "default", floor, count)
        ledger.apply(Group(OWNERS[0], version - 1, version, [entry]))
    floors = [(entry.floor, entry.count) for entry in ledger.all_groups()[0].entries]
    assert {(10, 1), (20, 0)} <= set(floors)


@given(SEEDS)
def test_what_is_vouched_for_survives_everybody_else(seed: int) -> None:
    """Two ledgers that vouch for the same versions have the same values, at every moment."""
    ledgers = make_world(seed, NAMES)
    seen: dict[tuple[int, ...], list[int]] = {}
    for ledger in ledgers:
        vector = tuple(ledger.have(owner) for owner in OWNERS)
        complete = Ledger(b"key")
        for group in ledger.all_groups():
            complete.apply(group)
        if all(log.newest == log.have for log in ledger.owners.values()):
            assert seen.setdefault(vector, values(complete)) == values(ledger)


def test_a_passed_floor_reaches_others_second_hand() -> None:
    """A node that gets a passed floor second-hand vouches for it only with its value."""
    first, second, third = Ledger(b"key"), Ledger(b"key"), Ledger(b"key")
    first.apply(Group(OWNERS[0], 0, 1, [Entry(1, "default", 10, 0)]))
    first.apply(Group(OWNERS[1], 0, 1, [Entry(1, "default", 20, 0)]))
    tell(first, second, 1300, OWNERS[0])
    tell(second, third, 1300, OWNERS[0])
    assert third.have(OWNERS[0]) < 1 or 10 <= third.value("default")


def test_the_same_floor_of_two_owners_is_one() -> None:
    """Two owners that both raise the counter to 10 make it 10."""
    ledger = Ledger(b"key")
    for owner in OWNERS[:2]:
        ledger.apply(Group(owner, 0, 1, [Entry(1, "default", 10, 0)]))
    assert 10 == ledger.value("default")


def test_a_gap_is_not_vouched_for() -> None:
    """Entries beyond a gap count at once, but `have` stays where the gap begins."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNERS[0], 1, 2, [Entry(2, "default", 0, 5)]))
    assert (0, 5) == (ledger.have(OWNERS[0]), ledger.value("default"))


def test_a_filled_gap_is_vouched_for() -> None:
    """A group that fills the gap makes everything complete."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNERS[0], 1, 2, [Entry(2, "default", 0, 5)]))
    ledger.apply(Group(OWNERS[0], 0, 2, [Entry(2, "default", 0, 5)]))
    assert 2 == ledger.have(OWNERS[0])


def test_the_gate_tells_what_lies_beyond_a_gap() -> None:
    """Entries beyond a gap count, so the hash differs from that of a node without them."""
    ledger, other = Ledger(b"key"), Ledger(b"key")
    ledger.apply(Group(OWNERS[0], 1, 2, [Entry(2, "default", 0, 5)]))
    assert 0 != ledger.fingerprint.total
    for each, since in (ledger, 0), (other, 0):
        each.apply(Group(OWNERS[0], since, 2, [Entry(2, "default", 0, 5)]))
    assert ledger.fingerprint.total == other.fingerprint.total


@pytest.mark.parametrize(
    ("highest", "floor", "learned"),
    [(10, 10, False), (10, 11, True), (10, 9, False), (0, 0, False)],
)
def test_a_learned_floor_is_a_higher_one(highest: int, floor: int, learned: bool) -> None:
    """Only a floor above the highest known one is learned."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNERS[0], 0, 1, [Entry(1, "default", highest, 0)]))
    group = Group(OWNERS[1], 0, 1, [Entry(1, "default", floor, 1)])
    assert learned == ledger.learned_floor(group)


def test_old_versions_are_no_news() -> None:
    """A group that came before changes nothing, and says so."""
    ledger = Ledger(b"key")
    group = Group(OWNERS[0], 0, 1, [Entry(1, "default", 0, 1)])
    assert (True, False) == (ledger.apply(group), ledger.apply(group))


def test_counters_do_not_mix() -> None:
    """Each name has a value of its own."""
    ledger = Ledger(b"key")
    ledger.apply(Group(OWNERS[0], 0, 2, [Entry(1, "a", 0, 3), Entry(2, "b", 0, 4)]))
    assert (3, 4, 0) == tuple(ledger.value(name) for name in ("a", "b", "c"))


@given(SEEDS)
def test_what_is_kept_gives_the_same_ledger(seed: int) -> None:
    """A ledger made from everything that was kept has the same values and the same gate."""
    ledger = make_world(seed, NAMES)[0]
    again = merged([ledger])
    kept = (values(ledger), ledger.fingerprint.total)
    assert kept == (values(again), again.fingerprint.total)


def test_two_histories_of_one_owner_end_up_the_same_in_any_order() -> None:
    """Of two histories of a set-back owner, each node keeps the larger version and count."""
    often, more = (Group(OWNERS[0], 0, n, [Entry(n, "default", 0, 12 - n)]) for n in (5, 3))
    for groups in (often, more), (more, often):
        ledger = Ledger(b"key")
        for group in groups:
            ledger.apply(group)
        assert 9 == ledger.value("default")
        assert [Entry(5, "default", 0, 9)] == ledger.all_groups()[0].entries
        assert not ledger.apply(often) | ledger.apply(more)


def test_two_floors_of_one_version_end_up_the_same_in_any_order() -> None:
    """Of two histories of a set-back owner, each node keeps the larger floor."""
    low, high, newer = (Entry(v, DEFAULT, floor, 0) for v, floor in ((1, 100), (1, 200), (2, 150)))
    for entries in permutations((low, high, newer)):
        ledger = Ledger(b"key")
        for entry in entries:
            ledger.apply(Group(OWNERS[0], 0, entry.version, [entry]))
        assert 200 == ledger.value(DEFAULT)
        assert [Entry(2, DEFAULT, 200, 0)] == ledger.all_groups()[0].entries


def test_a_sum_gives_way_to_a_newer_one_in_any_order() -> None:
    """A named counter's sum may fall; of two histories of one version the larger sum stays."""
    older, newer, other = (Entry(v, "n", 0, count) for v, count in ((1, 9), (2, -4), (2, -3)))
    for entries in permutations((older, newer, other)):
        ledger = Ledger(b"key")
        for entry in entries:
            ledger.apply(Group(OWNERS[0], 0, entry.version, [entry]))
        assert (-3, 1) == (ledger.value("n"), len(ledger.names))
        assert [other] == ledger.all_groups()[0].entries


def test_what_an_owner_has_is_cut_from_where_it_is() -> None:
    """Each entry is sent once, however often it was replaced, in groups that follow each other."""
    ledger, other = Ledger(b"key"), Ledger(b"key")
    for version in range(1, 401):
        entry = Entry(version, f"n{version % 150}", 0, version)
        ledger.apply(Group(OWNERS[0], version - 1, version, [entry]))
    sent, since, whole = 0, 0, False
    while not whole:
        group, whole = ledger.group(OWNERS[0], since, 300)
        assert group is not None
        other.apply(group, Told(TELLER, None if whole else 400))
        sent, since = sent + len(group.entries), group.entries[-1].version
    assert (150, 400) == (sent, other.have(OWNERS[0]))
    assert [ledger.value(f"n{n}") for n in range(150)] == [other.value(f"n{n}") for n in range(150)]


@given(st.lists(CHANGES, min_size=1), st.integers(0, 3))
def test_rows_that_come_together_do_what_they_do_one_by_one(
    drawn: list[tuple[int, str, int]], since: int
) -> None:
    """In whatever order, given twice or beyond a gap, of `default` or of others."""
    ledgers = Ledger(b"key"), Ledger(b"key")
    entries = [Entry(version, name, 0, count) for version, name, count in drawn]
    ledgers[0].apply(Group(OWNERS[0], since, since, entries))
    for entry in entries:
        ledgers[1].apply(Group(OWNERS[0], since, since, [entry]))
    one, other = (ledger.owners[OWNERS[0]] for ledger in ledgers)
    assert sorted(one.after(-1), key=repr) == sorted(other.after(-1), key=repr)
    assert (one.have, one.newest, one.loose) == (other.have, other.newest, other.loose)
    assert [ledgers[0].value(name) for name in "abc"] == [ledgers[1].value(name) for name in "abc"]
    assert ledgers[0].names.total == ledgers[1].names.total
    assert list(ledgers[0].names.page("", "")) == list(ledgers[1].names.page("", ""))


def test_a_name_is_absent_while_it_has_no_counter() -> None:
    """Nobody counted under it, or what was counted is over."""
    ledger = Ledger(b"key", lambda: 100)
    entries, over = [Entry(1, "a", 0, 1)], Said(2, "b", b"", 2, 1, start=10, until=50)
    ledger.apply(Group(OWNERS[0], 0, 3, entries, [over, Said(3, "c", b"", 3, 1)]))
    ledger.names.inherit("d", 1)
    assert {"b", "e"} == ledger.names.absent({"a", "b", "c", "d", "e"})


def test_a_cut_delta_does_not_vouch_for_what_it_left_out() -> None:
    """Two nodes whose sender is lost have the same content, or hashes that tell that they have not.

    `s` changed at versions 1 and 3. One node got the first change in time; what is cut after
    version 2 brings the other node nothing of `s`.
    """
    source, early, late = (Ledger(b"key") for _ in range(3))
    for version, name in enumerate(("s", "x", "s"), 1):
        source.apply(Group(OWNERS[0], version - 1, version, [Entry(version, name, 0, version)]))
        if version == 1:
            tell(source, early, 1300)
    for ledger in (early, late):
        group, whole = source.group(OWNERS[0], ledger.have(OWNERS[0]), 35)
        assert group is not None
        assert not whole
        ledger.apply(group)
    assert (1, 0) == (early.value("s"), late.value("s"))
    assert early.fingerprint.total != late.fingerprint.total
    tell(early, late, 1300)
    assert (1, early.fingerprint.total) == (late.value("s"), late.fingerprint.total)


def test_the_sweep_compares_a_part_of_a_large_owner() -> None:
    """So what it costs does not grow, and each part is compared in time."""
    one, other = Ledger(b"key"), Ledger(b"key")
    entries = [Entry(version, f"n{version}", 0, 1) for version in range(1, 1001)]
    one.apply(Group(OWNERS[0], 0, 1000, entries))
    other.apply(Group(OWNERS[0], 0, 1000, [*entries[:499], *entries[500:]]))
    differing = [
        since
        for since in (one.part(OWNERS[0], number / 1000) for number in range(1000))
        if one.content(OWNERS[0], since) != other.content(OWNERS[0], since)
    ]
    assert list(range(500 - 64, 500)) == differing


def test_nothing_more_is_said_of_the_default_counter() -> None:
    """Nobody writes such a row, and one that arrives all the same changes nothing."""
    ledger = Ledger(b"key")
    said = Said(1, DEFAULT, b"sclient", 5, 5)
    assert not ledger.apply(Group(OWNERS[0], 1, 2, [], [said]))
    assert (0, ["default"]) == (ledger.value(DEFAULT), list(ledger.names.page("", "")))


def test_the_sweep_compares_what_stays() -> None:
    """Not what goes by the clock, or because of another row; that is not everywhere at once."""
    entry = Entry(1, "a", 0, 5)
    total, brief = Said(2, "a", b"sx", 5, 5), Said(3, "b", b"", 3, 1, start=1, until=9)
    reset = Said(4, "a", b"o" + OWNERS[1], 1, 5, 1, 5)

    def content(*said: Said) -> tuple[int, int] | None:
        ledger = Ledger(b"key")
        ledger.apply(Group(OWNERS[0], 0, 4, [entry], list(said)))
        return ledger.content(OWNERS[0], 0)

    assert content(total) == content(total, brief, reset)
    assert content(total) != content(brief, reset)
