"""Other processes of a benchmark: started for the length of a block, and ended by their own id."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from lab.processes.cluster import ROOT, environment, eventually, free_addresses


@contextmanager
def running(
    command: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """One process, whose output goes to `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**environment(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process
    finally:
        end(process)


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends it, stopped or not, if it has not ended."""
    if process.poll() is None:
        process.kill()
    process.wait(10)


@contextmanager
def none_left() -> Iterator[None]:
    """Ends, after the block, every process that was started within it and is still there.

    An interrupt may come between the start of a process and the moment at which somebody knows its
    id, so that whoever started it cannot end it. All of them have one variable of this process.
    """
    name, value = "BENCH_RUN", secrets.token_hex(16)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        mark = f"{name}={value}".encode()
        # One that is just about to start has no environment of its own yet.
        for _ in range(2):
            while pids := [pid for pid in _processes() if _has(pid, mark)]:
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                pause(0.02)
            pause(0.1)


def _processes() -> list[int]:
    return [int(place.name) for place in Path("/proc").glob("[0-9]*")]


def _has(pid: int, mark: bytes) -> bool:
    """Whether this process was started with that variable, and has not ended."""
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


@contextmanager
def bare(kind: str, folder: Path) -> Iterator[tuple[str, int]]:
    """A server of `bare`, at the address that is yielded."""
    ((host, port),) = free_addresses(1)
    command = [sys.executable, "-m", "lab.bench.bare", kind, host, str(port)]
    log = folder / f"bare-{kind}.log"
    with running(command, log) as process:
        eventually(f"bare {kind} listens", lambda: _listens(host, port, kind, process.pid), 10)
        yield host, port


def _listens(host: str, port: int, kind: str, pid: int) -> bool:
    """Whether the kernel has a socket at this address, without connecting to it."""
    packed = bytes(int(part) for part in reversed(host.split(".")))
    wanted = f"{packed.hex().upper()}:{port:04X}"
    table = Path(f"/proc/{pid}/net/{'udp' if kind == 'udp' else 'tcp'}").read_text(encoding="ascii")
    return any(line.split()[1] == wanted for line in table.splitlines()[1:])


def pause(seconds: float) -> None:
    """Waits while what is measured goes on."""
    time.sleep(seconds)
