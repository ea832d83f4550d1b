"""Nodes that differ in count or peers do not agree, and are not waited for without end."""

from __future__ import annotations

from collections.abc import Iterator

from lab.blackbox.agreement import View, Views, agree, differences

A, B, C = "10.77.0.1:8088", "10.77.0.2:8088", "10.77.0.3:8088"


def views(*seen: tuple[str, int, set[str]]) -> dict[int, View | None]:
    """What each node shows, by machine."""
    return {
        number: View(id, count, frozenset(peers)) for number, (id, count, peers) in enumerate(seen)
    }


GOOD = views((A, 5, {B, C}), (B, 5, {A, C}), (C, 5, {A, B}))


def kinds(seen: Views) -> list[str]:
    """The kinds of differences."""
    return [finding.kind for finding in differences(seen)]


def test_equal_counts_and_complete_peers_are_agreement() -> None:
    """Nothing to find."""
    assert [] == kinds(GOOD)


def test_counts_that_differ_are_found() -> None:
    """However little."""
    assert ["the counts differ"] == kinds(GOOD | {2: View(C, 6, frozenset({A, B}))})


def test_a_missing_peer_is_found() -> None:
    """One node that lacks one is enough."""
    assert ["a peer is missing"] == kinds(GOOD | {0: View(A, 5, frozenset({B}))})


def test_a_peer_that_is_not_there_is_found() -> None:
    """A node that has gone, or an address that never was one."""
    assert ["a peer is too much"] == kinds(GOOD | {0: View(A, 5, frozenset({B, C, "x:1"}))})


def test_a_silent_node_is_found() -> None:
    """That others list it is right."""
    assert ["a node does not answer"] == kinds(GOOD | {2: None})


def test_agreement_must_stay() -> None:
    """Counts that pass each other are no agreement; those that stay are."""
    answers: Iterator[Views] = iter(
        [GOOD, GOOD | {0: View(A, 6, frozenset({B, C}))}, *[GOOD] * 1000]
    )
    agreed = agree(lambda: next(answers), within=5.0, longer=0.0)
    assert [] == agreed.findings
    assert GOOD == agreed.views
    assert 0.5 <= agreed.seconds < 5.0


def test_what_never_agrees_is_said_with_what_differs() -> None:
    """After the time, and the time that is waited in addition."""
    apart = GOOD | {2: View(C, 4, frozenset({A}))}
    found = agree(lambda: apart, within=0.0, longer=0.0, answers=0.0).findings
    assert ["no agreement after healing", "the counts differ", "a peer is missing"] == [
        finding.kind for finding in found
    ]
    assert "not within 0 s more" in found[0].seen


def test_what_agrees_too_late_is_said() -> None:
    """With how long it took, and what differed at the end of the time."""
    late = GOOD | {2: View(C, 4, frozenset({A, B}))}
    answers: Iterator[Views] = iter([GOOD, late, *[GOOD] * 1000])
    found = agree(lambda: next(answers), within=0.0, longer=5.0).findings
    assert ["no agreement after healing", "the counts differ"] == [
        finding.kind for finding in found
    ]
    assert "they agree" in found[0].seen


def test_the_time_begins_when_all_answer() -> None:
    """A process that is slow to start on a busy machine is no disagreement."""
    answers: Iterator[Views] = iter([*[GOOD | {2: None}] * 5, *[GOOD] * 1000])
    agreed = agree(lambda: next(answers), within=0.6, longer=0.0)
    assert [] == agreed.findings
    assert agreed.seconds < 1.0


def test_a_node_that_never_answers_is_said() -> None:
    """After the time for that."""
    found = agree(lambda: GOOD | {2: None}, within=0.0, longer=0.0, answers=0.0).findings
    assert "a node does not answer" == found[1].kind
