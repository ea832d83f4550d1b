"""Processes that a block starts and ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from lab.bench.child_processes import bare, none_left, running

WAITS = [sys.executable, "-c", "import time; print('there', flush=True); time.sleep(60)"]


def test_a_process_is_ended_with_its_block(tmp_path: Path) -> None:
    """That holds also when the block fails and the process is stopped."""

    def fails() -> subprocess.Popen[bytes]:
        with running(WAITS, tmp_path / "log") as process:
            started.append(process)
            process.send_signal(signal.SIGSTOP)
            raise KeyError

    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(KeyError):
        fails()
    assert [-signal.SIGKILL] == [process.returncode for process in started]


def test_a_process_may_end_by_itself(tmp_path: Path) -> None:
    """Then its output is in the log."""
    with running([sys.executable, "-c", "print('done')"], tmp_path / "log") as process:
        assert 0 == process.wait(20)
    assert "done\n" == (tmp_path / "log").read_text(encoding="utf-8")


needs_proc = pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="needs /proc")


@needs_proc
def test_no_process_is_left() -> None:
    """After a failure, too, processes of the block are killed; others are not touched."""

    def fails() -> None:
        with none_left():
            processes.append(subprocess.Popen(WAITS, stdout=subprocess.DEVNULL))
            raise KeyError

    processes = [subprocess.Popen(WAITS, stdout=subprocess.DEVNULL)]
    with pytest.raises(KeyError):
        fails()
    assert None is processes[0].poll()
    processes[0].kill()
    assert [-signal.SIGKILL] * 2 == [process.wait(10) for process in processes]


@needs_proc
@pytest.mark.parametrize("kind", ["http", "udp"])
def test_a_bare_server_is_there_when_its_block_begins(kind: str, tmp_path: Path) -> None:
    """A request that is sent at once is answered."""
    type_ = socket.SOCK_STREAM if kind == "http" else socket.SOCK_DGRAM
    with bare(kind, tmp_path) as address, socket.socket(type=type_) as sock:
        sock.settimeout(10)
        sock.connect(address)
        sock.send(b"GET /count HTTP/1.1\r\n\r\n")
        assert sock.recv(100)
