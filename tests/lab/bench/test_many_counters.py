"""How writes among many counters are reported."""

from __future__ import annotations

from lab.bench.load_generators import wrk_command
from tests.lab.bench.made_up_findings import findings


def test_random_names_are_compared_with_one_name() -> None:
    """Of the same cluster."""
    found = findings()["counters"]
    (_, lines), (_, times), (_, memory) = found.tables
    assert ["1.00"] * 4 == [line.split(" | ")[3] for line in lines[2:]]
    assert "2.50 s after its first answer" in times[3]
    assert "| one node | 240 bytes |" == memory[2]
    assert "random names, 3 nodes" == found.values["rows"][-1]["what"]


def test_wrk_draws_the_numbers_of_names() -> None:
    """The script gets how many there are, and the path with its place."""
    command = wrk_command("http://a:1/v1/counters/%06d/add", "POST", 4, 2, names=9)
    assert ["http://a:1", "--", "POST", "9", "/v1/counters/%06d/add"] == command[-5:]
