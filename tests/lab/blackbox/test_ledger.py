"""The model bites: what is lost, counted twice, taken back or different is a finding."""

from __future__ import annotations

import pytest

from lab.blackbox.ledger import Ledger

MACHINES = 3


@pytest.fixture
def ledger() -> Ledger:
    """A ledger of three machines, on which one increment was counted and all agreed."""
    made = Ledger(MACHINES)
    count(made, 1)
    assert [] == made.close(dict.fromkeys(range(MACHINES), 1))
    return made


def count(ledger: Ledger, shown: int, machine: int = 0, acks: str = "3/3") -> None:
    """An increment that is answered with this count."""
    ledger.answered(ledger.increment(machine), shown, acks)


def closed(ledger: Ledger, *counts: int) -> list[str]:
    """The kinds of findings at the end of a cycle in which the machines show this."""
    return [finding.kind for finding in ledger.close(dict(enumerate(counts)))]


def test_all_that_was_acknowledged_is_there(ledger: Ledger) -> None:
    """Nothing to find."""
    count(ledger, 2)
    assert [] == closed(ledger, 2, 2, 2)


def test_a_lost_increment_is_found(ledger: Ledger) -> None:
    """On every machine that lacks it; that it was acknowledged by one node alone is no excuse."""
    count(ledger, 2, acks="1/3")
    assert ["an acknowledged increment is lost"] * 3 == closed(ledger, 1, 1, 1)


def test_a_doubled_increment_is_found(ledger: Ledger) -> None:
    """At the end, and in an answer at once."""
    count(ledger, 2)
    assert ["an increment is counted twice"] * 3 == closed(ledger, 3, 3, 3)
    count(ledger, 5)
    assert ["counted twice"] == closed(ledger, 4, 4, 4)


def test_disagreement_is_found(ledger: Ledger) -> None:
    """Although each of the counts can be right."""
    ledger.not_answered(ledger.increment(1))
    assert ["the counts differ"] == closed(ledger, 1, 2, 2)


@pytest.mark.parametrize("shown", [1, 2])
def test_what_was_not_answered_may_count_once(ledger: Ledger, shown: int) -> None:
    """Or not at all."""
    ledger.not_answered(ledger.increment(1))
    assert [] == closed(ledger, shown, shown, shown)


def test_what_a_cycle_left_open_does_not_hide_what_a_later_one_counts_twice(ledger: Ledger) -> None:
    """Each cycle begins at what all agreed upon."""
    ledger.not_answered(ledger.increment(1))
    assert [] == closed(ledger, 1, 1, 1)
    assert ["an increment is counted twice"] * 3 == closed(ledger, 2, 2, 2)


def test_what_was_refused_counts_never(ledger: Ledger) -> None:
    """It was not sent."""
    ledger.refused(ledger.increment(1))
    assert ["an increment is counted twice"] * 3 == closed(ledger, 2, 2, 2)


def test_a_count_that_goes_back_is_found(ledger: Ledger) -> None:
    """Only if the larger one was answered before the smaller one was asked for."""
    before = ledger.read(0)
    count(ledger, 2, acks="1/3")
    ledger.answered(before, 1)
    ledger.answered(ledger.read(0), 1)
    assert ["less than it showed"] == closed(ledger, 2, 2, 2)


def test_what_all_hold_must_be_shown_by_all(ledger: Ledger) -> None:
    """By a machine that answered nothing yet, too."""
    ledger.answered(ledger.read(1), 1)
    count(ledger, 2)
    ledger.answered(ledger.read(2), 1)
    assert ["what all hold is not shown"] == closed(ledger, 2, 2, 2)


def test_with_a_machine_more_all_are_more(ledger: Ledger) -> None:
    """While a copy runs, three of four are not all."""
    ledger.members(4)
    count(ledger, 2)
    ledger.answered(ledger.read(2), 1)
    assert [] == closed(ledger, 2, 2, 2)


def test_a_client_sees_its_own_writes(ledger: Ledger) -> None:
    """What it raised the counter to, and its increments since."""
    ledger.answered(ledger.read(2), 6, promised=7)
    ledger.sync(2, 8)
    assert ["less than its client saw", "counted twice"] == closed(ledger, 6, 6, 6)


def test_what_went_with_a_directory_is_excused(ledger: Ledger) -> None:
    """If only that machine held it; and the machine may show less than before."""
    count(ledger, 2, machine=1, acks="1/3")
    ledger.directory_goes(1)
    ledger.answered(ledger.read(1), 0)
    assert [] == closed(ledger, 1, 1, 1)


def test_an_answer_that_is_read_late_is_excused_as_well(ledger: Ledger) -> None:
    """The directory went between the answer and its reading."""
    asked = ledger.increment(1)
    ledger.directory_goes(1)
    ledger.answered(asked, 2, "1/3")
    assert [] == closed(ledger, 1, 1, 1)


@pytest.mark.parametrize(("machine", "acks"), [(1, "2/3"), (0, "1/3")])
def test_what_another_machine_held_is_not_excused(ledger: Ledger, machine: int, acks: str) -> None:
    """Whether it was counted there or on the one whose directory went."""
    count(ledger, 2, machine, acks)
    ledger.directory_goes(1)
    assert ["an acknowledged increment is lost"] * 3 == closed(ledger, 1, 1, 1)


def test_a_sync_raises_what_can_be(ledger: Ledger) -> None:
    """And an increment after it adds to it."""
    assert 9 == ledger.sync(0, 8)
    count(ledger, 10)
    assert [] == closed(ledger, 10, 10, 10)
    assert ["an increment is counted twice"] * 3 == closed(ledger, 11, 11, 11)


def test_with_syncs_an_increment_without_the_floor_is_excused(ledger: Ledger) -> None:
    """The machine that lost its directory counts under a floor that the others have passed."""
    ledger.sync(0, 8)
    ledger.directory_goes(1)
    count(ledger, 1, machine=1, acks="3/3")
    assert [] == closed(ledger, 9, 9, 9)


def test_a_directory_that_goes_is_no_excuse_in_the_next_cycle(ledger: Ledger) -> None:
    """By then all hold what the machine holds."""
    ledger.directory_goes(1)
    assert [] == closed(ledger, 1, 1, 1)
    count(ledger, 2, machine=1, acks="1/3")
    assert ["an acknowledged increment is lost"] * 3 == closed(ledger, 1, 1, 1)


def test_what_a_client_saw_is_a_finding(ledger: Ledger) -> None:
    """Of the cycle in which it saw it."""
    ledger.wrong("unexpected status", "418")
    assert ["unexpected status"] == closed(ledger, 1, 1, 1)
    assert [] == closed(ledger, 1, 1, 1)
