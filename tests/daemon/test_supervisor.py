"""What the program that started the node is told, over a socket as systemd has one."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.run import run
from gossipd.daemon.supervisor import Supervisor
from tests.daemon.asking import QUIET, free_port
from tests.daemon.conftest import Lines


class Listening:
    """The socket of a program that wants to be told."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    def told(self) -> list[str]:
        """Returns what came since the last call."""
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listening]:
    """A socket which the environment names."""
    path = str(tmp_path / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", path)
    found = Listening(path)
    with found.socket:
        yield found


async def test_nobody_is_told_without_a_socket(mock_clock: MockClock) -> None:
    """And no watchdog waits for anything."""
    supervisor = Supervisor({"WATCHDOG_USEC": "2000000"})
    supervisor.tell(READY="1")
    await supervisor.watch(lambda: None)


async def test_a_socket_that_is_gone_disturbs_nobody(tmp_path: Path) -> None:
    """What cannot be sent is lost."""
    Supervisor({"NOTIFY_SOCKET": str(tmp_path / "none")}).tell(READY="1")


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="Linux alone has such names")
async def test_a_name_without_a_file() -> None:
    """It begins with @."""
    name = f"gossipd-test-{os.getpid()}"
    listening = Listening(f"\0{name}")
    with listening.socket:
        Supervisor({"NOTIFY_SOCKET": f"@{name}"}).tell(READY="1", STATUS="ready")
        assert ["READY=1\nSTATUS=ready"] == listening.told()


@pytest.mark.parametrize("process", ["", str(os.getpid())])
async def test_the_watchdog_hears_twice_in_its_time(
    process: str, listening: Listening, autojump_clock: MockClock
) -> None:
    """A node that is not ready says why, and is heard as well."""
    troubles = iter([None, "the store cannot be written: no space", None])
    environment = {**os.environ, "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": process}
    with trio.move_on_after(25):
        await Supervisor(environment).watch(lambda: next(troubles))
    first, second, third = listening.told()
    assert first == third == "WATCHDOG=1\nSTATUS=ready"
    assert "WATCHDOG=1\nSTATUS=the store cannot be written: no space" == second


@pytest.mark.parametrize(
    "watchdog",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "9", "WATCHDOG_PID": "1"},
    ],
)
async def test_no_watchdog_is_fed(watchdog: dict[str, str], listening: Listening) -> None:
    """If there is none, or if it is another process's."""
    await Supervisor({**os.environ, **watchdog}).watch(lambda: None)
    assert [] == listening.told()


async def test_a_node_tells_when_it_is_ready_and_when_it_stops(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """Ready only once it answers, and between the two that it runs."""
    monkeypatch.setenv("WATCHDOG_USEC", "60000000")
    port = free_port()
    told: list[str] = []
    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, DaemonConfig(**{**QUIET, "bind": ("127.0.0.1", port)}))
            while not any("WATCHDOG" in each for each in told):
                told += listening.told()
                await trio.sleep(0.01)
            await (await trio.open_tcp_stream("127.0.0.1", port)).aclose()
            os.kill(os.getpid(), signal.SIGTERM)
    told += listening.told()
    assert ["READY=1", "WATCHDOG=1\nSTATUS=ready", "STOPPING=1"] == told
