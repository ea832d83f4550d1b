"""The program: `gossipd`, and `python -m gossipd`."""

from __future__ import annotations

import os
import signal
import sys


def main() -> None:
    """Runs the command line.

    A node that is told to stop before it takes part has nothing to leave: it ends at once, with
    exit code 0. The handler for that is set before anything large is imported, since the imports
    are most of the time of a start. The node replaces it when it begins to take part.
    """
    if sys.argv[1:2] == ["run"]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))
    if sys.argv[1:] == ["health"]:
        from gossipd.healthcheck import exit_code

        code = exit_code()
        if code is not None:
            sys.exit(code)
    from gossipd.cli import main as command_line

    command_line(prog_name="gossipd")


if __name__ == "__main__":
    main()
