"""The command line: it reads flags and environment, makes a configuration, and starts something.

A module that takes long to import is imported by the command that needs it, when it runs.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

import click

from gossipd.version import __version__

from .completion import completion
from .config import config
from .counting import add, counters, get, reset, watch
from .examples import set_apart
from .health import health
from .keys import keys
from .manual import manual
from .members import events, members, register, remove, status
from .monitor import monitor
from .operating import join, leave, reload
from .run import run
from .simulate import simulate
from .store import store
from .token import token

_Result = TypeVar("_Result")

INTERRUPTED = 130
"""What a shell reports for a program that Ctrl-C ended."""


def _stop_as_first_process() -> None:
    # The kernel gives the first process of a container no signal that it has no handler for: told
    # to stop, a command would stay until it is killed. `gossipd run` has a handler already.
    if os.getpid() == 1 and signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, lambda number, _: os._exit(128 + number))


def _while_read(call: Callable[[], _Result]) -> _Result:
    """Ends the program with 0 once nobody reads what it prints, as `| head` does."""
    try:
        return call()
    except BrokenPipeError:
        _forget_stdout()
        raise click.exceptions.Exit(0) from None


def _forget_stdout() -> None:
    # The interpreter flushes stdout once more at its end and would complain about it.
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_one_line(error: Exception) -> click.ClickException:
    """Returns what is said of an error that no command expects."""
    if isinstance(error, OSError):
        _forget_stdout()
        reason = error.strerror or str(error)
        return click.ClickException(f"{error.filename}: {reason}" if error.filename else reason)
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" at {place.tb_frame.f_code.co_filename}:{place.tb_lineno}"
    told = f"{type(error).__name__}: {error}{where}"
    return click.ClickException(f"this is a fault of gossipd, please report it: {told}")


class _OneLineErrors(click.Group):
    """A group whose failures are one line on stderr and an exit code, without a traceback."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        make = super().make_context
        return _while_read(lambda: make(*args, **more))

    def invoke(self, ctx: click.Context) -> Any:
        run_command = super().invoke
        try:
            return _while_read(lambda: run_command(ctx))
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            # How a daemon came to its end must be told in full.
            if ctx.invoked_subcommand == "run":
                raise
            raise _in_one_line(error) from error

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        _stop_as_first_process()
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except click.ClickException as error:
            message = " ".join(error.format_message().split())
            click.echo(f"Error: {message}", err=True)
            code = error.exit_code
        except (click.Abort, KeyboardInterrupt):
            click.echo("Interrupted", err=True)
            code = INTERRUPTED
        sys.exit(code)


@click.group(
    cls=_OneLineErrors,
    invoke_without_command=True,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 100,
        "auto_envvar_prefix": "GOSSIPD",
    },
    epilog="Examples: gossipd run --join 10.0.0.2:8088; gossipd members; gossipd members -h",
)
@click.version_option(__version__, prog_name="gossipd", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> int:
    """Know which nodes are alive, and count together with them.

    Run one daemon beside each instance of your application.

    Exit codes: 0 done, 1 failed, 2 wrong usage, 3 daemon unreachable, 130 Ctrl-C.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    return 0


for _command in (
    *(run, config, health, simulate, store, keys, token),
    *(members, status, events, monitor, register, remove),
    *(join, leave, reload, completion, manual),
    *(counters, get, add, reset, watch),
):
    main.add_command(_command)
set_apart(main)
