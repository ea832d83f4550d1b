"""Examples stand apart, whatever they are made of."""

from __future__ import annotations

import click
from click.testing import CliRunner

from gossipd.cli.examples import set_apart


def test_each_example_is_a_line() -> None:
    """Of the commands below a group too; a `;` of the shell and long lines stay as they are."""
    long = f"gossipd a {'b ' * 50}c"
    inner = click.Command("in", epilog=f"Examples: A=1 gossipd a; do b; gossipd c; {long}\n\nMore.")
    outer = click.Group("out", epilog="Example: gossipd d", commands=[inner])
    set_apart(outer)
    shown = CliRunner().invoke(outer, ["in", "--help"]).stdout
    lines = [
        "  Examples:",
        "    A=1 gossipd a; do b",
        "    gossipd c",
        f"    {long}",
        "",
        "  More.",
    ]
    assert lines == shown.splitlines()[-6:]
    assert "\n  Example:\n    gossipd d\n" in CliRunner().invoke(outer, ["--help"]).stdout
