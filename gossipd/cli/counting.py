"""`gossipd counters`, `get`, `add`, `reset` and `watch`: the counters, at a running node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .answers import answer, as_json, following, quoted, read, table
from .asking import asking
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.client import Door

_PAGE = 1000


def _print(text: str, output: str, field: str) -> int:
    click.echo(text if output == "json" else read(text)[field])
    return 0


@click.command(
    short_help="List counters and their values.",
    epilog="Examples: gossipd counters; gossipd counters page: -o json",
)
@click.argument("prefix", default="")
@asking
@output_option
def counters(door: Door, prefix: str, output: str) -> int:
    """List the counters whose names begin with PREFIX, with their values, in order of name.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable.
    """
    rows: list[dict[str, Any]] = []
    after: str | None = ""
    while after is not None:
        query = f"prefix={quoted(prefix)}&after={quoted(after)}&limit={_PAGE}"
        page = read(answer(door, f"/v1/counters?{query}"))
        rows += page["counters"]
        after = page["next"]
    if output == "json":
        click.echo(as_json({"counters": rows}))
    elif rows:
        click.echo(table([[row["name"], str(row["value"])] for row in rows]))
    return 0


@click.command(
    short_help="Print the value of a counter.",
    epilog="Examples: gossipd get page:home; gossipd get page:home -o json",
)
@click.argument("name")
@asking
@output_option
def get(door: Door, name: str, output: str) -> int:
    """Print the value of the counter NAME, 0 if there is none.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable.
    """
    return _print(answer(door, f"/v1/counters/{quoted(name)}"), output, "value")


class _TakesNegativeNumbers(click.Command):
    """A command whose arguments may begin with a hyphen, but not its names: those are options."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        known = {name for each in self.get_params(ctx) for name in each.opts}
        named = args[: args.index("--")] if "--" in args else args
        for arg in named:
            if arg.startswith("--") and arg.partition("=")[0] not in known:
                raise click.NoSuchOption(arg, possibilities=sorted(known), ctx=ctx)
        return super().parse_args(ctx, args)


@click.command(
    cls=_TakesNegativeNumbers,
    context_settings={"ignore_unknown_options": True},
    short_help="Add to a counter, or take from it.",
    epilog="Examples: gossipd add page:home; gossipd add stock -3",
)
@click.argument("name")
@click.argument("amount", metavar="[N]", type=int, default=1)
@asking
@output_option
def add(door: Door, name: str, amount: int, output: str) -> int:
    """Add N (1 without it, and it may be negative) to the counter NAME, and print its value.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable. If there was no answer in time, the
    outcome is unknown: look with `gossipd get` before you repeat it.
    """
    text = answer(door, f"/v1/counters/{quoted(name)}/add", "POST", {"amount": amount})
    return _print(text, output, "value")


@click.command(
    short_help="Take from a counter all that a node knows of it.",
    epilog="Examples: gossipd reset page:home; gossipd reset page:home -o json",
)
@click.argument("name")
@asking
@output_option
def reset(door: Door, name: str, output: str) -> int:
    """Take from the counter NAME all that the node knows of it, and print how much that was.

    What others have counted and the node has not heard of yet stays, so the value after it is not
    always 0. Of two resets at once that saw the same, one takes it away.

    Exit codes: 0 done, 1 refused, 2 wrong usage, 3 unreachable.
    """
    return _print(answer(door, f"/v1/counters/{quoted(name)}/reset", "POST"), output, "removed")


@click.command(
    short_help="Follow the values of counters.",
    epilog="Examples: gossipd watch page:home; gossipd watch --prefix page: -o json; gossipd watch",
)
@click.argument("name", required=False)
@click.option("--prefix", metavar="TEXT", help="All counters whose names begin so.")
@asking
@output_option
def watch(door: Door, name: str | None, prefix: str | None, output: str) -> int:
    """Follow the counter NAME, or all counters: a line with name and value for each change.

    Exit codes: 1 refused, 2 wrong usage, 3 unreachable, or the node ended; 130 Ctrl-C.
    """
    if name is not None and prefix is not None:
        raise click.UsageError("NAME and '--prefix' contradict each other")
    path = f"/v1/watch?prefix={quoted(prefix or '')}"
    if name is not None:
        path = f"/v1/counters/{quoted(name)}/watch"
    for data in following(door, path):
        if output == "json":
            click.echo(data)
        else:
            changed = read(data)
            click.echo(f"{changed['name']}  {changed['value']}")
    return 0
