"""From an increment to the last node."""

from __future__ import annotations

from lab.experiments.spread import CASES, NODES, Case, Outcome, Trial, findings, measure


def test_every_size_is_tried_with_and_without_loss() -> None:
    """10, 100 and 1,000 nodes; none and 30 %."""
    assert {(nodes, loss) for nodes in NODES for loss in (0, 30)} == {
        (case.nodes, case.loss) for case in CASES
    }


def test_without_loss_each_peer_is_told_once_and_confirms() -> None:
    """Five nodes: one delay, and eight datagrams."""
    found = measure(Trial(Case(5, 0, "fixed:1ms", 20, "1/s"), 1))
    assert found.writes > 5
    assert found.writes == len(found.seconds)
    assert {1.0} == {round(1000 * seconds, 6) for seconds in found.seconds}
    assert (8.0, 0, 0) == (found.pushes / found.writes, found.spreading, found.false_deaths)


def test_durations_are_told_in_delays_too() -> None:
    """Over all seeds of a case."""
    case = Case(100, 0, "fixed:1ms", 20, "1/s")
    trials = [Trial(case, 1), Trial(case, 2)]
    outcomes = [
        Outcome(2, [0.002, 0.004], 0, 20, 3, 300, 0),
        Outcome(2, [0.003], 1, 20, 1, 100, 2),
    ]
    text = "\n".join(findings(trials, outcomes).lines())
    row = "| fixed:1ms | 0 % | 100 | 4 | 3.00 ms | 4.00 ms | 4.00 ms | 4.00 |"
    assert f"{row} 1 | 10.0 | 100 | 1.0 | 2 | 1.84 s |" in text


def test_what_never_arrived_has_no_duration() -> None:
    """Nothing is invented for it."""
    case = Case(10, 30, "fixed:1ms", 20, "1/s")
    found = findings([Trial(case, 1)], [Outcome(1, [], 1, 9, 0, 90, 0)])
    assert "| 1 | - | - | - | - | 1 |" in "\n".join(found.lines())
