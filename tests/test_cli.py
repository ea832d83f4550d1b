"""The command line as a whole."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from gossipd.version import __version__
from tests.cli.invoking import invoke


def test_unknown_command() -> None:
    """A command that is none is a misuse too."""
    result = invoke("rum")
    assert 2 == result.exit_code
    assert result.stderr.startswith("Error: No such command 'rum'.")
    assert 1 == len(result.stderr.splitlines())


def test_no_command_shows_the_help() -> None:
    """Without a command the help is talk, not a result: stderr, exit code 2."""
    result = invoke()
    assert (2, "") == (result.exit_code, result.stdout)
    assert "Commands:" in result.stderr


def test_version() -> None:
    """The version is that of the package."""
    result = invoke("--version")
    assert (0, f"gossipd {__version__}\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize(("process", "code"), [(1, 143), (2, -signal.SIGTERM)])
def test_sigterm_ends_even_the_first_process(process: int, code: int) -> None:
    """Process 1 of a container sets a handler, since without one the signal does nothing there."""
    program = (
        "import os, signal\n"
        f"os.getpid = lambda: {process}\n"
        "from gossipd.cli import main\n"
        "main.commands['health'].callback = lambda **_: signal.raise_signal(signal.SIGTERM)\n"
        "main(['health'])\n"
    )
    result = subprocess.run([sys.executable, "-c", program], timeout=20, check=False)
    assert code == result.returncode
