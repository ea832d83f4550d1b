"""The terminal of a full-screen program: taken for its time, and given back as it was."""

from __future__ import annotations

import os
import signal
import sys
import termios
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from rich.console import Console
from rich.text import Text

_HOME, _TO_LINE_END = "\x1b[H", "\x1b[K"
_CAUGHT = (
    *(signal.SIGINT, signal.SIGTERM, signal.SIGHUP),
    *(signal.SIGTSTP, signal.SIGCONT, signal.SIGWINCH),
)


class Terminal:
    """The terminal on stdin and stdout, in the form that a full-screen program needs."""

    def __init__(self, console: Console) -> None:
        """Takes what writes to stdout in the colours that this terminal has."""
        self._console = console
        self._before = termios.tcgetattr(sys.stdin)

    def enter(self) -> None:
        """Shows an empty screen, and has each key come at once and unseen."""
        tty.setcbreak(sys.stdin, termios.TCSADRAIN)
        self._console.set_alt_screen(True)
        self._console.show_cursor(False)

    def leave(self) -> None:
        """Shows what was there before, and has keys come as before."""
        # A terminal that is gone needs nothing.
        with suppress(OSError):
            self._console.show_cursor(True)
            self._console.set_alt_screen(False)
        with suppress(termios.error):
            termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def show(self, lines: Sequence[Text]) -> None:
        """Shows lines, which are not wider than the screen and not more than it has."""
        with self._console.capture() as capture:
            for each in lines:
                self._console.print(each, soft_wrap=True)
        drawn = capture.get().rstrip("\n").split("\n")
        drawn += [""] * (len(lines) - len(drawn))
        sys.stdout.write(_HOME + f"{_TO_LINE_END}\r\n".join(drawn) + _TO_LINE_END)
        sys.stdout.flush()

    def stop(self) -> None:
        """Leaves, stops the process as Ctrl-Z does, and enters when it goes on."""
        self.leave()
        os.kill(os.getpid(), signal.SIGSTOP)
        self.enter()

    def typed(self) -> str:
        """Returns what was typed. Raises OSError if there is no terminal any more."""
        read = os.read(sys.stdin.fileno(), 1024)
        if not read:
            raise OSError("the terminal is gone")
        return read.decode("utf-8", "ignore")

    def size(self) -> tuple[int, int]:
        """Returns how many columns and rows the screen has."""
        found = os.get_terminal_size(sys.stdout.fileno())
        return found.columns or 80, found.lines or 24


@contextmanager
def signals(wake: int) -> Iterator[list[int]]:
    """Yields a list into which signals come that would end or stop the program, or ask for a draw.

    Each writes a byte to `wake` as well, a descriptor that does not block.
    """
    came: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        came.append(number)

    before = {number: signal.signal(number, note) for number in _CAUGHT}
    waker = signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    try:
        yield came
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
