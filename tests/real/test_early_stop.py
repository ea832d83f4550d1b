"""A real process that is told to stop at a certain moment of its start.

The process sends the signal to itself, from an audit hook, when it comes to that moment.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lab.processes import ROOT, environment, free_addresses

pytestmark = pytest.mark.real

_PROGRAM = """
import os, sys

event, subject, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
ended = []

def watch(happening, arguments):
    if happening == event and not ended and subject in map(str, arguments):
        ended.append(happening)
        os.kill(os.getpid(), number)

sys.argv[:] = ["gossipd", *sys.argv[4:]]
from gossipd.__main__ import main
sys.addaudithook(watch)
main()
"""


def ended_at(
    event: str, subject: str, number: signal.Signals, folder: Path
) -> subprocess.CompletedProcess[str]:
    """Runs a node that gets the signal at the first such event about `subject`."""
    own, seed = free_addresses(2)
    flags = ["--bind", "{}:{}".format(*own), "--join", "{}:{}".format(*seed), "--no-discovery"]
    flags += ["--data-dir", str(folder / "data"), "--log-format", "json"]
    subject = subject.format(data=folder / "data", seed=seed, own=own)
    return subprocess.run(
        [sys.executable, "-c", _PROGRAM, event, subject, str(int(number)), "run", *flags],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(
    ("event", "subject"),
    [
        ("import", "click"),
        ("import", "gossipd.daemon.config"),
        ("import", "trio"),
        ("sqlite3.connect", "{data}/gossipd.db"),
        ("socket.bind", "{own}"),
    ],
)
def test_before_it_takes_part(
    event: str, subject: str, number: signal.Signals, folder: Path
) -> None:
    """It ends at once, with 0 and without a word."""
    ended = ended_at(event, subject, number, folder)
    assert (0, "", "") == (ended.returncode, ended.stdout, ended.stderr)


def test_as_soon_as_it_takes_part(folder: Path) -> None:
    """From its first datagram on it leaves as always."""
    ended = ended_at("socket.sendto", "{seed}", signal.SIGTERM, folder)
    assert (0, "") == (ended.returncode, ended.stdout)
    events = [json.loads(line)["event"] for line in ended.stderr.splitlines()]
    assert ["started", "stopping", "left", "stopped"] == events
