"""The settings of a node, made of the options of `gossipd run`: at its start, and again later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from .options import check_together

if TYPE_CHECKING:
    from pathlib import Path

    from gossipd.daemon import DaemonConfig

ARGUMENTS = "gossipd.run.arguments"
"""Where the `meta` of `gossipd run` keeps its arguments."""


def settings_of(data_dir: str | None, *, ephemeral: bool, **settings: Any) -> DaemonConfig:
    """Returns the settings for the values of all options of `gossipd run`."""
    from gossipd.daemon import DaemonConfig

    check_together(settings)
    directory = _directory(data_dir, settings["bind"], ephemeral=ephemeral)
    # Every other option has the name of the field that takes its value, and the field checks it.
    return DaemonConfig(data_dir=directory, **settings)


def again(command: click.Command, args: list[str]) -> DaemonConfig:
    """Returns the settings as a start with these arguments has them now. Raises ValueError."""
    try:
        with command.make_context("gossipd run", [*args]) as ctx:
            return settings_of(**ctx.params)
    except click.ClickException as error:
        raise ValueError(" ".join(error.format_message().split())) from None


def _directory(named: str | None, bind: tuple[str, int], *, ephemeral: bool) -> Path | None:
    """Returns where the node keeps its state, or None for nowhere."""
    from pathlib import Path

    from gossipd.daemon import default_data_dir

    if ephemeral and named:
        raise click.UsageError("'--data-dir' and '--ephemeral' contradict each other")
    if ephemeral:
        return None
    try:
        return Path(named) if named else default_data_dir(bind, os.environ)
    except ValueError as error:
        raise click.ClickException(str(error)) from None
