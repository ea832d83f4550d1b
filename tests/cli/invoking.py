"""Runs the command line as a shell would, in a known environment."""

from __future__ import annotations

from click.testing import CliRunner, Result

from gossipd import cli

VARIABLES = [
    "PORT",
    "PEERS",
    "GOSSIPD_BIND",
    "GOSSIPD_ADVERTISE",
    "GOSSIPD_JOIN",
    "GOSSIPD_CLUSTER",
    "GOSSIPD_PROFILE",
    "GOSSIPD_ACK",
    "GOSSIPD_LOG_FORMAT",
    "GOSSIPD_LOG_LEVEL",
    "GOSSIPD_NO_DISCOVERY",
    "GOSSIPD_DISCOVERY_PORT",
    "GOSSIPD_ALLOWED_HOST",
    "GOSSIPD_DATA_DIR",
    "GOSSIPD_EPHEMERAL",
    "XDG_STATE_HOME",
]
HOME = "/home/somebody"
NO_ENVIRONMENT: dict[str, str | None] = {**dict.fromkeys(VARIABLES), "HOME": HOME}


def invoke(*args: str, **environment: str) -> Result:
    """Runs the command line with exactly these variables of ours set."""
    return CliRunner().invoke(cli.main, args, env=NO_ENVIRONMENT | environment)
