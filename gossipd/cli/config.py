"""`gossipd config`: look at a file for `gossipd run --config`."""

from __future__ import annotations

import click

from .options import check_together
from .run import run


@click.group("config", short_help="Check a file for gossipd run --config.")
def config() -> None:
    """Check a file for `gossipd run --config`: TOML, with every option of it by its name."""


@config.command(epilog="Examples: gossipd config check gossipd.toml; gossipd config check - <FILE")
@click.argument("file", metavar="FILE")
def check(file: str) -> int:
    """Check FILE, or standard input for `-`, without regard to flags and variables.

    Exit codes: 0 a node can be run with it, 2 something is wrong, which one line tells.
    """
    from copy import copy

    params = [copy(each) for each in run.params]
    for each in params:
        each.envvar = None
    alone = click.Command("run", params=params)
    with alone.make_context("gossipd run", ["--config", file]) as ctx:
        check_together(ctx.params)
    click.echo(f"{file}: ok")
    return 0
