"""Carries out the faults and commands of a scenario, and tells the judges of them.

To add a kind of fault, describe its notation in `notation.FAULTS` and put a method here into the
table of kinds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import inf
from typing import Any

from gossipd.protocol import DEFAULT, Asked

from ..judge import Agreement, Detection
from ..world import Commands, Delay, Faults, Snapshot, World, keyed, resets
from .notation import COMMANDS, Fault

Numbers = tuple[int, ...]


class FaultSchedule:
    """Faults and commands to come. Nodes that do not run when a fault begins are passed over.

    Args:
        spare_forked: whether nothing is counted at a node while it is forked, see `Host.forked`.
    """

    def __init__(
        self,
        world: World,
        agreement: Agreement,
        detection: Detection,
        *,
        spare_forked: bool = False,
    ) -> None:
        self._spare_forked = spare_forked
        self._world = world
        self._faults = Faults(world)
        self._commands = Commands(world)
        self._agreement = agreement
        self._detection = detection
        self._backups: dict[int, Any] = {}
        self._snapshots: dict[tuple[str, int], Snapshot | None] = {}
        self._kinds: dict[str, Callable[[Fault, Numbers], None]] = {
            "crash": self._crash,
            "restart": self._restart,
            "power-cut": self._restart,
            "set-back": self._set_back,
            "leave": self._leave,
            "pause": self._pause,
            "flip-flop": self._flip_flop,
            "block": self._block,
            "slow": self._slow,
            "one-way": self._one_way,
            "nat": self._nat,
            "partition": self._partition,
            "reject": self._reject,
            "clock-jump": self._clock_jump,
            "slow-disk": self._slow_disk,
            "bad-disk": self._bad_disk,
            **dict.fromkeys(COMMANDS, self._command),
        }

    def add(self, fault: Fault, numbers: Numbers) -> None:
        """Lets a fault befall these nodes, or gives them a command, at its time."""
        self._world.at(fault.at, self._kinds[fault.kind], fault, numbers)
        backup = fault.details.get("backup")
        if backup is not None:
            for number in numbers:
                self._world.at(max(self._world.now, fault.at - backup), self._back_up, number)
        back = fault.details.get("back")
        if back is not None:
            for number in numbers:
                at = max(self._world.now, fault.at - back)
                self._world.at(at, self._take_snapshot, fault.text, number)

    def _running(self, numbers: Numbers) -> Numbers:
        return tuple(number for number in numbers if self._world.host(number).node is not None)

    def _later(self, fault: Fault, end: Callable[[], None]) -> None:
        """Calls `end` when the fault is over, and measures from then on how fast all agree."""

        def over() -> None:
            end()
            self._agreement.step(f"end of {fault.label}")

        if fault.length is not None:
            self._world.at(fault.at + fault.length, over)

    def _crash(self, fault: Fault, numbers: Numbers) -> None:
        for number in self._running(numbers):
            self._detection.afflict((number,))
            self._faults.crash(number, gone=fault.details["machine"] == "gone")
        self._agreement.step(fault.label)

    def _restart(self, fault: Fault, numbers: Numbers) -> None:
        # Nodes that do not run any more are started as well.
        world, power_cut = self._world, fault.kind == "power-cut"
        self._detection.afflict(numbers)
        for number in numbers:
            if world.host(number).node is not None:
                self._faults.crash(number, power_cut=power_cut)
            if not power_cut:
                self._change_disk(fault, number)

        def start() -> None:
            for number in numbers:
                if world.host(number).node is None:
                    world.start(number)
            self._detection.relieve(numbers)
            self._agreement.step(fault.label)

        world.at(fault.at + (fault.length or 0.0), start)

    def _change_disk(self, fault: Fault, number: int) -> None:
        faults, copied = self._faults, fault.details["copy"]
        if copied is not None:
            content = self._world.host(copied).disk_content()
            faults.replace_disk(number, content, f"a copy of n{copied}'s")
        elif fault.details["backup"] is not None:
            faults.replace_disk(number, self._backups.get(number), "a backup")
        elif fault.details["state"] == "lost":
            faults.replace_disk(number, None, "empty")

    def _back_up(self, number: int) -> None:
        self._backups[number] = self._world.host(number).disk_content()

    def _take_snapshot(self, text: str, number: int) -> None:
        self._snapshots[text, number] = self._world.host(number).snapshot()

    def _set_back(self, fault: Fault, numbers: Numbers) -> None:
        # Nodes that did not run freely when the snapshot was to be taken are passed over.
        self._detection.afflict(numbers)
        for number in numbers:
            snapshot = self._snapshots.pop((fault.text, number), None)
            if snapshot is not None:
                noticed = fault.details["noticed"] == "yes"
                self._faults.set_back(number, snapshot, noticed=noticed)
        self._detection.relieve(numbers)
        self._agreement.step(fault.label)

    def _leave(self, fault: Fault, numbers: Numbers) -> None:
        chosen = self._running(numbers)
        self._detection.afflict(chosen)
        for number in chosen:
            self._commands.leave(number)
        self._agreement.step(fault.label, ending=chosen)

    def _pause(self, fault: Fault, numbers: Numbers) -> None:
        chosen = self._running(numbers)
        self._detection.afflict(chosen)
        for number in chosen:
            self._faults.pause(number, fault.length)
        self._later(fault, lambda: self._detection.relieve(chosen))

    def _flip_flop(self, fault: Fault, numbers: Numbers) -> None:
        chosen = self._running(numbers)
        self._detection.afflict(chosen)
        until = fault.at + (fault.length or 0.0)
        for number in chosen:
            self._faults.pause_repeatedly(
                number,
                paused=fault.details["paused"],
                running=fault.details["running"],
                until=until,
            )
        self._later(fault, lambda: self._detection.relieve(chosen))

    def _block(self, fault: Fault, numbers: Numbers) -> None:
        chosen = self._running(numbers)
        self._detection.afflict(chosen)
        blocked, free = fault.details["blocked"], fault.details["free"]
        stopping = fault.details["timers"] == "stop"
        until = inf if fault.length is None else fault.at + fault.length
        for number in chosen:
            if blocked is None:
                self._faults.block(number, fault.length, stopping=stopping)
            else:
                self._faults.block_repeatedly(
                    number, blocked=blocked, free=free, until=until, stopping=stopping
                )
        self._later(fault, lambda: self._detection.relieve(chosen))

    def _slow(self, fault: Fault, numbers: Numbers) -> None:
        chosen = self._running(numbers)
        self._detection.afflict(chosen)
        for number in chosen:
            self._faults.slow(number, fault.details["late"])

        def end() -> None:
            for number in chosen:
                self._faults.slow(number, None)
            self._detection.relieve(chosen)

        self._later(fault, end)

    def _one_way(self, fault: Fault, numbers: Numbers) -> None:
        network = self._world.network
        self._detection.afflict(numbers)
        addresses = self._world.addresses(numbers)
        out = fault.details["direction"] == "out"
        rule = network.lose(
            fault.details["loss"], addresses if out else None, None if out else addresses
        )

        def end() -> None:
            network.heal(rule)
            self._detection.relieve(numbers)

        self._later(fault, end)

    def _nat(self, fault: Fault, numbers: Numbers) -> None:
        world = self._world
        self._detection.afflict(numbers)
        for number in numbers:
            self._faults.translate(number, mapped=fault.details["mapped"] == "yes")

        def end() -> None:
            for address in world.addresses(numbers):
                world.carrier.translation.end(address)
            self._detection.relieve(numbers)

        self._later(fault, end)

    def _partition(self, fault: Fault, numbers: Numbers) -> None:
        network = self._world.network
        one = frozenset(self._world.addresses(numbers))
        other = [host.address for host in self._world.hosts.values() if host.address not in one]
        rules = network.partition(one, other)
        cut = self._detection.cut(numbers)

        def end() -> None:
            network.heal(*rules)
            self._detection.mend(cut)

        self._later(fault, end)

    def _reject(self, fault: Fault, numbers: Numbers) -> None:
        # The nodes themselves are well, and so is their network but for this pair.
        network, addresses = self._world.network, self._world.addresses
        some, peer = addresses(numbers), addresses([fault.details["peer"]])
        rules = [network.reject(some, peer), network.reject(peer, some)]
        self._later(fault, lambda: network.heal(*rules))

    def _clock_jump(self, fault: Fault, numbers: Numbers) -> None:
        for number in numbers:
            self._world.host(number).jump_clock(fault.details["by"])

    def _slow_disk(self, fault: Fault, numbers: Numbers) -> None:
        def become(delay: Delay | None) -> None:
            for number in numbers:
                self._world.host(number).disk.slow_down(delay)

        become(fault.details["delay"])
        self._later(fault, lambda: become(None))

    def _bad_disk(self, fault: Fault, numbers: Numbers) -> None:
        def become(share: float) -> None:
            for number in numbers:
                self._world.host(number).disk.fail(share)

        become(fault.details["fails"])
        self._later(fault, lambda: become(0.0))

    def _command(self, fault: Fault, numbers: Numbers) -> None:
        commands, details = self._commands, fault.details
        for number in self._running(numbers):
            if self._spared(fault.kind, number):
                continue
            if fault.kind == "increment":
                ack, names = details["ack"], details["names"]
                commands.increments(number, details["amount"], ack=ack, names=names)
                for other in range(details["others"]):
                    commands.increment(number, name=f"another-counter-of-{number}-{other}")
            elif fault.kind == "change":
                commands.change(number, _changes(details), ack=details["ack"])
            elif fault.kind == "sync":
                value, of = details["value"], details["of"]
                if of is not None and self._running((of,)):
                    value = self._world.node(of).count(DEFAULT)
                commands.sync(number, value, ack=details["ack"])
            elif fault.kind == "register":
                commands.register(number, details["peer"])
            elif fault.kind == "tag":
                commands.tag(number, details["tags"])
            else:
                commands.remove(number, details["peer"])

    def _spared(self, kind: str, number: int) -> bool:
        counts = kind in ("increment", "sync", "change")
        return counts and self._spare_forked and self._world.host(number).forked


def _changes(details: Mapping[str, Any]) -> list[Asked]:
    """Returns what a command `change` asks for."""
    kind, names = details["kind"], details["names"]
    if kind == "again":
        return [keyed(amount, names) for amount in details["amount"]]
    return resets(names, delete=kind == "delete")
