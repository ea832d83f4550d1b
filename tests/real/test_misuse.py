"""Misuse of the real command: one clear line and the right exit code."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lab.processes import ROOT, environment, free_addresses

pytestmark = pytest.mark.real

RUN = [
    ("run --bind 127.0.0.1:", "", 2, "--bind"),
    ("run --bind 127.0.0.1:0", "", 2, "port 0"),
    ("run --bind 127.0.0.1:65536", "", 2, "--bind"),
    ("run --bind 192.0.2.1:8088", "", 1, "192.0.2.1:8088"),
    ("run --advertise 0.0.0.0:8088", "", 2, "--advertise"),
    ("run --advertise [::]:8088", "", 2, "--advertise"),
    ("run --join a..b:1", "", 2, "--join"),
    ("run --join 10.0.0.1:x", "", 2, "--join"),
    ("run --cluster a/b", "", 2, "--cluster"),
    ("run --allowed-host a:80", "", 2, "--allowed-host"),
    ("run", "GOSSIPD_ALLOWED_HOST=a..b", 2, "GOSSIPD_ALLOWED_HOST"),
    ("run --profile fast", "", 2, "--profile"),
    ("run --ack most", "", 2, "--ack"),
    ("run --log-format xml", "", 2, "--log-format"),
    ("run --log-level loud", "", 2, "--log-level"),
    ("run --no-such-flag", "", 2, "--no-such-flag"),
    ("run more", "", 2, "more"),
    ("run --discovery-port 0", "", 2, "--discovery-port"),
    ("run", "PORT=x", 2, "PORT"),
    ("run", "PEERS=a:b:c", 2, "PEERS"),
    ("run", "GOSSIPD_BIND=8088", 2, "GOSSIPD_BIND"),
    ("run", "GOSSIPD_PROFILE=x", 2, "GOSSIPD_PROFILE"),
    ("no-such-command", "", 2, "no-such-command"),
    ("--no-such-flag", "", 2, "--no-such-flag"),
    ("health --timeout 0", "", 2, "--timeout"),
    ("health --url nonsense", "", 2, "nonsense"),
    ("health --url http://CLOSED", "", 3, "CLOSED"),
]


@pytest.mark.parametrize(("arguments", "variable", "code", "part"), RUN)
def test_misuse_is_one_line(arguments: str, variable: str, code: int, part: str) -> None:
    """One line on stderr names what is wrong, and stdout is empty."""
    closed = "{}:{}".format(*free_addresses(1)[0])
    name, _, value = variable.partition("=")
    ended = subprocess.run(
        [sys.executable, "-m", "gossipd", *arguments.replace("CLOSED", closed).split()],
        cwd=ROOT,
        env=environment() | ({name: value} if name else {}),
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert (code, "") == (ended.returncode, ended.stdout), ended.stderr
    (line,) = ended.stderr.splitlines()
    assert part.replace("CLOSED", closed) in line
    assert "Traceback" not in line
