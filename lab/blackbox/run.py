"""A run: a cluster is started, cycles follow each other, and the first that fails ends it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import agreement, logs, rest
from .agreement import Agreed
from .clients import Crowd
from .cycle import Cycle
from .ledger import Finding, Ledger
from .machine import PORT, Machine
from .network import network
from .rest import Effort
from .schedule import MACHINES, SPARE, Plan
from .switch import Switch, switch

_SEEDS = 2
_REST_BEFORE = 4.0


class Played(NamedTuple):
    """What came of a cycle.

    Attributes:
        findings: what must not be.
        agreed: seconds from the moment at which all answered again until all agreed.
        rested: seconds from agreement until the cluster was at rest, measuring included.
        seconds: how long all of it took.
        summary: what the model knows, for people.
    """

    findings: list[Finding]
    agreed: float
    rested: float
    seconds: float
    summary: str


class Run:
    """The machines, their switch and what is known of them.

    Attributes:
        first: what a node did in the beginning, while nobody asked anything.
    """

    first: Effort

    def __init__(
        self, machines: Sequence[Machine], switch: Switch, folder: Path, *, syncs: bool
    ) -> None:
        self._machines = machines
        self._switch = switch
        self._syncs = syncs
        self._ledger = Ledger(len(machines))
        self._ledger.members(MACHINES)
        self._logs = logs.Logs(folder)

    @property
    def total(self) -> int:
        """How many increments were acknowledged."""
        return self._ledger.total

    def start(self) -> list[Finding]:
        """Starts all machines but the spare one, and measures them; returns why that failed."""
        core = self._machines[:SPARE]
        for machine in core:
            machine.start()
        agreed = agreement.agree(lambda: agreement.look(core))
        if not agreed.findings:
            time.sleep(_REST_BEFORE)
            self.first = rest.measure(core, self._switch, 2 * rest.WINDOW)
        found = logs.severe(self._logs.new(), takes_directories=False)
        return [*agreed.findings, *found]

    def play(self, plan: Plan, seconds: float) -> Played:
        """Plays a cycle, for at most so many seconds before it is healed, and checks all."""
        began = time.monotonic()
        cycle = Cycle(plan, self._machines, self._switch, self._ledger)
        crowd = Crowd(self._machines, self._ledger, f"{plan.seed}/{plan.number}", self._syncs)
        try:
            cycle.play(seconds)
        finally:
            crowd.stop()
        cycle.heal()
        alive = [machine for machine in self._machines if machine.running]
        agreed = agreement.agree(lambda: agreement.look(alive))
        lines = self._logs.new()
        rested, findings = self._rest(alive)
        after = self._logs.new()
        findings += logs.deaths(after, (machine.node.id for machine in alive))
        findings += logs.severe([*lines, *after], takes_directories=plan.takes_directories)
        summary = self._summary(cycle)
        findings = [*agreed.findings, *self._close(agreed), *findings]
        self._put_away()
        self._ledger.members(MACHINES)
        # Agreement and the model may both see that the counts differ.
        findings = list(dict.fromkeys(findings))
        return Played(findings, agreed.seconds, rested, time.monotonic() - began, summary)

    def _rest(self, alive: Sequence[Machine]) -> tuple[float, list[Finding]]:
        """Waits until the cluster does no more than in the beginning."""
        began = time.monotonic()
        while True:
            effort = rest.measure(alive, self._switch)
            findings = rest.restless(effort, self.first)
            seconds = time.monotonic() - began
            if not findings or seconds > rest.WITHIN:
                return seconds, findings

    def _close(self, agreed: Agreed) -> list[Finding]:
        views = agreed.views.items()
        return self._ledger.close({number: view.shown for number, view in views if view})

    def _summary(self, cycle: Cycle) -> str:
        ledger = self._ledger
        return (
            f"{ledger.acknowledged} acknowledged ({ledger.everywhere} held by all, "
            f"{ledger.excused} excused), {ledger.unanswered} unanswered, {cycle.skipped} void"
        )

    def _put_away(self) -> None:
        """Lets the spare machine leave, and removes what a later cycle must not bring back."""
        spare = self._machines[SPARE]
        if spare.running:
            spare.terminate()
        for machine in self._machines:
            machine.forget_backup()
        spare.wipe()


@contextmanager
def run(seed: int, folder: Path, library: Path | None, *, syncs: bool) -> Iterator[Run]:
    """Makes network, switch and machines for the length of the block; no machine is started.

    All of them are gone at its end, however it ends.
    """
    with network(MACHINES + 1) as ports, switch([port.tap for port in ports], seed) as between:
        joins = [f"{port.host}:{PORT}" for port in ports[:_SEEDS]]
        machines = [
            Machine(number, port, folder, joins, library) for number, port in enumerate(ports)
        ]
        try:
            yield Run(machines, between, folder, syncs=syncs)
        finally:
            for machine in machines:
                machine.kill()
