"""`gossipd config`: look at a file for `gossipd run --config`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import click

from .answers import as_json, say, table
from .config_file import LINES, key_of
from .options import check_together
from .options import output as output_option
from .run import run


@click.group(
    "config",
    short_help="Check a file for gossipd run, and show what is in force.",
    epilog="Examples: gossipd config check gossipd.toml; gossipd config show",
)
def config() -> None:
    """Check a file for `gossipd run --config`: TOML, with every option of it by its name.

    Or show which value each option has, and where it comes from.
    """


@config.command(epilog="Examples: gossipd config check gossipd.toml; gossipd config check - <FILE")
@click.argument("file", metavar="FILE")
@output_option
def check(file: str, output: str) -> int:
    """Check FILE, or standard input for `-`, without regard to flags and variables.

    Exit codes: 0 nothing is wrong with it, 2 something is wrong, which one line tells.
    """
    from copy import copy

    params = [copy(each) for each in run.params]
    for each in params:
        each.envvar = None
    alone = click.Command("run", params=params)
    with alone.make_context("gossipd run", ["--config", file]) as ctx:
        check_together(ctx.params)
    say(output, f"{file}: ok", file=file, ok=True)
    return 0


@config.command(
    context_settings={"ignore_unknown_options": True},
    epilog="Examples: gossipd config show; gossipd config show -o json --config gossipd.toml",
)
@click.argument("options", nargs=-1, type=click.UNPROCESSED, metavar="[OPTIONS OF RUN]...")
@output_option
def show(options: tuple[str, ...], output: str) -> int:
    """Show the settings that `gossipd run` would have here, and where each comes from.

    It takes the options of `gossipd run`, and reads its variables and its file.

    Exit codes: 0 done, 2 something is wrong, which one line tells.
    """
    with run.make_context("gossipd run", [*options]) as ctx:
        check_together(ctx.params)
        written = _written(options)
        rows = [
            (key_of(each), _shown(each, ctx.params[each.name], written), _source(ctx, each))
            for each in run.params
            if each.name in ctx.params
        ]
    if output == "json":
        click.echo(as_json({key: {"value": value, "from": where} for key, value, where in rows}))
    else:
        click.echo(table([["OPTION", "VALUE", "FROM"], *([*row] for row in rows)]))
    return 0


def _written(options: Sequence[str]) -> dict[str, Any]:
    """Returns the values of the options as texts, before anything is made of them."""
    from copy import copy

    params = [copy(each) for each in run.params]
    for each in params:
        if not each.is_eager:
            each.callback = None
    with click.Command("run", params=params).make_context("gossipd run", [*options]) as ctx:
        return ctx.params


def _source(ctx: click.Context, param: click.Parameter) -> str:
    assert param.name is not None
    source = ctx.get_parameter_source(param.name)
    if source is click.core.ParameterSource.ENVIRONMENT:
        names = [param.envvar] if isinstance(param.envvar, str) else param.envvar or ()
        return next((name for name in names if os.environ.get(name)), "environment")
    if source is click.core.ParameterSource.DEFAULT_MAP:
        return str(ctx.meta[LINES][param.name])
    return "flag" if source is click.core.ParameterSource.COMMANDLINE else "default"


def _shown(param: click.Parameter, value: Any, written: Mapping[str, Any]) -> str:
    """Returns a value as it would be written, `-` for none."""
    assert param.name is not None
    text = written[param.name]
    if isinstance(text, str) and text:
        return text
    if isinstance(value, bool):
        # A flag such as --no-discovery says the opposite of what its value is called.
        opposite = key_of(param).startswith("no-") and not str(param.name).startswith("no_")
        return "true" if value is not opposite else "false"
    if isinstance(value, tuple):
        if len(value) == 2 and isinstance(value[1], int):
            return f"[{value[0]}]:{value[1]}" if ":" in value[0] else f"{value[0]}:{value[1]}"
        return ", ".join(str(each) for each in text or ()) or "-"
    return "-" if value in (None, "") else str(value)
