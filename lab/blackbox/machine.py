"""A machine of the black box: a node's process, its directory, its clock and its network."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lab.processes import ROOT, Node, environment

from .clocks import Clock
from .network import Port

PORT = 8088
_STOP_SECONDS = 8.0
_DATABASE = "gossipd.db"


class Machine:
    """A node that is started, stopped and robbed again and again.

    Attributes:
        number: counted from 0.
        node: its process, as tests of real nodes know it.
        paused: whether its process stands still.
    """

    def __init__(
        self, number: int, port: Port, folder: Path, joins: Sequence[str], library: Path | None
    ) -> None:
        self.number = number
        data = folder / f"{port.host}-{PORT}"
        flags = ["--data-dir", str(data)]
        for join in joins:
            flags += ["--join", join]
        # The node dies with this process, whatever ends this process.
        inside = ["nsenter", f"--net={port.namespace}", "--"]
        prefix = ["setpriv", "--pdeathsig", "KILL", *inside]
        self.node = Node(port.host, PORT, folder, flags, discovery=True, prefix=prefix)
        self.paused = False
        self._backup = folder / f"backup-{number}.db"
        self._clock: Clock | None = None
        if library is not None:
            self._clock = Clock(library, folder / f"clock-{number}")
            self.node.variables.update(self._clock.variables)
        self._started = False

    @property
    def running(self) -> bool:
        """Whether its process is there, standing still or not."""
        return self._started and self.node.process.poll() is None

    def start(self) -> None:
        """Starts a process, which is not ready yet when this returns."""
        self.node.start()
        self._started, self.paused = True, False

    def kill(self) -> None:
        """Ends its process at once, if there is one."""
        if self.running:
            self.node.kill()
        self.paused = False

    def terminate(self) -> int | None:
        """Lets its process leave, and returns the exit code; None if it had to be killed."""
        self.proceed()
        self.node.send(signal.SIGTERM)
        try:
            return self.node.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def pause(self) -> None:
        """Lets its process stand still."""
        if self.running:
            self.node.send(signal.SIGSTOP)
            self.paused = True

    def proceed(self) -> None:
        """Lets its process go on, if it stands still."""
        if self.paused and self.running:
            self.node.send(signal.SIGCONT)
        self.paused = False

    def set_clock(self, offset: float) -> None:
        """Sets its clock wrong by so many seconds."""
        if self._clock is not None:
            self._clock.set(offset)

    # Its directory

    def back_up(self) -> None:
        """Copies its state, as a user would; a directory without one leaves no copy."""
        self._backup.unlink(missing_ok=True)
        words = ["store", "backup", str(self.node.directory), str(self._backup)]
        subprocess.run(
            [sys.executable, "-m", "gossipd", *words],
            cwd=ROOT,
            env=environment(),
            capture_output=True,
            check=False,
        )

    def wipe(self) -> None:
        """Removes its directory; its process has ended."""
        shutil.rmtree(self.node.directory, ignore_errors=True)

    def restore(self, other: Machine) -> None:
        """Puts the other one's backup in place of its directory; its process has ended."""
        self.wipe()
        if other._backup.exists():
            self.node.directory.mkdir()
            shutil.copy(other._backup, self.node.directory / _DATABASE)

    def forget_backup(self) -> None:
        """Removes its backup, so that nothing comes back in a later cycle."""
        self._backup.unlink(missing_ok=True)
