"""What gossipd is measured beside, as far as it is installed: serf, redis and kinship."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.processes.cluster import ROOT, eventually, free_addresses

from .measure import Options
from .processes import running

KINSHIP_PYTHON = ROOT / ".bench" / "tools" / "bin" / "python"
PY_SPY = KINSHIP_PYTHON.with_name("py-spy")
"""Of an environment that `scripts/bench` makes, so that nothing of them is in gossipd's own."""

_MISSING = {
    "wrk": "wrk drives HTTP and is not installed; on Debian: apt-get install wrk",
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
    """Whether it is there; if not, one line says so."""
    if name in ("kinship", "py-spy"):
        there = (KINSHIP_PYTHON if name == "kinship" else PY_SPY).exists()
    else:
        there = all(shutil.which(command) for command in _COMMANDS[name])
    if not there:
        options.tell(f"!! {_MISSING[name]}")
    return there


@contextmanager
def redis(folder: Path) -> Iterator[tuple[str, int]]:
    """A server that syncs each write to disk before it is answered, at the address yielded."""
    ((host, port),) = free_addresses(1)
    home = folder / "redis"
    home.mkdir()
    command = ["redis-server", "--bind", host, "--port", str(port), "--dir", str(home)]
    command += ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]
    with running(command, folder / "redis.log"):
        eventually("redis answers", lambda: _pongs(host, port), 10)
        yield host, port


def _pongs(host: str, port: int) -> bool:
    command = ["redis-cli", "-h", host, "-p", str(port), "ping"]
    asked = subprocess.run(command, capture_output=True, text=True, timeout=5, check=False)
    return asked.stdout.strip() == "PONG"
