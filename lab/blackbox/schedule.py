"""Draws what happens in a cycle. The seed and the number of the cycle decide all of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import permutations
from random import Random

MACHINES = 5
"""How many machines are members all the time. One more, the spare one, is started as a copy."""

SPARE = MACHINES

_GAP = (0.1, 1.5)
_LOSSES = (0, 0, 2, 10, 30)
_REPEATS = (0, 0, 10, 40)
_REORDERS = (0, 0, 20, 60)
_CORRUPTIONS = (0, 0, 2, 10)
_DELAYS = (0, 0, 5, 50)
_LENGTHS = (4, 6, 8, 12, 24)
_SHAPES = ("whole", "whole", "split", "split", "one way", "isolated", "deaf", "mute", "bridge")
_LASTS = (3.0, 12.0)
_HOUR = 3600.0

_WEIGHTS = {
    "kill": 20,
    "kill all": 4,
    "terminate": 6,
    "pause": 12,
    "wipe": 6,
    "set back": 6,
    "clone": 6,
    "nothing": 40,
}
_ONCE = ("wipe", "set back", "clone")
"""A cycle takes at most one directory away, because two together may hold what nobody else has."""

_HOLDS = {
    "kill": (0, 0, 0.3, 2, 6),
    "kill all": (0, 0, 3),
    "terminate": (0, 1),
    "pause": (0.2, 1, 4, 9),
    "wipe": (0, 1, 4),
    "set back": (0, 1, 4),
    "clone": (0,),
}


@dataclass(frozen=True)
class Weather:
    """What the switch does to frames.

    Attributes:
        shape: the name of the cut.
        loss: of a hundred UDP packets, how many are dropped.
        repeat: of a hundred, how many are delivered twice or three times.
        reorder: of a hundred, how many are held back for up to 150 ms.
        corrupt: of a hundred, how many get wrong bytes, and no UDP checksum that would tell.
        delay: the longest ordinary delay in milliseconds.
        cut: pairs (from, to) of machines between which nothing passes in that direction.
    """

    shape: str = "whole"
    loss: int = 0
    repeat: int = 0
    reorder: int = 0
    corrupt: int = 0
    delay: int = 0
    cut: frozenset[tuple[int, int]] = field(default=frozenset())

    def __str__(self) -> str:
        parts = [self.shape]
        for name in ("loss", "repeat", "reorder", "corrupt"):
            parts += [f"{name} {getattr(self, name)} %"] if getattr(self, name) else []
        return ", ".join([*parts, *([f"delay {self.delay} ms"] if self.delay else [])])


CALM = Weather()


@dataclass(frozen=True, order=True)
class Fault:
    """Something that happens to a machine.

    Attributes:
        at: seconds from the beginning of the cycle.
        kind: `kill`, `kill all`, `terminate`, `pause`, `back up`, `wipe`, `set back`, `clone` (the
            spare machine starts from a copy of this one's directory) or `clock`.
        machine: its number.
        hold: seconds until it is started again or continued.
        step: how far its clock is from the right one from now on, in seconds.
    """

    at: float
    kind: str
    machine: int
    hold: float = 0.0
    step: float = 0.0

    def __str__(self) -> str:
        text = f"{self.at:5.2f} s  {self.kind} machine {self.machine}"
        if self.kind == "clock":
            return f"{text}, {self.step:+.0f} s"
        return f"{text}, for {self.hold:g} s" if self.hold else text


@dataclass(frozen=True)
class Plan:
    """A cycle as it was drawn.

    Attributes:
        seed: of the run.
        number: of the cycle, counted from 0.
        seconds: how long it lasts before it is healed.
        weathers: what the switch does, each with the second at which that begins.
        faults: in the order in which they happen.
    """

    seed: int
    number: int
    seconds: float
    weathers: tuple[tuple[float, Weather], ...]
    faults: tuple[Fault, ...]

    @property
    def takes_directories(self) -> bool:
        """Whether a machine loses its directory, or a copy of one is started."""
        return any(fault.kind in _ONCE for fault in self.faults)

    def lines(self) -> list[str]:
        """The cycle for people."""
        lines = []
        for at, weather in self.weathers:
            cut = ", ".join(f"{a}>{b}" for a, b in sorted(weather.cut))
            lines.append(f"{at:5.2f} s  {weather}{'; nothing passes ' if cut else ''}{cut}")
        lines += map(str, self.faults)
        return [f"cycle {self.number} of seed {self.seed}, {self.seconds:g} s", *sorted(lines)]


def draw(seed: int, number: int, clocks: float = 0.0) -> Plan:
    """Returns the cycle of that number; clocks are set wrong by at most so many hours, 0 for never.

    All else is the same with and without clocks.
    """
    rng = Random(f"{seed}/{number}")
    seconds = rng.choice(_LENGTHS)
    weathers = tuple(_weathers(rng, seconds))
    faults = [*_faults(rng, seconds)]
    if clocks:
        faults += _clocks(Random(f"{seed}/{number}/clocks"), seconds, clocks * _HOUR)
    return Plan(seed, number, seconds, weathers, tuple(sorted(faults)))


def _weathers(rng: Random, seconds: float) -> Iterator[tuple[float, Weather]]:
    at = 0.0
    while at < seconds:
        yield at, _weather(rng)
        at += rng.uniform(*_LASTS)


def _weather(rng: Random) -> Weather:
    shape = rng.choice(_SHAPES)
    return Weather(
        shape,
        rng.choice(_LOSSES),
        rng.choice(_REPEATS),
        rng.choice(_REORDERS),
        rng.choice(_CORRUPTIONS),
        rng.choice(_DELAYS),
        _cut(rng, shape),
    )


def _cut(rng: Random, shape: str) -> frozenset[tuple[int, int]]:
    order = list(range(MACHINES + 1))
    rng.shuffle(order)
    pairs = list(permutations(order, 2))
    if shape == "split":
        side = set(order[: rng.randint(1, 3)])
        pairs = [(a, b) for a, b in pairs if (a in side) != (b in side)]
    elif shape == "one way":
        pairs = [pair for pair in pairs if rng.random() < 0.4]
    elif shape == "deaf":
        pairs = [(a, b) for a, b in pairs if b == order[0]]
    elif shape == "mute":
        pairs = [(a, b) for a, b in pairs if a == order[0]]
    elif shape == "bridge":
        # Two sides that reach each other through the rest only.
        sides = [set(order[:2]), set(order[2:4])]
        pairs = [(a, b) for a, b in pairs if {a in sides[0], b in sides[0]} == {True, False}]
        pairs = [(a, b) for a, b in pairs if a in sides[1] or b in sides[1]]
    elif shape != "isolated":
        pairs = []
    return frozenset(pairs)


def _faults(rng: Random, seconds: float) -> Iterator[Fault]:
    busy_until = [0.0] * MACHINES
    taken = False
    at = rng.uniform(*_GAP)
    while at < seconds:
        machine = rng.randrange(MACHINES)
        kind = rng.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        hold = rng.choice(_HOLDS.get(kind, (0,)))
        before = rng.uniform(0.0, at)
        touched = range(MACHINES) if kind == "kill all" else [machine]
        free = all(busy_until[one] <= at for one in touched)
        if kind != "nothing" and free and not (taken and kind in _ONCE):
            taken = taken or kind in _ONCE
            for one in touched:
                busy_until[one] = at + hold
            if kind in ("set back", "clone"):
                yield Fault(before, "back up", machine)
            yield Fault(at, kind, machine, hold)
        at += rng.uniform(*_GAP)


def _clocks(rng: Random, seconds: float, reach: float) -> Iterator[Fault]:
    at = rng.uniform(*_GAP)
    while at < seconds:
        far = rng.uniform(-reach, reach)
        step = rng.choice([0.0, rng.uniform(-30.0, 30.0), far, far])
        yield Fault(at, "clock", rng.randrange(MACHINES), step=step)
        at += rng.uniform(1.0, 8.0)
