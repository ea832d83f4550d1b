"""The model: what clients asked for, what was acknowledged, and which counts can be right.

It begins anew at each cycle from the value on which all nodes agreed, so that what a cycle leaves
open cannot hide what a later one loses. It opens no file and no connection.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Finding(NamedTuple):
    """Something that must not be: its kind in a few words, and what was seen."""

    kind: str
    seen: str


@dataclass(frozen=True)
class Asked:
    """A request, with what its answer must at least show.

    Attributes:
        machine: which was asked.
        disk: the number of the machine's directory, which grows when a directory is taken away.
        shown: the largest count that this directory's nodes have answered.
        everywhere: how many increments of this cycle all machines hold.
        adds: 1 for an increment, else 0.
    """

    machine: int
    disk: int
    shown: int
    everywhere: int
    adds: int


@dataclass
class _Machine:
    disk: int = 0
    shown: int = 0
    alone: int = 0
    kept: bool = True


class Ledger:
    """Knows what all clients saw; they call it from their threads.

    Attributes:
        acknowledged: increments of this cycle that were answered with 200.
        unanswered: increments of this cycle that were sent and not answered, or refused: they may
            count.
        excused: of those acknowledged, how many may be lost. Such an increment was answered
            `Gossipd-Acks: 1/N` by a node whose directory was then taken away. Where `/sync` is
            used, so may any that a node answered after it had lost its directory: it does not know
            the floor, and its increment may be a part of that.
        everywhere: of those acknowledged, how many all machines hold.
        total: increments acknowledged in all cycles.
    """

    def __init__(self, machines: int) -> None:
        self._lock = threading.Lock()
        self._machines = [_Machine() for _ in range(machines)]
        self._members = machines
        self._findings: list[Finding] = []
        self._base = 0
        self._sent = self._raised = 0
        self._floors = False
        self.acknowledged = self.unanswered = self.excused = self.everywhere = self.total = 0

    # What clients report

    def increment(self, machine: int) -> Asked:
        """An increment is about to be sent."""
        with self._lock:
            self._sent += 1
            return self._asked(machine, 1)

    def read(self, machine: int) -> Asked:
        """A read is about to be sent."""
        with self._lock:
            return self._asked(machine, 0)

    def sync(self, machine: int, above: int) -> int:
        """A `/sync` is about to be sent; returns its value, so far above what the machine shows."""
        with self._lock:
            value = max(0, self._machines[machine].shown + above)
            self._raised = max(self._raised, value)
            self._floors = True
            return value

    def refused(self, asked: Asked) -> None:
        """No connection was made, so nothing was sent."""
        with self._lock:
            self._sent -= asked.adds

    def not_answered(self, asked: Asked) -> None:
        """It was sent, and nobody knows what came of it."""
        with self._lock:
            self.unanswered += asked.adds

    def answered(self, asked: Asked, count: int, acks: str = "1/1", promised: int = 0) -> None:
        """It was answered with this count.

        Args:
            asked: what was returned when it was sent.
            count: the value in the answer.
            acks: how many nodes hold it of how many, for an increment.
            promised: what a `/sync` of the same client there, and its increments since, add up to.
        """
        with self._lock:
            machine = self._machines[asked.machine]
            where = f"machine {asked.machine} answered {count}"
            if machine.disk == asked.disk:
                if count < asked.shown:
                    self._find("less than it showed", f"{where} after {asked.shown}")
                if count < promised:
                    self._find("less than its client saw", f"{where}, at least {promised} is due")
                if machine.kept and count < self._base + asked.everywhere:
                    due = self._base + asked.everywhere
                    self._find("what all hold is not shown", f"{where}, all hold {due}")
                machine.shown = max(machine.shown, count)
            if count > (most := max(self._base, self._raised) + self._sent):
                self._find("counted twice", f"{where}, at most {most} can be")
            if asked.adds:
                self._acknowledged(asked, machine, acks)

    def wrong(self, kind: str, seen: str) -> None:
        """A client saw something else that must not be."""
        with self._lock:
            self._find(kind, seen)

    # What the run reports

    def directory_goes(self, machine: int) -> None:
        """The directory of a machine, whose process has ended, is about to be taken away."""
        with self._lock:
            one = self._machines[machine]
            self.excused += one.alone
            self._machines[machine] = _Machine(one.disk + 1, kept=False)

    def members(self, count: int) -> None:
        """From now on so many machines must hold an increment before all do."""
        with self._lock:
            self._members = count

    def close(self, counts: Mapping[int, int]) -> list[Finding]:
        """Ends a cycle with what the machines show at last, and returns all that is wrong.

        No request is under way.
        """
        with self._lock:
            low = self._base + self.acknowledged - self.excused
            high = max(self._base, self._raised) + self.acknowledged + self.unanswered
            for machine, count in counts.items():
                if count < max(low, self._base + self.everywhere):
                    text = f"machine {machine} shows {count}, at least {low} were acknowledged"
                    self._find("an acknowledged increment is lost", text)
                if count > high:
                    text = f"machine {machine} shows {count}, at most {high} were sent"
                    self._find("an increment is counted twice", text)
            if len(set(counts.values())) > 1:
                self._find("the counts differ", f"by machine: {dict(counts)}")
            found, self._findings = self._findings, []
            self._begin(max(counts.values(), default=self._base))
            return found

    def _begin(self, base: int) -> None:
        self._base = self._raised = base
        self._sent = 0
        self.acknowledged = self.unanswered = self.excused = self.everywhere = 0
        for one in self._machines:
            one.alone, one.kept = 0, True

    def _asked(self, number: int, adds: int) -> Asked:
        machine = self._machines[number]
        return Asked(number, machine.disk, machine.shown, self.everywhere, adds)

    def _acknowledged(self, asked: Asked, machine: _Machine, acks: str) -> None:
        holders = int(acks.partition("/")[0])
        self.acknowledged += 1
        self.total += 1
        if machine.disk != asked.disk:
            # The answer was read after the directory had gone.
            self.excused += holders == 1 or self._floors
        elif not machine.kept and self._floors:
            self.excused += 1
        else:
            machine.alone += holders == 1
            self.everywhere += holders >= self._members

    def _find(self, kind: str, seen: str) -> None:
        self._findings.append(Finding(kind, seen))
