"""How a person writes the parts of a scenario: times, delays, shares, rates, and faults.

    time       250ms, 30s, 5m, 1h; a plain number means seconds
    delay      fixed:1ms    uniform:1ms..5ms    lognormal:MEDIAN,SIGMA, as in lognormal:2ms,0.5
    share      percent, 0 to 100
    rate       5/s, 300/m; a plain number means a second
    fault      WHO@START, WHO@START+LENGTH, and details behind commas: 10@30+20,state=lost
    command    as a fault, of named nodes: n2@12.5,amount=8,ack=all
    WHO        10 (that many nodes, drawn), 5% (so much of all), n7 (node 7), n3-7 (nodes 3 to 7)

Every function that reads a text raises ValueError, with one line that says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

import attrs

from gossipd.protocol import ACK_LEVELS, tags_text

from ..world import Delay, FixedDelay, LogNormalDelay, UniformDelay

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_TIME = re.compile(r"([-+]?[0-9.]+)(ms|s|m|h|)")
_WHO = re.compile(r"(?P<count>\d+)|(?P<percent>[\d.]+)%|n(?P<first>\d+)(?:-(?P<last>\d+))?")


def time(text: str, *, negative: bool = False) -> float:
    """Returns a time in seconds; it may be below 0 only if `negative`."""
    match = _TIME.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a time such as 250ms, 30s or 5m")
    seconds = number(match[1]) * _UNITS[match[2]]
    if seconds < 0 and not negative:
        raise ValueError(f"{text!r} is below 0")
    return seconds


def number(text: str) -> float:
    """Returns a finite number."""
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a number") from None
    if not isfinite(value):
        raise ValueError(f"{text!r} is not a finite number")
    return value


def whole(text: str) -> int:
    """Returns a whole number."""
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def share(text: str) -> float:
    """Returns a percentage as a ratio, 0 to 1."""
    percent = number(text.strip().removesuffix("%"))
    if not 0 <= percent <= 100:
        raise ValueError(f"{text!r} is not from 0 to 100 (percent)")
    return percent / 100


def rate(text: str) -> float:
    """Returns a rate, in times a second."""
    amount, slash, unit = text.strip().partition("/")
    if slash and unit not in ("s", "m", "h"):
        raise ValueError(f"{text!r} is not a rate such as 5/s")
    value = number(amount) / _UNITS[unit]
    if value < 0:
        raise ValueError(f"{text!r} is below 0")
    return value


def delay(text: str) -> Delay:
    """Returns how long datagrams are under way."""
    kind, _, rest = text.strip().partition(":")
    if kind == "fixed":
        return FixedDelay(time(rest))
    if kind == "uniform":
        return between(rest)
    if kind == "lognormal":
        median, comma, sigma = rest.partition(",")
        if not comma or time(median) <= 0 or number(sigma) < 0:
            raise ValueError(f"{text!r}: lognormal takes MEDIAN,SIGMA, as in lognormal:2ms,0.5")
        return LogNormalDelay(time(median), number(sigma))
    raise ValueError(f"{text!r} is none of fixed:1ms, uniform:1ms..5ms, lognormal:2ms,0.5")


def between(text: str) -> UniformDelay:
    """Returns the delay that LOW..HIGH stands for."""
    low, dots, high = text.partition("..")
    if not dots or time(low) > time(high):
        raise ValueError(f"{text!r} is not LOW..HIGH, as in 1ms..5ms")
    return UniformDelay(time(low), time(high))


@attrs.frozen
class Who:
    """Which nodes are meant: these (`first` to `last`), so many (`count`), or this share of all.

    Exactly one of the three is given.
    """

    first: int | None = None
    last: int | None = None
    count: int | None = None
    ratio: float = 0.0

    def number(self, nodes: int) -> int:
        """Returns how many of `nodes` nodes are meant, at least one."""
        if self.count is not None:
            return self.count
        return max(1, round(self.ratio * nodes))


@attrs.frozen
class Fault:
    """A fault that befalls some nodes, or a command that they are given.

    Attributes:
        kind: a key of `FAULTS` or `COMMANDS`.
        text: as it was written.
        who: the nodes, as they were written.
        at: when it begins, in seconds.
        length: how long it lasts, in seconds; None: to the end of the run.
        details: every name that its kind knows, with its value.
    """

    kind: str
    text: str
    who: Who
    at: float
    length: float | None
    details: Mapping[str, Any]

    @property
    def label(self) -> str:
        """Kind and text, for a report."""
        return f"{self.kind} {self.text}"


MOST_NAMES = 1000
"""Other counters that one command may count under."""

NEEDED = object()
"""In place of the value of a detail that has no default."""


@attrs.frozen
class Kind:
    """What can be said about one kind of fault or command, besides the nodes and the time.

    Attributes:
        length: whether a length "must", "may" or (with "none") may not be given.
        details: by name, what reads the detail's text, and the default value or `NEEDED`.
    """

    length: str
    details: Mapping[str, tuple[Callable[[str], Any], Any]] = attrs.Factory(dict)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text

    return read


def _step(text: str) -> float:
    return time(text, negative=True)


def _some_time(text: str) -> float:
    seconds = time(text)
    if seconds <= 0:
        raise ValueError(f"{text!r} is not above 0")
    return seconds


def _one_node(text: str) -> int:
    found = who(text)
    if found.first is None or found.first != found.last:
        raise ValueError(f"{text!r} is not one node, as in n7")
    return found.first


def _amounts(text: str) -> tuple[int, ...]:
    return tuple(map(whole, text.split("+")))


def _names(text: str) -> int:
    number = whole(text)
    if not 0 <= number <= MOST_NAMES:
        raise ValueError(f"{number} is not from 0 to {MOST_NAMES}")
    return number


def _tags(text: str) -> str:
    return tags_text(each for each in text.split("+") if each)


def _not_negative(text: str) -> int:
    value = whole(text)
    if value < 0:
        raise ValueError(f"{text!r} is below 0")
    return value


FAULTS: Mapping[str, Kind] = {
    "crash": Kind("none", {"machine": (_one_of("up", "gone"), "up")}),
    "restart": Kind(
        "may",
        {
            "state": (_one_of("kept", "lost"), "kept"),
            "backup": (time, None),
            "copy": (_one_node, None),
        },
    ),
    "power-cut": Kind("may"),
    "set-back": Kind("none", {"back": (_some_time, 3.0), "noticed": (_one_of("yes", "no"), "no")}),
    "leave": Kind("none"),
    "pause": Kind("may"),
    "flip-flop": Kind("must", {"paused": (_some_time, 16.0), "running": (_some_time, 0.01)}),
    "block": Kind(
        "may",
        {
            "blocked": (_some_time, None),
            "free": (_some_time, 0.01),
            "timers": (_one_of("run", "stop"), "run"),
        },
    ),
    "slow": Kind("may", {"late": (between, UniformDelay(0.5, 2.5))}),
    "one-way": Kind("may", {"direction": (_one_of("out", "in"), "out"), "loss": (share, 1.0)}),
    "nat": Kind("may", {"mapped": (_one_of("yes", "no"), "yes")}),
    "partition": Kind("may"),
    "reject": Kind("may", {"peer": (_one_node, NEEDED)}),
    "clock-jump": Kind("none", {"by": (_step, -3600.0)}),
    "slow-disk": Kind("may", {"delay": (between, UniformDelay(0.02, 0.2))}),
    "bad-disk": Kind("may", {"fails": (share, 1.0)}),
}
"""Every kind of fault, by the word that asks for it."""

_ACK = (_one_of(*ACK_LEVELS), None)

COMMANDS: Mapping[str, Kind] = {
    "increment": Kind(
        "none",
        {"amount": (_amounts, (1,)), "ack": _ACK, "others": (_names, 0), "names": (_names, 0)},
    ),
    "change": Kind(
        "none",
        {
            "kind": (_one_of("reset", "delete", "again"), NEEDED),
            "amount": (_amounts, (1,)),
            "ack": _ACK,
            "names": (_names, 1),
        },
    ),
    "sync": Kind("none", {"value": (_not_negative, 0), "of": (_one_node, None), "ack": _ACK}),
    "register": Kind("none", {"peer": (_one_node, NEEDED)}),
    "remove": Kind("none", {"peer": (_one_node, NEEDED)}),
    "tag": Kind("none", {"tags": (_tags, NEEDED)}),
}
"""Every command that a scenario may give to nodes, by its word."""


def who(text: str) -> Who:
    """Returns the nodes that WHO stands for, see the module."""
    match = _WHO.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is none of 10, 5%, n7, n3-7")
    if match["count"]:
        if int(match["count"]) < 1:
            raise ValueError("0 nodes")
        return Who(count=int(match["count"]))
    if match["percent"]:
        return Who(ratio=share(match["percent"]))
    first = int(match["first"])
    last = int(match["last"] or first)
    if last < first:
        raise ValueError(f"{text!r} is empty")
    return Who(first=first, last=last)


def fault(kind: str, text: str) -> Fault:
    """Returns the fault or command of this kind that a text describes, see the module."""
    known = FAULTS.get(kind) or COMMANDS[kind]
    head, *parts = text.replace(" ", "").split(",")
    whom, at, when = head.partition("@")
    if not at:
        raise ValueError(f"{text!r} is not WHO@START, as in 10@30")
    start, plus, length_text = when.partition("+")
    if plus and known.length == "none":
        raise ValueError(f"{text!r}: {kind} has no length")
    if not plus and known.length == "must":
        raise ValueError(f"{text!r}: {kind} needs a length, as in 10@30+60")
    if kind in COMMANDS and who(whom).first is None:
        raise ValueError(f"{text!r}: {kind} names its nodes, as in n7@30")
    return Fault(
        kind,
        text,
        who(whom),
        time(start),
        time(length_text) if plus else None,
        _details(kind, parts, known),
    )


def _details(kind: str, parts: list[str], known: Kind) -> dict[str, Any]:
    details = {name: default for name, (_, default) in known.details.items()}
    for part in parts:
        name, equals, value = part.partition("=")
        if name not in details or not equals:
            possible = ", ".join(f"{each}=…" for each in details) or "nothing"
            raise ValueError(f"{part!r}: {kind} takes {possible} after a comma")
        try:
            details[name] = known.details[name][0](value)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    for name, value in details.items():
        if value is NEEDED:
            raise ValueError(f"{kind} needs {name}=… after a comma")
    return details
