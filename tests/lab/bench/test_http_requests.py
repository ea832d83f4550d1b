"""How rates of requests are compared."""

from __future__ import annotations

import pytest

from lab.bench.http_requests import CASES, Case, findings, per_request

PLAIN = {"p50": 1.0, "p99": 2.0, "errors": 0.0}


def rates(*values: float) -> list[dict[str, float]]:
    """Returns repetitions with these rates."""
    return [{"rate": value, **PLAIN} for value in values]


def test_datagrams_and_writes_are_of_one_answer() -> None:
    """Both are for each answer; an ephemeral node has no writes."""
    counted = {
        "gossipd_sent_datagrams_total": 50.0,
        "gossipd_store_commits_total": 10.0,
    }
    assert {"datagrams": 0.5, "writes_per_sync": 10.0} == per_request(counted, 100)
    assert 0.0 == per_request(dict.fromkeys(counted, 0.0), 0)["writes_per_sync"]


def test_a_ratio_is_to_the_same_number_of_connections() -> None:
    """Only rows with as many connections and the same request are compared."""
    post = "POST /increment?ack=local"
    made = findings(
        {
            (Case("bare", post), 32): rates(100.0, 200.0),
            (Case("bare", "GET /count"), 32): rates(1.0, 1.0),
            (Case("bare", post), 1): rates(1.0, 1.0),
            (Case("one ephemeral", post, ("bare", "redis")), 32): rates(50.0, 50.0),
        }
    )
    assert {"bare": [0.5, 0.25]} == made.values["rows"][-1]["to"]


@pytest.mark.parametrize("case", [case for case in CASES if case.versus], ids=lambda c: c.name)
def test_every_case_finds_what_it_is_compared_with(case: Case) -> None:
    """Every server that a case names is measured with the same request."""
    made = findings({(one, 32): rates(10.0) for one in CASES})
    (row,) = [
        row
        for row in made.values["rows"]
        if (row["server"], row["asked"]) == (case.server, case.asked)
    ]
    assert {versus: [1.0] for versus in case.versus} == row["to"]


def test_what_durability_costs_has_a_column() -> None:
    """It is the rate with data directories to the rate without them, for as many nodes."""
    post = "POST /increment?ack=all"
    made = findings(
        {
            (Case("three ephemeral", post), 32): rates(100.0),
            (Case("three durable", post, ("redis", "three ephemeral")), 32): rates(70.0),
        }
    )
    [(_, lines)] = made.tables
    head, _, *rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    shown = {row[head.index("server")]: row[head.index("to ephemeral")] for row in rows}
    assert {"three ephemeral": "-", "three durable": "0.70"} == shown
