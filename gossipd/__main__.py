"""The program: `gossipd`, and `python -m gossipd`."""

from __future__ import annotations

# The module `signal` imports others, and until the handler is there Ctrl-C is told as a traceback.
import _signal as signal  # type: ignore[import-not-found]
import os
import sys


def main() -> None:
    """Runs the command line.

    Ctrl-C ends a command at once, with exit code 130. A node that is told to stop before it takes
    part has nothing to leave: it ends at once as well, with 0. The handlers for that are set before
    anything large is imported, since the imports are most of the time of a start, and an exception
    in the midst of one would be told as a traceback. Whoever has something to put in order, such
    as a node that takes part, has handlers of its own meanwhile.
    """
    if sys.argv[1:2] == ["run"]:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: os._exit(0))
    else:
        signal.signal(signal.SIGINT, _interrupted)
    if sys.argv[1:] == ["health"]:
        from gossipd.healthcheck import exit_code

        code = exit_code()
        if code is not None:
            sys.exit(code)
    from gossipd.cli import main as command_line

    command_line(prog_name="gossipd")


def _interrupted(*_: object) -> None:
    try:
        os.write(2, b"Interrupted\n")
    finally:
        # What a shell reports for a program that Ctrl-C ended.
        os._exit(130)


if __name__ == "__main__":
    main()
