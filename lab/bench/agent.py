"""One process of another program, whose lines tell what it knows."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

import attrs

from lab.processes.cluster import environment

from .processes import end

_SERF = re.compile(
    r"EventMember(?P<kind>Join|Failed|Leave): (?P<member>\S+)|user-event: (?P<name>\S+)"
)
_KINDS = {"Join": "alive", "Failed": "dead", "Leave": "left"}


@attrs.frozen
class Said:
    """That a node said, at `at` of the wall clock, that a member is alive, dead or left.

    With the kind `event`, `member` is the name of a user's event that has come.
    """

    at: float
    kind: str
    member: str


class Agent:
    """A process that may be started several times.

    Attributes:
        host: its address, which is also its name in its cluster.
        process: of its last start.
        said: what its lines told since the first start, each with the time at which it came.
    """

    process: subprocess.Popen[bytes]

    def __init__(
        self, host: str, command: Sequence[str], parse: Callable[[str], tuple[str, str] | None]
    ) -> None:
        self.host = host
        self.said: list[Said] = []
        self._command = command
        self._parse = parse
        self._started = 0

    def start(self) -> None:
        """Starts a process; it is not there yet when this returns."""
        self._started = len(self.said)
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
                    self.said.append(Said(at, *found))

    def alive(self) -> set[str]:
        """Who is alive, as the lines since its last start tell."""
        alive: set[str] = set()
        for said in self.said[self._started :]:
            if said.kind == "alive":
                alive.add(said.member)
            elif said.kind in ("dead", "left"):
                alive.discard(said.member)
        return alive

    def end(self) -> None:
        """Ends the process if it was started."""
        if hasattr(self, "process"):
            end(self.process)


def parse_serf(line: str) -> tuple[str, str] | None:
    """Kind and member, or event's name, of a line of `serf agent`."""
    found = _SERF.search(line)
    if found is None:
        return None
    if found["name"]:
        return "event", found["name"]
    return _KINDS[found["kind"]], found["member"]


def parse_kinship(line: str) -> tuple[str, str] | None:
    """Kind and member of a line of `kinship_node`."""
    words = line.split()
    return (words[0], words[1]) if len(words) == 3 else None
