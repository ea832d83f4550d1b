"""A program in a terminal that is none: what it shows, and what a person types."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import pytest

pyte = pytest.importorskip("pyte")

# Ctrl-C and Ctrl-Z are for the program that has taken the terminal.
_IN_FOREGROUND = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)


class PseudoTerminal:
    """A terminal of a given size with one program in it.

    Attributes:
        process: the program.
        raw: all that it wrote.
    """

    def __init__(
        self, command: Sequence[str], columns: int, rows: int, environment: dict[str, str]
    ) -> None:
        self._master, self._slave = pty.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.resize(columns, rows)
        self.before = self.modes()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _IN_FOREGROUND, *command],
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            env={**environment, "TERM": "xterm-256color"},
            start_new_session=True,
        )

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size."""
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._screen.resize(rows, columns)

    def modes(self) -> list[object]:
        """Returns how the terminal treats what is typed."""
        return list(termios.tcgetattr(self._slave))

    def press(self, typed: str) -> None:
        """Types something."""
        os.write(self._master, typed.encode())

    @property
    def lines(self) -> list[str]:
        """Returns what the screen shows."""
        return [each.rstrip() for each in self._screen.display]

    def until(self, shown: Callable[[str], object], within: float = 30.0) -> str:
        """Waits until what the screen shows fulfils a condition, and returns it."""
        end = time.monotonic() + within
        while not shown("\n".join(self.lines)):
            assert time.monotonic() < end, "\n".join(self.lines)
            self._read(0.1)
        return "\n".join(self.lines)

    def ended(self, within: float = 30.0) -> int:
        """Waits until the program has ended, reads what it wrote, and returns its exit code."""
        end = time.monotonic() + within
        while self.process.poll() is None:
            assert time.monotonic() < end, "\n".join(self.lines)
            self._read(0.05)
        while self._read(0.05):
            pass
        return self.process.returncode

    def close(self) -> None:
        """Ends the program if it runs, and takes the terminal away."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        os.close(self._master)
        os.close(self._slave)

    def _read(self, within: float) -> bool:
        ready, _, _ = select.select([self._master], [], [], within)
        if not ready:
            return False
        part = os.read(self._master, 1 << 16)
        self.raw += part
        self._stream.feed(part)
        return True


@contextmanager
def pseudo_terminal(
    command: Sequence[str], columns: int = 80, rows: int = 24, **environment: str
) -> Iterator[PseudoTerminal]:
    """Runs a program in a terminal, for the length of the block."""
    made = PseudoTerminal(command, columns, rows, {"PATH": os.environ["PATH"], **environment})
    try:
        yield made
    finally:
        made.close()
