"""`gossipd join`, `leave` and `reload`: what an operator asks of a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from .answers import answer, read, say
from .asking import asking
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.client import Door


@click.command(
    short_help="Add an address by which a node joins.",
    epilog="Example: gossipd join 10.0.0.2:8088 10.0.0.3:8088",
)
@click.argument("seeds", metavar="HOST[:PORT]...", nargs=-1, required=True)
@asking
@output_option
def join(door: Door, seeds: tuple[str, ...], output: str) -> int:
    """Let the running node try these addresses until they are members, as `--join` at its start.

    It keeps them until it ends: for its next start they belong in its settings. `gossipd status`
    tells what became of each.

    Exit codes: 0 taken, 1 refused, 2 wrong usage, 3 unreachable.
    """
    for seed in seeds:
        found = read(answer(door, "/v1/join", "POST", {"id": seed}))
        say(output, f"tries {seed}; `gossipd status` tells what became of it", id=seed, **found)
    return 0


@click.command(
    short_help="Let a node leave the cluster and end.",
    epilog="Examples: gossipd leave; gossipd leave --url http://10.0.0.2:8088",
)
@asking
@output_option
def leave(door: Door, output: str) -> int:
    """Let the running node leave the cluster in good order and end, as SIGTERM does.

    What supervises it may start it again.

    Exit codes: 0 it leaves, 1 refused, 2 wrong usage, 3 unreachable.
    """
    text = answer(door, "/v1/leave", "POST", {})
    click.echo(text if output == "json" else f"{read(text)['node_id']} leaves, and ends within 3 s")
    return 0


@click.command(
    short_help="Let a node read its files and settings again.",
    epilog="Examples: gossipd reload; gossipd reload -o json",
)
@asking
@output_option
def reload(door: Door, output: str) -> int:
    """Let the running node read keys, tokens, TLS and its settings again, as SIGHUP does.

    Of the settings the log level, tags, seeds (--join) and limits of counters change; others that
    differ are named, and need a restart.

    Exit codes: 0 done, 1 refused or the settings are wrong, 2 wrong usage, 3 unreachable.
    """
    text = answer(door, "/v1/reload", "POST", {})
    found = read(text)
    if output == "json":
        click.echo(text)
    else:
        click.echo(f"read again: {', '.join(found['files']) or 'no files'}")
        click.echo(f"changed: {', '.join(found['changed']) or 'no settings'}")
        if found["needs_restart"]:
            click.echo(f"needs a restart: {', '.join(found['needs_restart'])}")
        if found["reason"]:
            click.echo(f"Error: the settings are as before: {found['reason']}", err=True)
    return 1 if found["reason"] else 0
