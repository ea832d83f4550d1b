"""The outcome of a run, for people and for machines."""

from __future__ import annotations

import json

import attrs
import pytest

from gossipd.sim.judge import Same, Step
from gossipd.sim.report import (
    CommandOutcome,
    Counted,
    Detected,
    FalseDeaths,
    Percentiles,
    Report,
    Traffic,
)

NONE = Percentiles.of([])
REPORT = Report(
    about="",
    command="gossipd simulate --nodes 5",
    version="1.0",
    nodes=5,
    detected=Detected(crashes=2, first=Percentiles.of([7.0]), everywhere=NONE),
    false_deaths=FalseDeaths(all=3, at_healthy=2, suspicions=4),
    tables=Same(since=2.5, last=60.0),
    counts=Same(),
    steps=(Step("crash 1@3", 3.0, 0.25), Step("end of pause 1@4+1", 5.0)),
    counted=Counted(
        asked=2000,
        refused=1,
        acknowledged=1900,
        unanswered=99,
        counted_min=1899,
        counted_max=2000,
        spread=Percentiles.of([0.001, 0.002, 12.0]),
        spreading=1,
        lost=1,
        invented=2,
    ),
    commands=(
        CommandOutcome(
            node="10.0.0.1:8088",
            kind="sync",
            amount=5,
            at=2.5,
            answered_after=0.002,
            count=7,
            holders=2,
            target=3,
            refused=None,
        ),
    ),
    traffic=Traffic(
        datagrams=2.0,
        bytes=160.0,
        wire_bytes=216.0,
        largest_bytes=1397,
        sent=9,
        lost=1,
        overflowed=3,
    ),
    simulated=60.0,
    real=3.0,
    set_up=0.5,
    interrupted=False,
    hash="abc",
)

TABLE = """\
gossipd simulate --nodes 5

                               p50       p99       max
detection, first            7.00 s    7.00 s    7.00 s   1 of 2 crashes
detection, every node            -         -         -   0 of 2 crashes
writes converge             2.0 ms   12.00 s   12.00 s   3 of 4 increments

membership converges    250.0 ms after crash 1@3, 3 s
                        not in this run after end of pause 1@4+1, 5 s
member tables           equal at all running nodes from 2.50 s on
counters                the counts never agreed
false deaths            3, at healthy nodes 2; suspicions 4
increments              1,900 acknowledged, counted 1,899 to 2,000; lost 1, invented 2
                        99 unanswered, 1 refused
commands                sync 5 at 10.0.0.1:8088, 2.5 s: 7 after 2.0 ms, held by 2 of 3
sent, per node          2.00 datagrams/s, 160 bytes/s (216 with IP and UDP headers)
largest datagram        1,397 bytes
full sockets            lost 3 datagrams
speed                   20.0 virtual seconds per real second (60 s in 3.0 s, set-up 0.5 s)
hash                    abc (gossipd 1.0)"""


def test_the_table() -> None:
    """Aligned, with units."""
    assert TABLE.splitlines() == list(REPORT.lines())


def test_the_json() -> None:
    """The same numbers, and those that are computed from them."""
    found = json.loads(json.dumps(REPORT.as_json()))
    assert (20.0, 1, 2) == (found["speed"], found["counted"]["lost"], found["counted"]["invented"])
    assert {"label": "crash 1@3", "at": 3.0, "agreed_after": 0.25} == found["steps"][0]
    assert {"number": 0, "p50": None, "p99": None, "max": None} == found["detected"]["everywhere"]


def test_what_agreed_once_and_not_at_the_end_says_so() -> None:
    """With the last time at which it did."""
    lines = list(attrs.evolve(REPORT, tables=Same(last=12.25)).lines())
    told = "the tables did not agree at the end, last at 12.25 s"
    assert [told] == [line[24:] for line in lines if line.startswith("member tables")]


def test_an_interrupted_run_says_so() -> None:
    """And when."""
    lines = list(attrs.evolve(REPORT, interrupted=True, simulated=7.5).lines())
    assert "interrupted after 7.5 s; this is what was seen until then" == lines[1]


@pytest.mark.parametrize(
    ("durations", "expected"),
    [([4.0], (4.0, 4.0, 4.0)), ([2.0, 1.0], (1.0, 2.0, 2.0)), (range(1, 101), (50, 99, 100))],
)
def test_percentiles_are_by_nearest_rank(
    durations: list[float], expected: tuple[float, float, float]
) -> None:
    """Each is a duration that was measured."""
    assert expected == attrs.astuple(Percentiles.of(durations))[1:]


def test_commands_that_were_not_answered_say_why() -> None:
    """Refused, or no answer; and many are not all shown."""
    [command] = REPORT.commands
    refused = attrs.evolve(command, refused="too large")
    silent = attrs.evolve(command, answered_after=None, count=None)
    assert "sync 5 at 10.0.0.1:8088, 2.5 s: refused, too large" == refused.line()
    assert "sync 5 at 10.0.0.1:8088, 2.5 s: no answer" == silent.line()
    many = attrs.evolve(REPORT, commands=(command,) * 23)
    assert any(line.endswith("and 3 more, which -o json lists") for line in many.lines())
