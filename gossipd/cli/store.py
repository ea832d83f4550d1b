"""`gossipd store`: look into a node's data directory, check it, back it up."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

import click

from .answers import say
from .options import output as output_option

_BETWEEN_SECONDS = 0.2
_PROGRESS_WIDTH = 20


@click.group(
    short_help="Look into a node's data directory, check it, back it up.",
    epilog="Examples: gossipd store check DIR; gossipd store backup DIR FILE",
)
def store() -> None:
    """Look into a node's data directory, check it, or back it up; also while the node runs.

    To restore a backup: stop the node, move its DIR/gossipd.db* away, copy the backup to
    DIR/gossipd.db, and start the node. It counts on under a new owner id, and gets from the others
    what the backup lacks.
    """


@contextlib.contextmanager
def _progress(doing: str) -> Iterator[Callable[[float | None], None]]:
    """Yields what shows how far long work is: in one line of a terminal, which goes at the end."""
    import sys
    import time

    began = shown = time.monotonic()

    def show(share: float | None) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - shown < _BETWEEN_SECONDS or not sys.stderr.isatty():
            return
        shown = now
        done = f"{now - began:.0f} s" if share is None else f"{share:.0%}"
        click.echo(f"\r{doing}: {done} ", nl=False, err=True)

    try:
        yield show
    finally:
        if shown != began:
            click.echo(f"\r{' ' * _PROGRESS_WIDTH}\r", nl=False, err=True)


def _command(function: Callable[..., None]) -> Any:
    """Makes a command whose failure is one line and exit code 1."""

    @functools.wraps(function)
    def guarded(**arguments: Any) -> int:
        from gossipd.daemon import InspectionError

        try:
            function(**arguments)
        except InspectionError as error:
            raise click.ClickException(str(error)) from None
        return 0

    example = f"Example: gossipd store {function.__name__} /var/lib/gossipd"
    more = " /backup/gossipd.db" if function.__name__ == "backup" else ""
    return store.command(epilog=example + more)(guarded)


@_command
@click.argument("directory", metavar="DIR")
@output_option
def check(directory: str, output: str) -> None:
    """Read the whole file.

    Exit codes: 0 it is sound, 1 it is damaged, which one line tells, 2 wrong usage.
    """
    from pathlib import Path

    from gossipd.daemon import check_directory

    with _progress("reading") as progress:
        found = check_directory(Path(directory), progress)
    say(output, f"ok: {found}", ok=True, detail=found)


@_command
@click.argument("directory", metavar="DIR")
@click.argument("file", metavar="FILE")
@output_option
def backup(directory: str, file: str, output: str) -> None:
    """Copy the node's state to FILE, which must not exist yet, and appears whole or not at all.

    Exit codes: 0 done, 1 one of the two cannot be read or written, 2 wrong usage.
    """
    from pathlib import Path

    from gossipd.daemon import back_up

    with _progress("copying") as progress:
        back_up(Path(directory), Path(file), progress)
    say(output, f"written to {file}", file=file)


@_command
@click.argument("directory", metavar="DIR")
@output_option
def show(directory: str, output: str) -> None:
    """Print counters, owners and members as they are on disk.

    Exit codes: 0 done, 1 the file cannot be read, 2 wrong usage.
    """
    import json
    from pathlib import Path

    from gossipd.daemon import read_directory

    found = read_directory(Path(directory))
    if output == "json":
        click.echo(json.dumps(found, separators=(",", ":")))
        return
    click.echo(f"file        {found['path']}")
    click.echo(f"cluster     {found['cluster']}")
    order = "" if found["ended_in_good_order"] else ", running or not ended in good order"
    click.echo(f"generation  {found['generation']}{order}")
    for name, value in found["counters"].items():
        click.echo(f"counter     {name} = {value:,}")
    for owner in found["owners"]:
        text = f"{owner['owner']}  complete up to {owner['complete_up_to']:,}"
        click.echo(f"owner       {text}, {owner['entries']} entries")
    for member in found["members"]:
        removed = ", removed here" if member["removed"] else ""
        click.echo(f"member      {member['id']:<21}  {member['state']}{removed}")
