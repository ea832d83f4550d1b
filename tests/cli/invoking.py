"""Runs the command line as a shell would, in a known environment."""

from __future__ import annotations

from click.testing import CliRunner, Result

from gossipd import cli
from gossipd.cli.run import run

NAMED = [
    "PORT",
    "GOSSIPD_TOKEN",
    *(
        name
        for option in run.params
        for name in ([option.envvar] if isinstance(option.envvar, str) else option.envvar or ())
    ),
]
"""Every environment variable that commands read, those of single commands left out."""

HOME = "/home/somebody"
NO_ENVIRONMENT: dict[str, str | None] = {
    **dict.fromkeys(NAMED),
    "XDG_STATE_HOME": None,
    "HOME": HOME,
}


def invoke(*args: str, **environment: str) -> Result:
    """Runs the command line with exactly these variables of ours set."""
    return CliRunner().invoke(cli.main, args, env=NO_ENVIRONMENT | environment)
