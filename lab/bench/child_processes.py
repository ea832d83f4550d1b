"""The processes of a benchmark: each runs for the length of a block and is ended by its own id."""

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

from lab.processes import ROOT, environment, eventually, free_addresses


@contextmanager
def running(
    command: Sequence[str], log: Path, variables: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a process for the length of the block; its output goes to `log`."""
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
    """Kills a process, also a stopped one, unless it has ended."""
    if process.poll() is None:
        process.kill()
    process.wait(10)


@contextmanager
def none_left() -> Iterator[None]:
    """Kills, after the block, every process that was started within it and has not ended.

    An interrupt may come after a process has started and before its id is known, so that the code
    that started it cannot end it. All processes are found by a variable that they inherit.
    """
    name, value = "BENCH_RUN", secrets.token_hex(16)
    os.environ[name] = value
    try:
        yield
    finally:
        del os.environ[name]
        mark = f"{name}={value}".encode()
        # A process that is being started shows no environment yet: look again a moment later.
        for _ in range(2):
            while pids := [pid for pid in _processes() if _has(pid, mark)]:
                for pid in pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(0.02)
            time.sleep(0.1)


def _processes() -> list[int]:
    return [int(place.name) for place in Path("/proc").glob("[0-9]*")]


def _has(pid: int, mark: bytes) -> bool:
    """Returns whether this process was started with that variable and has not ended."""
    try:
        return mark in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


@contextmanager
def bare(kind: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Runs one of the `bare_servers`; yields its address once it listens."""
    ((host, port),) = free_addresses(1)
    command = [sys.executable, "-m", "lab.bench.bare_servers", kind, host, str(port)]
    log = folder / f"bare-{kind}.log"
    with running(command, log) as process:
        eventually(f"bare {kind} listens", lambda: _listens(host, port, kind, process.pid), 10)
        yield host, port


def _listens(host: str, port: int, kind: str, pid: int) -> bool:
    """Returns whether the kernel lists a socket at this address; nothing connects to it."""
    packed = bytes(int(part) for part in reversed(host.split(".")))
    wanted = f"{packed.hex().upper()}:{port:04X}"
    table = Path(f"/proc/{pid}/net/{'udp' if kind == 'udp' else 'tcp'}").read_text(encoding="ascii")
    return any(line.split()[1] == wanted for line in table.splitlines()[1:])
