"""What a running node answers to a command, and how a command ends that got none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gossipd.client import Door, Verdict

TIMEOUT = 5
"""Seconds in which a node is to answer a command."""


class Refused(click.ClickException):
    """The node answered, but not with what was asked for."""

    exit_code = 1


class Unreachable(click.ClickException):
    """The node did not answer, or ended what it sent."""

    exit_code = 3


def answer(door: Door, path: str, method: str = "GET", body: dict[str, Any] | None = None) -> str:
    """Returns what the node answers. Raises Refused or Unreachable."""
    from gossipd.client import fetch

    try:
        text = "" if body is None else as_json(body)
        verdict, found = fetch(door, TIMEOUT, path, method, text)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    if verdict.exit_code != 0:
        raise _failed(verdict)
    return found.strip()


def following(door: Door, path: str) -> Iterator[str]:
    """Yields the data of each event of a stream, as it comes.

    Raises Refused, or Unreachable, also when the node ends the stream.
    """
    from gossipd.client import Unfollowed, follow

    try:
        yield from follow(door, TIMEOUT, path)
    except ValueError as error:
        raise click.UsageError(str(error)) from None
    except Unfollowed as error:
        raise _failed(error.verdict) from None


def _failed(verdict: Verdict) -> click.ClickException:
    unreachable = verdict.exit_code == Unreachable.exit_code
    return (Unreachable if unreachable else Refused)(verdict.detail)


def quoted(text: str) -> str:
    """Returns a text as a part of a path or a query."""
    from urllib.parse import quote

    return quote(text, safe="")


def say(output: str, words: str, **fields: Any) -> None:
    """Prints what was done: in words, or its fields as JSON."""
    click.echo(as_json(fields) if output == "json" else words)


def table(rows: list[list[str]]) -> str:
    """Returns rows as lines in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def read(text: str) -> Any:
    """Returns what JSON says."""
    import json

    return json.loads(text)


def as_json(value: Any) -> str:
    """Returns a value as one line of JSON."""
    import json

    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
