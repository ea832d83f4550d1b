"""The conventions of command-line programs, over all commands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from copy import copy
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from gossipd import cli
from tests.cli.invoking import invoke
from tests.fake_daemons import answering

WITHOUT_JSON = {"run", "monitor", "completion", "manual", "keys generate"}
"""Commands without a result, or whose result is a text for another program."""

ASKING = [
    *("members", "status", "events", "counters", "watch", "leave", "reload", "join b:1"),
    *("get a", "add a", "reset a", "register b:1", "remove b:1", "remove --everywhere b:1"),
    *("health", "keys list"),
]
"""Commands that ask a node."""


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
def test_help_fits_80_columns(path: tuple[str, ...], command: click.Command) -> None:
    """Each example is a line of its own, whole, and no line of the help is longer."""
    result = invoke(*path, "--help", COLUMNS="80")
    assert [] == [line for line in result.stdout.splitlines() if len(line) > 80]
    _, shown = re.split(r"^  Examples?:\n", result.stdout, flags=re.MULTILINE)
    lines = shown.partition("\n\n")[0].splitlines()
    assert [] != lines
    for line in lines:
        assert re.match(r"    ([A-Z_]+=\S+ )?gossipd( |$)", line)
        assert not re.search("; .*gossipd ", line)


def examples(command: click.Command) -> list[str]:
    """The command lines in a command's help that are gossipd's own."""
    found = [line.strip() for line in (command.epilog or "").splitlines() if "gossipd " in line]
    return [re.sub(r"^[A-Z_]+=\S+ | [<>|].*$", "", each) for each in found]


@pytest.mark.parametrize(("path", "command"), EVERY)
def test_examples_are_command_lines(path: tuple[str, ...], command: click.Command) -> None:
    """Of commands and options that exist, with all arguments."""
    assert [] != examples(command)
    for example in examples(command):
        found: click.Command = cli.main
        _, *words = shlex.split(example)
        while isinstance(found, click.Group) and not words[0].startswith("-"):
            found = found.commands[words.pop(0)]
        parser = click.Command(found.name, params=[_unread(each) for each in found.params])
        if words not in (["-h"], []):
            wants = found.context_settings
            parser.make_context("gossipd", words, **wants)


def _unread(param: click.Parameter) -> click.Parameter:
    """A parameter that reads no file and no variable."""
    param = copy(param)
    param.callback, param.envvar = None, None
    return param


@pytest.mark.parametrize(("path", "command"), SINGLE)
def test_help_tells_exit_codes(path: tuple[str, ...], command: click.Command) -> None:
    """Of every command that ends by itself."""
    assert " ".join(path) == "run" or "Exit codes: " in (command.help or "")


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


@pytest.mark.parametrize("words", ASKING)
@pytest.mark.parametrize("body", ["", "<html>", "[]", "{}", '"a"', "3"])
def test_what_is_no_gossipd_is_one_line(words: str, body: str) -> None:
    """Whatever a server of another kind answers: it is told, and never a traceback."""
    with answering(f"HTTP/1.1 200 OK\r\n\r\n{body}\n\ndata: {body}\n\n".encode()) as url:
        result = invoke(*words.split(), "--url", url)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    assert result.exit_code == 0 or 1 == len(result.stderr.splitlines())
    assert "a fault of gossipd" not in result.stderr


def test_a_fault_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where it is. What ends a daemon is told in full."""
    for name in ("completion", "run"):
        monkeypatch.setattr(cli.main.commands[name], "callback", lambda **_: {}["missing"])
    result = invoke("completion", "bash")
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "KeyError: 'missing' at " in result.stderr
    assert isinstance(invoke("run").exception, KeyError)


@pytest.mark.parametrize(
    "words", ["manual", "completion bash", "config show", "--help", "counters"]
)
def test_a_closed_pipe_is_no_error(words: str) -> None:
    """The program ends with 0 and says nothing, whoever has stopped to read."""
    reading, writing = os.pipe()
    os.close(reading)
    page = b'HTTP/1.1 200 OK\r\n\r\n{"counters":[{"name":"a","value":1}],"next":null}'
    with os.fdopen(writing, "wb") as pipe, ExitStack() as serving:
        program = [sys.executable, "-m", "gossipd", *words.split()]
        if words == "counters":
            program += ["--url", serving.enter_context(answering(page))]
        result = subprocess.run(program, stdout=pipe, stderr=subprocess.PIPE, check=False)
    assert (0, b"") == (result.returncode, result.stderr)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_one_line() -> None:
    """That the result could not be written is an error."""
    program = [sys.executable, "-m", "gossipd", "manual"]
    with open("/dev/full", "wb") as full:
        result = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (1, b"Error: No space left on device\n") == (result.returncode, result.stderr)


def test_standard_input_is_a_file() -> None:
    """By the name `-`."""
    result = CliRunner().invoke(cli.main, ["config", "check", "-"], input='bind = "127.0.0.1"\n')
    assert (0, "-: ok\n") == (result.exit_code, result.stdout)
    result = CliRunner().invoke(cli.main, ["config", "check", "-"], input='bnid = "127.0.0.1"\n')
    assert (2, True) == (result.exit_code, "did you mean bind?" in result.stderr)


def test_nothing_is_coloured_in_a_pipe() -> None:
    """Nor anything written before the command is known, nor any network touched at import."""
    program = "import sys, gossipd.cli; print('socket' in sys.modules, 'trio' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert b"False False\n" == result.stdout
    assert "\x1b" not in invoke("--help").stdout


def test_version() -> None:
    """With the program's name."""
    assert invoke("--version").stdout.startswith("gossipd ")
