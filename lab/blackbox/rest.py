"""Whether a cluster is at rest: what it sends, and how much it works, while nobody asks."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import NamedTuple

from lab.processes import processor_seconds

from .ledger import Finding
from .machine import Machine
from .switch import Switch

WINDOW = 2.0
"""Seconds over which it is measured."""

WITHIN = 12.0
"""Seconds after which it must have come to rest."""

_FACTOR = 2.0


class Effort(NamedTuple):
    """What one node does in a second, on average: frames, bytes, and its share of a core."""

    frames: float
    octets: float
    core: float

    def __str__(self) -> str:
        return (
            f"{self.frames:.1f} frames/s, {self.octets:.0f} B/s, {100 * self.core:.1f} % of a core"
        )


_SLACK = Effort(3.0, 600.0, 0.02)


def measure(machines: Sequence[Machine], switch: Switch, window: float = WINDOW) -> Effort:
    """Returns what these do now. They are not asked for it, since an answer is work, too."""
    before, worked, began = switch.carried(), _worked(machines), time.monotonic()
    threading.Event().wait(window)
    after, done = switch.carried(), _worked(machines)
    seconds = (time.monotonic() - began) * len(machines)
    return Effort(
        (after.frames - before.frames) / seconds,
        (after.octets - before.octets) / seconds,
        (done - worked) / seconds,
    )


def restless(now: Effort, first: Effort) -> list[Finding]:
    """Returns a finding if a node does more than twice what it did in the beginning."""
    limits = [_FACTOR * most + slack for most, slack in zip(first, _SLACK, strict=True)]
    if all(seen <= limit for seen, limit in zip(now, limits, strict=True)):
        return []
    return [Finding("no rest after healing", f"a node makes {now}; in the beginning {first}")]


def _worked(machines: Sequence[Machine]) -> float:
    return sum(processor_seconds(machine.node.process.pid) or 0.0 for machine in machines)
