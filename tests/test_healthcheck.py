"""`gossipd health` without options says what the command line says, and imports little of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from gossipd.cli.health import health
from gossipd.healthcheck import TIMEOUT
from tests.fake_daemons import answering, refusing

Run = subprocess.CompletedProcess[str]


def program(*arguments: str, **environment: str) -> Run:
    """Runs the program with these variables of ours and no others."""
    found = {name: each for name, each in os.environ.items() if not name.startswith("GOSSIPD_")}
    return subprocess.run(
        [sys.executable, "-m", "gossipd", *arguments],
        env={**found, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def daemon(kind: str) -> Iterator[str]:
    """Yields the address of a daemon that is as `kind` says."""
    if kind == "refusing":
        yield refusing().removeprefix("http://")
        return
    answers = {"ready": b"HTTP/1.1 200 OK\r\n\r\n", "stopping": b"HTTP/1.1 503 No\r\n\r\nstopping"}
    with answering(answers[kind]) as url:
        yield url.removeprefix("http://")


def test_variables_take_the_place_of_options() -> None:
    """Also without any option."""
    done = program("health", GOSSIPD_HEALTH_TIMEOUT="abc")
    assert 2 == done.returncode


@pytest.mark.parametrize("kind", ["ready", "stopping", "refusing"])
def test_both_ways_say_the_same(kind: str) -> None:
    """An option that changes nothing leads to the command line."""
    seen = []
    for options in ([], ["--timeout", "5"]):
        with daemon(kind) as address:
            done = program("health", *options, GOSSIPD_BIND=address)
        texts = [text.replace(address, "HERE") for text in (done.stdout, done.stderr)]
        seen.append((done.returncode, *texts))
    assert seen[0] == seen[1]
    assert {"ready": 0, "stopping": 1, "refusing": 3}[kind] == seen[0][0]


@pytest.mark.parametrize(
    "environment",
    [
        {"GOSSIPD_BIND": "x:"},
        {"PORT": "x"},
        {"GOSSIPD_TOKEN": "no token"},
        {"GOSSIPD_TLS_CERT": "/none"},
        {"GOSSIPD_CA_FILE": "/none", "GOSSIPD_BIND": "127.0.0.1:1"},
        {"GOSSIPD_URL": "http://127.0.0.1:1"},
        {"GOSSIPD_OUTPUT": "json", "GOSSIPD_BIND": "127.0.0.1:1"},
        {"GOSSIPD_CLIENT_TOKEN_FILE": "/none", "GOSSIPD_BIND": "127.0.0.1:1"},
    ],
)
def test_what_it_does_not_know_is_left_to_the_command_line(environment: dict[str, str]) -> None:
    """What is wrong, and what stands for an option: one answer, and its exit code."""
    without, with_option = (
        program("health", *options, **environment) for options in ([], ["--timeout", "5"])
    )
    expected = (with_option.returncode, with_option.stdout, with_option.stderr)
    assert expected == (without.returncode, without.stdout, without.stderr)


def test_a_reader_that_is_gone_is_no_traceback() -> None:
    """As for every command: exit code 1."""
    reading, writing = os.pipe()
    os.close(reading)
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        done = subprocess.run(
            [sys.executable, "-m", "gossipd", "health"],
            env={**os.environ, "GOSSIPD_BIND": url.removeprefix("http://")},
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
    os.close(writing)
    assert (1, b"") == (done.returncode, done.stderr)


def test_it_waits_as_long() -> None:
    """As the option does by default."""
    [timeout] = [option for option in health.params if option.name == "timeout"]
    assert TIMEOUT == timeout.default


def test_it_imports_no_command_line() -> None:
    """That is what makes it cheap."""
    text = (
        "import sys; sys.argv[1:] = ['health']\n"
        "from gossipd.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'click', 'gossipd.cli', 'inspect'} & sys.modules.keys()))"
    )
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as url:
        done = subprocess.run(
            [sys.executable, "-c", text],
            env={**os.environ, "GOSSIPD_BIND": url.removeprefix("http://")},
            capture_output=True,
            text=True,
            check=False,
        )
    assert "[]" == done.stdout.splitlines()[-1]
