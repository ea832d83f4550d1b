"""The file of `gossipd run --config`, and the variables of the environment that mean nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, TextIO

import click

LINES = "gossipd.config.lines"
"""Where a context's `meta` keeps where each parameter stands in the file."""

_OTHER_VARIABLES = (
    *("GOSSIPD_URL", "GOSSIPD_OUTPUT", "GOSSIPD_CLIENT_TOKEN_FILE"),
    *("GOSSIPD_TOKEN", "GOSSIPD_CA_FILE", "GOSSIPD_CLIENT_CERT", "GOSSIPD_CLIENT_KEY"),
    # Kubernetes gives every container these for a service of the name gossipd.
    *("GOSSIPD_PORT", "GOSSIPD_SERVICE_HOST", "GOSSIPD_SERVICE_PORT"),
)
_PREFIXES = ("GOSSIPD_PORT_", "GOSSIPD_SERVICE_PORT_")


def load(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Makes what the file says the defaults of the command's options. `-` is standard input.

    Raises a usage error that names the line, if a key or the kind of a value is wrong.
    """
    if not value:
        return
    import tomllib

    text, shown = _read(value)
    try:
        found = tomllib.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{shown}: {error}") from None
    options = {key_of(each): each for each in ctx.command.params if each is not param}
    defaults: dict[str, Any] = {}
    for key, said in found.items():
        where = f"{shown} line {_line(text, key)}"
        option = options.get(key)
        if not isinstance(option, click.Option):
            raise click.UsageError(f"{where}: there is no option {key!r}{_nearest(key, options)}")
        assert option.name is not None
        try:
            defaults[option.name] = _value(option, said)
        except ValueError as error:
            raise click.UsageError(f"{where}: {key!r} is to be {error}") from None
        ctx.meta.setdefault(LINES, {})[option.name] = f"{where}: {key}"
    ctx.default_map = defaults


def unknown_variables(
    command: click.Command, environment: Mapping[str, str], others: Iterable[str] = ()
) -> list[str]:
    """Returns for each GOSSIPD_ variable that no command reads its name, and the nearest one.

    Args:
        others: the names of further commands, whose options have variables that begin so.
    """
    prefixes = (*_PREFIXES, *(f"GOSSIPD_{each.upper()}_" for each in others))
    known = {*_OTHER_VARIABLES}
    for each in command.params:
        known |= {each.envvar} if isinstance(each.envvar, str) else {*(each.envvar or ())}
    return [
        f"{name} means nothing{_nearest(name, known)}"
        for name in sorted(environment)
        if name.startswith("GOSSIPD_") and name not in known and not name.startswith(prefixes)
    ]


def _read(name: str) -> tuple[str, str]:
    try:
        if name == "-":
            return _whole(sys.stdin), "standard input"
        with open(name, encoding="utf-8") as file:
            return file.read(), name
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise click.UsageError(f"cannot read {name}: {reason}") from None


@lru_cache(maxsize=1)
def _whole(stream: TextIO) -> str:
    # It can be read once, and its settings are asked for again when the node is to read them again.
    return stream.read()


def key_of(param: click.Parameter) -> str:
    """Returns the name that an option has in the file."""
    return param.opts[0].lstrip("-")


def _value(option: click.Option, said: object) -> object:
    """Returns what stands for a value on a command line. Raises ValueError with what it may be."""
    if option.is_flag:
        if isinstance(said, bool):
            return said
        raise ValueError("true or false")
    if option.multiple:
        texts = said if isinstance(said, list) else [said]
        if all(isinstance(each, str) for each in texts):
            return texts
        raise ValueError("a string, or a list of strings")
    if isinstance(said, str | int) and not isinstance(said, bool):
        return str(said)
    raise ValueError("a string or a whole number")


def _line(text: str, key: str) -> int:
    """Returns the line on which a key, or the table of that name, begins."""
    for number, line in enumerate(text.splitlines(), 1):
        begin = line.strip().lstrip("[").lstrip("\"' ")
        rest = begin.removeprefix(key)
        if rest != begin and rest.lstrip("\"' ")[:1] in ("=", ".", "]"):
            return number
    return 1


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
