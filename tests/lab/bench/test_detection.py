"""How detections of lost nodes are counted."""

from __future__ import annotations

from lab.bench.compared_clusters import Verdict
from lab.bench.detection import Case, Found, _found, findings
from tests.lab.bench.fake_cluster import FakeCluster


def test_each_node_counts_once_and_wrong_verdicts_apart() -> None:
    """Only each other node's first verdict on the victim counts; the victim's own do not."""
    told = [
        Verdict(1, 0, 12.0),
        Verdict(1, 0, 15.0),
        Verdict(2, 0, 14.0),
        Verdict(0, 3, 13.0),
        Verdict(2, 3, 13.0),
        Verdict(3, 0, 9.0),
    ]
    system = FakeCluster("serf", 4, told)
    assert Found("serf", [2.0, 4.0], false_deaths=1, silent=1) == _found(system, 0, 10.0)


def test_a_row_tells_of_first_and_every_node() -> None:
    """A repetition in which a node stayed silent has no time for every node."""
    case = Case(3, 0.01, "vanished")
    found = [Found("serf", [2.0, 4.0], 0, 0), Found("serf", [3.0], 1, 1)]
    (row,) = findings({(case, "serf"): found}).values["rows"]
    assert ([2.0, 3.0], [4.0], 1, 1) == (
        row["first"],
        row["every"],
        row["false_deaths"],
        row["silent"],
    )


def test_nobody_found_it() -> None:
    """Without any detection the row has no times."""
    made = findings({(Case(3, 0.0, "kill -9"), "serf"): [Found("serf", [], 0, 2)]})
    assert "| serf | 3 | 0 % | kill -9 | - | - | - | - | 0 | 2 |" in made.lines()
