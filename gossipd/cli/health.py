"""`gossipd health`: ask a running node whether it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .asking import asking
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.client import Door

MAX_TIMEOUT = 3600
"""The longest time-out, in seconds."""


@click.command(epilog="Examples: gossipd health; gossipd health --url unix:/run/gossipd/http")
@asking
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    default=5,
    show_default=True,
    help="Wait this long for the answer.",
)
@output_option
def health(door: Door, timeout: float, output: str) -> int:
    """Ask a running node whether it is ready.

    Exit codes: 0 ready, 1 not ready, 2 wrong usage, 3 unreachable.
    """
    from gossipd.client import ask

    if not 0 < timeout <= MAX_TIMEOUT:
        raise click.UsageError(
            f"Invalid value for '--timeout': {timeout:g} is not above 0 and at most {MAX_TIMEOUT}"
        )
    try:
        verdict = ask(door, timeout)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if output == "json":
        import json

        answer = {"status": verdict.status, "detail": verdict.detail, "url": door.url}
        click.echo(json.dumps(answer, separators=(",", ":")))
    else:
        click.echo(f"{verdict.status}: {verdict.detail}", err=verdict.exit_code != 0)
    return verdict.exit_code
