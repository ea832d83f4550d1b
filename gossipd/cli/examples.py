"""The examples at the end of each command's help, each on a line of its own."""

from __future__ import annotations

import click


def set_apart(command: click.Command) -> None:
    """Gives each example of a command, and of all below it, a line that is never wrapped.

    An epilog is `Example: …` or `Examples: …; gossipd …`; a paragraph after it is wrapped as any
    other.
    """
    title, _, text = (command.epilog or "").partition(": ")
    text, *more = text.split("\n\n")
    text = text.replace("; gossipd ", "\n  gossipd ")
    # click leaves a paragraph as it is whose first line is this character.
    command.epilog = "\n\n".join([f"\b\n{title}:\n  {text}", *more])
    if isinstance(command, click.Group):
        for each in command.commands.values():
            set_apart(each)
