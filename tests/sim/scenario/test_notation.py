"""The texts that a scenario is made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from gossipd.cli.simulate import simulate
from gossipd.sim.scenario import notation
from gossipd.sim.scenario.notation import COMMANDS, FAULTS, Who
from gossipd.sim.world import FixedDelay, LogNormalDelay, UniformDelay


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (notation.time, "250ms", 0.25),
        (notation.time, "30", 30.0),
        (notation.time, " 1.5h ", 5400.0),
        (notation.share, "3", 0.03),
        (notation.share, "100%", 1.0),
        (notation.rate, "5/s", 5.0),
        (notation.rate, "300/m", 5.0),
        (notation.rate, "2", 2.0),
        (notation.delay, "fixed:1ms", FixedDelay(0.001)),
        (notation.delay, "uniform:1ms..5ms", UniformDelay(0.001, 0.005)),
        (notation.delay, "lognormal:2ms,0.5", LogNormalDelay(0.002, 0.5)),
        (notation.who, "10", Who(count=10)),
        (notation.who, "2.5%", Who(ratio=0.025)),
        (notation.who, "n7", Who(first=7, last=7)),
        (notation.who, "n3-7", Who(first=3, last=7)),
    ],
)
def test_texts_mean(read: Callable[[str], Any], text: str, value: object) -> None:
    """Each text has the meaning that the module's docstring gives it."""
    assert value == pytest.approx(read(text)) if isinstance(value, float) else value == read(text)


@pytest.mark.parametrize(
    ("read", "text", "reason"),
    [
        (notation.time, "soon", "is not a time"),
        (notation.time, "-1s", "is below 0"),
        (notation.time, "1.2.3s", "is not a number"),
        (notation.number, "inf", "is not a finite number"),
        (notation.whole, "1.5", "is not a whole number"),
        (notation.share, "101", "is not from 0 to 100"),
        (notation.rate, "5/d", "is not a rate"),
        (notation.rate, "-5/s", "is below 0"),
        (notation.delay, "2ms", "is none of fixed"),
        (notation.delay, "uniform:5ms..1ms", "is not LOW..HIGH"),
        (notation.delay, "lognormal:2ms", "takes MEDIAN,SIGMA"),
        (notation.delay, "lognormal:0ms,1", "takes MEDIAN,SIGMA"),
        (notation.who, "0", "0 nodes"),
        (notation.who, "n7-3", "is empty"),
        (notation.who, "#7", "is none of 10"),
    ],
)
def test_bad_texts_are_refused(read: Callable[[str], Any], text: str, reason: str) -> None:
    """With the reason, in one line."""
    with pytest.raises(ValueError, match=reason) as caught:
        read(text)
    assert "\n" not in str(caught.value)


def test_a_fault_has_all_its_details() -> None:
    """Those that are given, and the others as they are without a word."""
    restart = notation.fault("restart", "10@30+20, state=lost")
    bare = {"state": "kept", "backup": None, "copy": None}
    assert (restart.at, restart.length) == (30.0, 20.0)
    assert restart.details == {**bare, "state": "lost"}
    assert notation.fault("restart", "10@30").details == bare
    assert notation.fault("restart", "1@3,backup=5s").details == {**bare, "backup": 5.0}
    assert notation.fault("restart", "1@3,copy=n7").details == {**bare, "copy": 7}
    assert notation.fault("one-way", "5%@1m,loss=50").details == {"direction": "out", "loss": 0.5}
    assert notation.fault("clock-jump", "n1@3,by=-1h").details == {"by": -3600.0}
    assert restart.label == "restart 10@30+20, state=lost"


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        ("crash", "10", "is not WHO@START"),
        ("crash", "10@3+5", "crash has no length"),
        ("crash", "10@3,state=lost", "crash takes machine="),
        ("crash", "10@3,machine=down", "machine: 'down' is none of up, gone"),
        ("leave", "10@3,state=lost", "leave takes nothing"),
        ("flip-flop", "10@3", "flip-flop needs a length"),
        ("flip-flop", "10@3+5,paused=0", "paused: '0' is not above 0"),
        ("block", "1@3,blocked=0", "blocked: '0' is not above 0"),
        ("restart", "1@3,state=gone", "state: 'gone' is none of kept, lost"),
        ("restart", "1@3,state", "restart takes state="),
        ("slow", "1@3,late=1s", "late: '1s' is not LOW..HIGH"),
        ("restart", "1@3,copy=n1-2", "copy: 'n1-2' is not one node"),
        ("restart", "1@3,copy=3", "copy: '3' is not one node"),
        ("increment", "3@3", "increment names its nodes, as in n7@30"),
        ("increment", "n3@3+5", "increment has no length"),
        ("increment", "n3@3,ack=some", "ack: 'some' is none of all, majority, one, local"),
        ("sync", "n3@3,value=-1", "value: '-1' is below 0"),
        ("register", "n3@3", "register needs peer="),
        ("remove", "n3@3,peer=x", "peer: 'x' is none of"),
    ],
)
def test_bad_faults_are_refused(kind: str, text: str, reason: str) -> None:
    """With what this kind of fault takes."""
    with pytest.raises(ValueError, match=reason):
        notation.fault(kind, text)


def test_a_command_has_all_its_details() -> None:
    """As a fault has."""
    increment = notation.fault("increment", "n2-4@1.5,amount=8,ack=all")
    assert (increment.who, increment.at) == (Who(first=2, last=4), 1.5)
    assert increment.details == {"amount": (8,), "ack": "all", "others": 0, "names": 0}
    plain = notation.fault("increment", "n2@1")
    assert plain.details == {"amount": (1,), "ack": None, "others": 0, "names": 0}
    assert (1, 2, 4) == notation.fault("increment", "n2@1,amount=1+2+4").details["amount"]
    assert 30 == notation.fault("increment", "n2@1,others=30").details["others"]
    assert notation.fault("sync", "n2@1,of=n3").details == {"value": 0, "of": 3, "ack": None}
    assert notation.fault("remove", "n2@1,peer=n3").details == {"peer": 3}


def test_a_share_is_at_least_one_node() -> None:
    """Counts stand for themselves, shares are rounded."""
    assert [2, 1, 50] == [
        Who(count=2).number(100),
        Who(ratio=0.01).number(10),
        Who(ratio=0.5).number(100),
    ]


def test_every_fault_has_a_line_about_it() -> None:
    """In the help of `gossipd simulate`; so does every command."""
    helps = {option.opts[0]: getattr(option, "help", None) for option in simulate.params}
    assert [] == [word for word in (*FAULTS, *COMMANDS) if not helps.get(f"--{word}")]
