"""How long a node takes from exec to its first answer, and `gossipd health` to its end."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from lab.experiments import Findings, table
from lab.processes import cluster, environment, free_addresses

from .benchmark import Options
from .child_processes import running
from .figures import shown

REPETITIONS = 10
_WITHIN = 20.0
_POLL = 0.002
_REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_GOSSIPD = str(Path(sys.executable).with_name("gossipd"))


def run(options: Options) -> Findings:
    """Starts each program in turn."""
    milliseconds: dict[str, list[float]] = {}
    variables = as_installed(options.folder)
    for server in _servers(options.folder, -1).values():
        first_answer(server, options.folder / "start.log", variables)
    with ExitStack() as stack:
        nodes = stack.enter_context(cluster(1, options.folder))
        health = [_GOSSIPD, "health", "--url", f"http://{nodes[0].id}"]
        for repetition in range(options.times(REPETITIONS)):
            options.tell(f"start {repetition + 1}")
            for name, server in _servers(options.folder, repetition).items():
                taken = first_answer(server, options.folder / "start.log", variables)
                milliseconds.setdefault(name, []).append(1000 * taken)
            for name, command in ("gossipd health", health), ("python -c pass", _nothing()):
                milliseconds.setdefault(name, []).append(1000 * _ended(command))
    return findings(milliseconds)


def _nothing() -> list[str]:
    return [sys.executable, "-c", "pass"]


def _servers(folder: Path, repetition: int) -> dict[str, tuple[list[str], str, int]]:
    """Returns command, host and port of each server, with a new data directory."""
    (host, port), (_, other) = free_addresses(1) + free_addresses(1)
    durable = ["--data-dir", str(folder / f"start-{repetition}")]
    run = run_command(host, port)
    bare = [sys.executable, "-m", "lab.bench.bare_servers", "http", host, str(other)]
    return {
        "bare trio loop": (bare, host, other),
        "gossipd run --ephemeral": ([*run, "--ephemeral"], host, port),
        "gossipd run, new data directory": ([*run, *durable], host, port),
    }


def run_command(host: str, port: int) -> list[str]:
    """Returns the command line of a node at this address, to which flags may be added."""
    return [_GOSSIPD, "run", "--bind", f"{host}:{port}"]


def as_installed(folder: Path) -> dict[str, str]:
    """Returns variables with which Python keeps what it compiles, as an installer does.

    Whatever this process was told about that, a start would compile all modules otherwise. The
    first start with them still does.
    """
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(folder / "compiled")}


def first_answer(
    server: tuple[list[str], str, int], log: Path, variables: Mapping[str, str] | None = None
) -> float:
    """Runs a server, of this command, host and port, and returns the seconds to its answer."""
    command, host, port = server
    start = time.perf_counter()
    with running(command, log, variables):
        while not _answers(host, port):
            assert time.perf_counter() - start < _WITHIN, "it never answers"
        return time.perf_counter() - start


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 5) as stream:
            stream.sendall(_REQUEST)
            return stream.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        time.sleep(_POLL)
        return False


def _ended(command: Sequence[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, env=environment(), capture_output=True, check=True, timeout=_WITHIN)
    return time.perf_counter() - start


def findings(milliseconds: Mapping[str, Sequence[float]]) -> Findings:
    """Returns the times of these repetitions as a table."""
    rows = [{"what": name, "milliseconds": list(some)} for name, some in milliseconds.items()]
    cells = [[name, shown(some, "{:.0f}", " ms")] for name, some in milliseconds.items()]
    title = "From exec to the first answer, or to the end."
    return Findings(((title, table(["what", "time"], cells)),), {"rows": rows})
