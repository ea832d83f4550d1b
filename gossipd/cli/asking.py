"""How a command reaches a running node: the options for that, which are the same everywhere."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .answers import Refused
from .options import option

if TYPE_CHECKING:
    from gossipd.client import Door

_Command = TypeVar("_Command", bound=Callable[..., Any])


def _options() -> list[Callable[[Any], Any]]:
    return [
        option(
            "--url",
            metavar="URL",
            envvar="GOSSIPD_URL",
            help="Where the daemon answers: http://HOST:PORT, https://HOST:PORT or unix:PATH."
            "  [default: from the variables of `gossipd run`, else http://127.0.0.1:8088]",
        ),
        option(
            "--token-file",
            metavar="FILE",
            default="",
            envvar="GOSSIPD_CLIENT_TOKEN_FILE",
            help="A file with this client's token.  [default: the token in GOSSIPD_TOKEN]",
        ),
        option(
            "--ca-file",
            metavar="FILE",
            default="",
            envvar="GOSSIPD_CA_FILE",
            help="Whose certificates a daemon may have that speaks https.",
        ),
        option(
            "--client-cert",
            metavar="FILE",
            default="",
            envvar="GOSSIPD_CLIENT_CERT",
            help="The certificate to show, where the daemon asks for one.",
        ),
        option(
            "--client-key",
            metavar="FILE",
            default="",
            envvar="GOSSIPD_CLIENT_KEY",
            help="The key of that certificate.",
        ),
    ]


def asking(command: _Command) -> _Command:
    """Gives a command the options, and the `door` that follows from them as an argument.

    An answer in which the command does not find what it needs is an error of one line.
    """

    @functools.wraps(command)
    def with_door(
        *args: Any,
        url: str | None,
        token_file: str,
        ca_file: str,
        client_cert: str,
        client_key: str,
        **others: Any,
    ) -> Any:
        door = _door(url, token_file, ca_file, client_cert, client_key)
        try:
            return command(*args, door=door, **others)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            told = f"{type(error).__name__}: {error}"
            raise Refused(
                f"{door.url} does not answer as a gossipd of this version does ({told})"
            ) from error

    made: Any = with_door
    for each in reversed(_options()):
        made = each(made)
    return made  # type: ignore[no-any-return]


def _door(
    url: str | None, token_file: str, ca_file: str, client_cert: str, client_key: str
) -> Door:
    from gossipd.client import Trust, door

    trust = Trust(ca_file=ca_file, client_cert=client_cert, client_key=client_key)
    try:
        return door(dict(os.environ), url, token_file, trust)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
