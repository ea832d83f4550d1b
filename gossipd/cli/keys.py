"""`gossipd keys`: make keys, and see who seals with which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from .answers import answer, read
from .asking import asking
from .options import output as output_option

if TYPE_CHECKING:
    from gossipd.client import Door


@click.group(
    short_help="Make keys for sealed gossip, and see who uses which.",
    epilog="Examples: gossipd keys generate gossipd.keys; gossipd keys list",
)
def keys() -> None:
    """Make keys for sealed gossip, and see who uses which.

    To change keys without a pause: add a new line to the file of every node; move that line to the
    top everywhere; once `gossipd keys list` shows it for all members, remove the old line.
    """


@keys.command(epilog="Examples: gossipd keys generate gossipd.keys; gossipd keys generate >new.key")
@click.argument("file", metavar="[FILE]", required=False)
def generate(file: str | None) -> int:
    """Write a new key to FILE, which must not exist yet, or to stdout.

    Give the same file to every node, with --key-file. It shows the key's id, which is no secret.

    Exit codes: 0 done, 1 FILE exists or cannot be written, 2 wrong usage.
    """
    from pathlib import Path

    from gossipd.daemon import KeyFileError, new_key, write_key

    key = new_key()
    if file is None:
        click.echo(key.line)
        return 0
    try:
        write_key(Path(file), key)
    except KeyFileError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{file}: key {key.id}")
    return 0


@keys.command("list", epilog="Examples: gossipd keys list; gossipd keys list -o json")
@asking
@output_option
def list_keys(door: Door, output: str) -> int:
    """Show which key each member seals with, as a running node hears it.

    Exit codes: 0 done, 1 gossip is open or the node does not say, 2 wrong usage, 3 unreachable.
    """
    text = answer(door, "/v1/keys")
    found = read(text)
    if output == "json":
        click.echo(text)
    elif found["seals"] is not None:
        click.echo(_table(found))
    if found["seals"] is None:
        raise click.ClickException("gossip is open: this node has no keys")
    return 0


def _table(found: dict[str, Any]) -> str:
    lines = [f"seals with {found['seals']}; opens {', '.join(found['opens'])}"]
    if found["accepts_open"]:
        lines[0] += "; takes open gossip as well"
    width = max(map(len, found["members"]))
    for member, key in sorted(found["members"].items()):
        lines.append(f"{member:<{width}}  {key or 'not heard yet'}")
    return "\n".join(lines)
