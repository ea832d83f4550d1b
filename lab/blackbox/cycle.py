"""Carries out one cycle: weathers and faults at their times, while clients count."""

from __future__ import annotations

import heapq
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial

from .ledger import Ledger
from .machine import Machine
from .schedule import CALM, SPARE, Fault, Plan
from .switch import Switch

_YOUNG = 5.0
"""Seconds for which a process that starts may still end by SIGTERM itself: Python is not up yet."""

_Action = Callable[[], None]


class Cycle:
    """The weathers and faults of a plan, and when each fault is over.

    Attributes:
        skipped: faults that met a machine in a state in which they could do nothing.
    """

    def __init__(
        self, plan: Plan, machines: Sequence[Machine], switch: Switch, ledger: Ledger
    ) -> None:
        self.skipped = 0
        self._machines = machines
        self._switch = switch
        self._ledger = ledger
        self._seconds = plan.seconds
        self._agenda: list[tuple[float, int, _Action]] = []
        self._number = 0
        self._down: set[int] = set()
        self._began = time.monotonic()
        self._act: dict[str, Callable[[Fault], None]] = {
            "kill": self._kill,
            "kill all": self._kill_all,
            "terminate": self._terminate,
            "pause": self._pause,
            "back up": self._back_up,
            "wipe": self._wipe,
            "set back": self._set_back,
            "clone": self._clone,
            "clock": self._clock,
        }
        for at, weather in plan.weathers:
            self._at(at, partial(switch.turn, weather))
        for fault in plan.faults:
            self._at(fault.at, partial(self._act[fault.kind], fault))

    def play(self, seconds: float) -> None:
        """Plays it for so many seconds, at most for its whole length."""
        pause = threading.Event()
        end = min(seconds, self._seconds)
        while self._agenda and self._agenda[0][0] <= end:
            at, _, action = heapq.heappop(self._agenda)
            pause.wait(max(0.0, at - self._now()))
            self._nobody_ended()
            action()
        pause.wait(max(0.0, end - self._now()))
        self._nobody_ended()

    def heal(self) -> None:
        """Calms the switch, and starts and continues all machines but a spare one that is down."""
        self._switch.turn(CALM)
        for machine in self._machines:
            machine.proceed()
            if machine.number in self._down:
                self._start(machine)

    def _now(self) -> float:
        return time.monotonic() - self._began

    def _at(self, at: float, action: _Action) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (at, self._number, action))

    def _nobody_ended(self) -> None:
        for machine in self._machines[:SPARE]:
            if not machine.running and machine.number not in self._down:
                code = machine.node.process.returncode
                seen = f"machine {machine.number}, exit code {code}: {machine.node.log_path.name}"
                self._ledger.wrong("a process ended by itself", seen)
                self._down.add(machine.number)

    def _start(self, machine: Machine) -> None:
        if machine.number in self._down:
            self._down.discard(machine.number)
            machine.start()

    def _stop(self, fault: Fault) -> Machine:
        """Kills the machine of this fault, and sees to its next start."""
        machine = self._machines[fault.machine]
        self._down.add(machine.number)
        machine.kill()
        self._at(self._now() + fault.hold, partial(self._start, machine))
        return machine

    # The kinds of faults

    def _kill(self, fault: Fault) -> None:
        self._stop(fault)

    def _kill_all(self, fault: Fault) -> None:
        for machine in self._machines[:SPARE]:
            self._stop(Fault(fault.at, "kill", machine.number, fault.hold))

    def _terminate(self, fault: Fault) -> None:
        machine = self._machines[fault.machine]
        if not machine.running:
            self.skipped += 1
            return
        self._down.add(machine.number)
        young = time.time() - machine.node.log_path.stat().st_ctime < _YOUNG
        young = young or machine.node.log_path.stat().st_size == 0
        code = machine.terminate()
        if code is None:
            self._ledger.wrong("a process does not stop", f"machine {machine.number}")
        elif code and not (young and code == -signal.SIGTERM):
            self._ledger.wrong("wrong exit code", f"machine {machine.number}: {code}")
        self._at(self._now() + fault.hold, partial(self._start, machine))

    def _pause(self, fault: Fault) -> None:
        machine = self._machines[fault.machine]
        if not machine.running:
            self.skipped += 1
            return
        machine.pause()
        self._at(self._now() + fault.hold, machine.proceed)

    def _back_up(self, fault: Fault) -> None:
        self._machines[fault.machine].back_up()

    def _wipe(self, fault: Fault) -> None:
        machine = self._stop(fault)
        self._ledger.directory_goes(machine.number)
        machine.wipe()

    def _set_back(self, fault: Fault) -> None:
        machine = self._stop(fault)
        self._ledger.directory_goes(machine.number)
        machine.restore(machine)

    def _clone(self, fault: Fault) -> None:
        spare = self._machines[SPARE]
        self._ledger.directory_goes(spare.number)
        self._ledger.members(len(self._machines))
        spare.restore(self._machines[fault.machine])
        spare.start()

    def _clock(self, fault: Fault) -> None:
        self._machines[fault.machine].set_clock(fault.step)
