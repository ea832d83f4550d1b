"""The kinds of options of all commands: each may have an environment variable, and names it."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from .config_file import LINES

T = TypeVar("T")


def parsed(
    ctx: click.Context, param: click.Parameter, parse: Callable[..., T], text: str, *more: object
) -> T:
    """Returns what `parse` makes of an option's text and of `more`.

    A ValueError of `parse` becomes the error of a wrong option.
    """
    try:
        return parse(text.strip(), *more)
    except ValueError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def check_together(settings: dict[str, Any]) -> None:
    """Raises a usage error if options of `gossipd run` need others."""
    if settings["accept_open"] and settings["key_file"] is None:
        raise click.UsageError("'--accept-open' needs '--key-file'")
    if (settings["tls_cert"] is None) is not (settings["tls_key"] is None):
        raise click.UsageError("'--tls-cert' and '--tls-key' need each other")
    if settings["tls_client_ca"] is not None and settings["tls_cert"] is None:
        raise click.UsageError("'--tls-client-ca' needs '--tls-cert'")


class LateChoice(click.ParamType[str]):
    """One of several words, which are looked up only when the option is parsed."""

    name = "choice"

    def __init__(self, words: Callable[[], Iterable[str]], *, case_sensitive: bool = True) -> None:
        self._words = words
        self._case_sensitive = case_sensitive

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        choice = click.Choice([*self._words()], case_sensitive=self._case_sensitive)
        return choice.convert(value, param, ctx)


class _Tag(click.ParamType[str]):
    """A tag. The environment variable of an option for several has a comma list of them."""

    name = "NAME=VALUE"
    envvar_list_splitter = ","

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value.strip() and "=" not in value:
            self.fail(f"{value!r} is no tag such as role=web", param, ctx)
        return value


TAG = _Tag()


class _Option(click.Option):
    """An option with an environment variable, which the error names if its text was wrong."""

    def get_error_hint(self, ctx: click.Context | None) -> str:
        hint = " / ".join(f"'{name}'" for name in [*self.opts, *self.secondary_opts])
        source = ctx.get_parameter_source(self.name or "") if ctx else None
        if source is click.core.ParameterSource.ENVIRONMENT:
            names = [self.envvar] if isinstance(self.envvar, str) else self.envvar or ()
            hint += f" (environment variable {next(n for n in names if os.environ.get(n))})"
        if ctx and source is click.core.ParameterSource.DEFAULT_MAP:
            hint += f" ({ctx.meta[LINES][self.name]})"
        return hint


option = functools.partial(click.option, cls=_Option, show_envvar=True, allow_from_autoenv=False)
"""An option with a variable of its own. Others have one as GOSSIPD_MEMBERS_STATE is made."""

output = click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="GOSSIPD_OUTPUT",
    show_envvar=True,
    help="What to print on stdout.",
)
"""The option `--output` of every command with a result that programs may want."""
