"""Options that take an environment variable, and say which text was at fault."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import click


def checked(function: str) -> Callable[[click.Context, click.Parameter, str], Any]:
    """An option's callback: that function of `gossipd.daemon.config` makes the value or refuses."""

    def callback(ctx: click.Context, param: click.Parameter, value: str) -> Any:
        from gossipd.daemon import config

        try:
            return getattr(config, function)(value.strip())
        except ValueError as error:
            raise click.BadParameter(str(error), ctx, param) from None

    return callback


class _Option(click.Option):
    """An option with an environment variable, which an error names if it is at fault."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        hint = " / ".join(f"'{name}'" for name in [*self.opts, *self.secondary_opts])
        source = ctx.get_parameter_source(self.name or "") if ctx else None
        if source is click.core.ParameterSource.ENVIRONMENT:
            names = [self.envvar] if isinstance(self.envvar, str) else self.envvar or ()
            hint += f" (environment variable {next(n for n in names if os.environ.get(n))})"
        return hint


option = functools.partial(click.option, cls=_Option, show_envvar=True)

output = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="What to print on stdout.",
)
"""Of every command with a result that programs may want."""
