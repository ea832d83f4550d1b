"""What an error says of an option that the environment set."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from gossipd.cli.options import option, parsed
from gossipd.daemon import parse_port


def _port(ctx: click.Context, param: click.Parameter, value: str) -> int:
    return parsed(ctx, param, parse_port, value)


@click.command()
@option("--bind", envvar=["ONE", "OTHER"], callback=_port, default="1")
def command(bind: int) -> None:
    """Prints its option."""
    click.echo(bind)


@pytest.mark.parametrize(
    ("flags", "environment", "output"),
    [
        ([], {}, "1"),
        (["--bind", " 7 "], {"ONE": "x"}, "7"),
        ([], {"OTHER": "9"}, "9"),
        (["--bind", "x"], {"ONE": "5"}, "value for '--bind': 'x' is no port number"),
        ([], {"OTHER": "x"}, "'--bind' (environment variable OTHER): 'x' is no port number"),
    ],
)
def test_the_text_that_is_at_fault_is_named(
    flags: list[str], environment: dict[str, str], output: str
) -> None:
    """The flag, or the variable that counted."""
    assert output in CliRunner().invoke(command, flags, env=environment).output


def test_the_help_names_the_variables() -> None:
    """Without being told to."""
    assert "ONE, OTHER" in CliRunner().invoke(command, ["--help"]).output
