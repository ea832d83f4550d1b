"""Ctrl-C, at whatever moment it comes: exit code 130, and never a traceback.

The process sends the signal to itself, from an audit hook, when it comes to a certain moment.
How a node ends is in tests/real/test_early_stop.py, and the live view in tests/monitor.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gossipd.daemon.storage.store import Store
from tests.fake_daemons import silent
from tests.monitor.fake_node import FakeNode

_PROGRAM = """
import os, signal, sys

event, left = sys.argv[1], int(sys.argv[2])

def watch(happening, arguments):
    global left
    if happening == event:
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGINT)

sys.argv[:] = ["gossipd", *sys.argv[3:]]
from gossipd.__main__ import main
sys.addaudithook(watch)
main()
print("the moment did not come", file=sys.stderr)
"""

ASKING = [
    *("health", "health -o json", "members", "members --watch", "status", "events", "counters"),
    *("watch", "get a", "add a", "reset a", "join b:1", "leave", "reload", "register b:1"),
    *("remove b:1", "keys list", "monitor"),
]
ALONE = [
    *("--help", "manual", "completion bash", "config show", "config check FILE", "keys generate"),
    *("token generate --role read --name a", "store check FILE", "simulate --list"),
]


def _interrupted_at(event: str, number: int, *words: str) -> tuple[int, str]:
    found = subprocess.run(
        [sys.executable, "-c", _PROGRAM, event, str(number), *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return found.returncode, found.stderr


@pytest.mark.parametrize("words", [*ALONE, *ASKING])
@pytest.mark.parametrize("number", [1, 20])
def test_while_it_imports(words: str, number: int) -> None:
    """The first module of the command line, and a later one."""
    assert (130, "Interrupted\n") == _interrupted_at("import", number, *words.split())


@pytest.mark.parametrize("words", ASKING)
def test_while_it_connects(words: str) -> None:
    """To a node that does not answer."""
    with silent() as url:
        code, told = _interrupted_at("socket.connect", 1, *words.split(), "--url", url)
    assert (130, "Interrupted\n") == (code, told)


@pytest.mark.parametrize("words", ["events", "watch -o json"])
def test_while_it_follows(words: str) -> None:
    """What was told until then has been printed."""
    node = FakeNode()
    node.tell("/v1/events", event="member_left", member="b:1")
    with node.runs():
        program = [sys.executable, "-m", "gossipd", *words.split(), "--url", node.url]
        with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline()
            process.send_signal(signal.SIGINT)
            _, told = process.communicate(timeout=60)
    assert (130, b"Interrupted\n") == (process.returncode, told)


def test_while_it_backs_up(tmp_path: Path) -> None:
    """The copy does not appear."""
    (tmp_path / "data").mkdir()
    store = Store(tmp_path / "data", "prod")
    store.open()
    store.begin(7)
    store._disconnect()
    words = ["store", "backup", str(tmp_path / "data"), str(tmp_path / "copy")]
    assert (130, "Interrupted\n") == _interrupted_at("os.rename", 1, *words)
    assert not (tmp_path / "copy").exists()
