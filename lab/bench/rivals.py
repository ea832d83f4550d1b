"""The programs that gossipd is compared with, and the tools that drive them, if installed."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.processes import ROOT, eventually, free_addresses

from .benchmark import Options
from .child_processes import running

KINSHIP_PYTHON = ROOT / ".bench" / "tools" / "bin" / "python"
PY_SPY = KINSHIP_PYTHON.with_name("py-spy")
"""Both are in an environment that `scripts/bench` makes, so that gossipd's own has neither."""

_MISSING = {
    "wrk": "wrk sends the HTTP requests and is not installed; on Debian: apt-get install wrk",
    "redis": "Redis is left out; on Debian: apt-get install redis-server redis-tools",
    "serf": "serf is left out; on Debian: apt-get install serf",
    "kinship": "kinship is left out; scripts/bench installs it from PyPI",
    "py-spy": "profiles are left out; scripts/bench installs py-spy from PyPI",
    "iptables": "loss and vanished nodes are left out; on Debian: apt-get install iptables",
}
_COMMANDS = {
    "wrk": ("wrk",),
    "redis": ("redis-server", "redis-benchmark"),
    "serf": ("serf",),
    "iptables": ("iptables",),
}


def installed(name: str, options: Options) -> bool:
    """Returns whether a program is installed; if it is not, tells so in one line of progress."""
    if name in ("kinship", "py-spy"):
        there = (KINSHIP_PYTHON if name == "kinship" else PY_SPY).exists()
    else:
        there = all(shutil.which(command) for command in _COMMANDS[name])
    if not there:
        options.tell(f"!! {_MISSING[name]}")
    return there


@contextmanager
def redis(folder: Path, *, durable: bool = True) -> Iterator[tuple[str, int]]:
    """Runs a Redis and yields its address.

    It syncs each write to disk before it answers, or, if it is not to be durable, keeps nothing.
    """
    ((host, port),) = free_addresses(1)
    name = "redis" if durable else "redis-ephemeral"
    home = folder / name
    home.mkdir()
    command = ["redis-server", "--bind", host, "--port", str(port), "--dir", str(home)]
    command += ["--save", "", "--appendonly", "yes" if durable else "no", "--appendfsync", "always"]
    with running(command, folder / f"{name}.log"):
        eventually("redis answers", lambda: _pongs(host, port), 10)
        yield host, port


def _pongs(host: str, port: int) -> bool:
    command = ["redis-cli", "-h", host, "-p", str(port), "ping"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    return asked.stdout.strip() == "PONG"
