"""A node of another program, which tells what it knows by the lines that it prints."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

import attrs

from lab.processes import environment

from .child_processes import end

_SERF = re.compile(
    r"EventMember(?P<kind>Join|Failed|Leave): (?P<member>\S+)|user-event: (?P<name>\S+)"
)
_KINDS = {"Join": "alive", "Failed": "dead", "Leave": "left"}


@attrs.frozen
class Report:
    """One line of a node: a member is alive, dead or left, or a user event has arrived.

    Attributes:
        at: Unix time at which the line came.
        kind: `alive`, `dead`, `left` or `event`.
        member: the member's name; for an `event`, the name of that.
    """

    at: float
    kind: str
    member: str


class Agent:
    """A node that may be started several times, each time as a new process.

    Attributes:
        host: its address, which is also its name in its cluster.
        process: the process of its last start.
        reports: what its lines have told since the first start, in order.
    """

    process: subprocess.Popen[bytes]

    def __init__(
        self, host: str, command: Sequence[str], parse: Callable[[str], tuple[str, str] | None]
    ) -> None:
        self.host = host
        self.reports: list[Report] = []
        self._command = command
        self._parse = parse
        self._was_started = False
        self._first_report = 0

    def start(self) -> None:
        """Starts a process; it has not joined its cluster yet when this returns."""
        self._was_started = True
        self._first_report = len(self.reports)
        self.process = subprocess.Popen(
            self._command,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

    def _read(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as lines:
            for line in lines:
                at = time.time()
                found = self._parse(line.decode("utf-8", "replace"))
                if found is not None:
                    self.reports.append(Report(at, *found))

    def alive(self) -> set[str]:
        """Returns the members that are alive according to the lines since its last start."""
        alive: set[str] = set()
        for report in self.reports[self._first_report :]:
            if report.kind == "alive":
                alive.add(report.member)
            elif report.kind in ("dead", "left"):
                alive.discard(report.member)
        return alive

    def end(self) -> None:
        """Ends the process if one was started."""
        if self._was_started:
            end(self.process)


def parse_serf(line: str) -> tuple[str, str] | None:
    """Returns kind and member (or name of the event) of a line of `serf agent`, if it has them."""
    found = _SERF.search(line)
    if found is None:
        return None
    if found["name"]:
        return "event", found["name"]
    return _KINDS[found["kind"]], found["member"]


def parse_kinship(line: str) -> tuple[str, str] | None:
    """Returns kind and member of a line of `kinship_node`, or None for a line of its library."""
    words = line.split()
    return (words[0], words[1]) if len(words) == 3 else None
