"""`gossipd token`: make tokens for clients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from .options import LateChoice
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.daemon import Role


def _roles() -> Iterable[str]:
    from gossipd.daemon import ROLES

    return ROLES


@click.group(
    short_help="Make tokens for clients.",
    epilog="Example: gossipd token generate --role read --name dashboard",
)
def token() -> None:
    """Make tokens, with which clients show who they are.

    A node that is started with --token-file asks every client for one.
    """


@token.command(epilog="Example: gossipd token generate --role admin --name anna")
@click.option(
    "--role",
    type=LateChoice(_roles),
    metavar="ROLE",
    required=True,
    help="What the client may do: read; count (and read); or admin (everything).",
)
@click.option(
    "--name",
    metavar="NAME",
    required=True,
    help="What the client is called in log lines and metrics.",
)
@output_option
def generate(role: Role, name: str, output: str) -> int:
    """Print a new token, and the line for the token file.

    The token is shown this once. The line has its hash, from which nobody can find the token.

    Exit codes: 0 done, 2 wrong usage.
    """
    from gossipd.daemon import new_token

    try:
        secret, made = new_token(role, name)
    except ValueError as error:
        raise click.UsageError(f"Invalid value for '--name': {error}") from None
    if output == "json":
        import json

        click.echo(json.dumps({"token": secret, "line": made.line}, separators=(",", ":")))
    else:
        click.echo(f"token: {secret}\nline:  {made.line}")
    return 0
