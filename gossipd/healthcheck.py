"""`gossipd health` without options, as container engines start it every few seconds.

It answers as the command line does, whose import takes several times as long as all of this.
"""

from __future__ import annotations

import os

from .client import HEALTHY, ask, door

TIMEOUT = 5
"""Seconds, as the option `--timeout` has by default."""

_LEFT_TO_THE_COMMAND_LINE = (
    "GOSSIPD_CA_FILE",
    "GOSSIPD_CLIENT_CERT",
    "GOSSIPD_CLIENT_KEY",
    "GOSSIPD_CLIENT_TOKEN_FILE",
    "GOSSIPD_HEALTH_TIMEOUT",
    "GOSSIPD_OUTPUT",
    "GOSSIPD_TLS_CERT",
    "GOSSIPD_URL",
)


def exit_code() -> int | None:
    """Asks the node of this environment, prints the verdict, and returns the exit code.

    Returns None, and has done nothing, if the command line is to do it: where TLS is spoken,
    where a variable takes the place of an option, and where a variable is wrong.
    """
    # The first process of a container needs a handler of signals, which the command line has.
    if os.getpid() == 1 or any(os.environ.get(name) for name in _LEFT_TO_THE_COMMAND_LINE):
        return None
    try:
        verdict = ask(door(dict(os.environ)), TIMEOUT)
    except ValueError:
        return None
    healthy = verdict.exit_code == HEALTHY
    written = _print(1 if healthy else 2, f"{verdict.status}: {verdict.detail}")
    return verdict.exit_code if written else 1


def _print(descriptor: int, line: str) -> bool:
    """Writes a line. Returns whether anybody takes it."""
    try:
        os.write(descriptor, f"{line}\n".encode("utf-8", "backslashreplace"))
    except OSError:
        return False
    return True
