"""The conventions of command-line programs, over all commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from gossipd import cli
from tests.cli.invoking import invoke

WITHOUT_JSON = {
    *("run", "monitor", "register", "remove", "join", "completion", "manual"),
    *("config check", "keys generate", "store check", "store backup"),
}
"""Commands whose only result is that they did it, or text for another program."""


def commands(
    command: click.Command = cli.main, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command and group, with the words that name it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            yield from commands(each, (*path, name))


EVERY = [
    pytest.param(path, command, id=" ".join(path) or "gossipd") for path, command in commands()
]
SINGLE = [each for each in EVERY if not isinstance(each.values[1], click.Group)]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_help_has_examples(path: tuple[str, ...], command: click.Command) -> None:
    """`--help` and `-h` say the same, with an example of this very command."""
    result = invoke(*path, "--help")
    assert (0, result.stdout) == (invoke(*path, "-h").exit_code, invoke(*path, "-h").stdout)
    assert "Example" in result.stdout
    assert " ".join(["gossipd", *path]) in " ".join((command.epilog or "").split())


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_errors_are_one_line_with_the_mend(path: tuple[str, ...], command: click.Command) -> None:
    """A misspelt option or command is answered with the nearest, exit code 2, and no traceback."""
    result = invoke(*path, "--helpp")
    assert (2, 1, "") == (result.exit_code, len(result.stderr.splitlines()), result.stdout)
    assert "--helpp" in result.stderr
    if isinstance(command, click.Group):
        name = next(iter(command.commands))
        assert f"'{name}'" in invoke(*path, f"{name}x").stderr


@pytest.mark.parametrize(("path", "command"), SINGLE)
def test_results_are_json_if_asked(path: tuple[str, ...], command: click.Command) -> None:
    """By the same option everywhere, which a variable can set."""
    found = [each.envvar for each in command.params if "-o" in each.opts]
    assert ([] if " ".join(path) in WITHOUT_JSON else ["GOSSIPD_OUTPUT"]) == found


@pytest.mark.parametrize(("path", "command"), SINGLE)
def test_every_option_has_a_variable(path: tuple[str, ...], command: click.Command) -> None:
    """Its own, or GOSSIPD_ with the names of command and option."""
    for each in command.params:
        if isinstance(each, click.Option):
            name = each.opts[-1].lstrip("-").replace("-", "_")
            assert each.envvar or (each.allow_from_autoenv and name == each.name)


def test_a_variable_stands_for_an_option() -> None:
    """One that has none of its own as well; a wrong one is named by its option."""
    result = invoke("members", GOSSIPD_MEMBERS_STATE="wrong")
    assert (2, True) == (result.exit_code, "'--state'" in result.stderr)
    result = invoke("members", GOSSIPD_URL="ftp://x")
    assert (2, True) == (result.exit_code, "ftp://x" in result.stderr)


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_every_command_has_a_manual_page(path: tuple[str, ...], command: click.Command) -> None:
    """Made from the command."""
    assert invoke("manual", *path).stdout.startswith(".TH")


def test_a_closed_pipe_is_no_error() -> None:
    """The program ends with 0 and says nothing, whoever has stopped to read."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        program = [sys.executable, "-m", "gossipd", "manual"]
        result = subprocess.run(program, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (0, b"") == (result.returncode, result.stderr)


def test_nothing_is_coloured_in_a_pipe() -> None:
    """Nor anything written before the command is known, nor any network touched at import."""
    program = "import sys, gossipd.cli; print('socket' in sys.modules, 'trio' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"False False\n" == result.stdout
    assert "\x1b" not in invoke("--help").stdout


def test_version() -> None:
    """With the program's name."""
    assert invoke("--version").stdout.startswith("gossipd ")
