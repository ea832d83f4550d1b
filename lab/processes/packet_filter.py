"""Rules of the packet filter (iptables) that drop or count packets on loopback.

They are set only in a network namespace without any route, whose loopback no other program uses.
Each function yields whether its rules could be set.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

_INPUT = ["INPUT", "-i", "lo"]


def isolated() -> bool:
    """Returns whether no packet can leave this machine: every route leads to loopback."""
    routes = Path("/proc/net/route"), Path("/proc/net/ipv6_route")
    if not routes[0].exists():
        return False
    named = [line for path in routes if path.exists() for line in path.read_text().splitlines()]
    return all(line.split()[-1] == "lo" or line.startswith("Iface") for line in named)


@contextmanager
def loss(ratio: float) -> Iterator[bool]:
    """Drops this share of all packets, at random, for the length of the block."""
    some = ["-m", "statistic", "--mode", "random", "--probability", str(ratio)]
    with _rules([[*some, "-j", "DROP"]]) as added:
        yield added


@contextmanager
def silence(hosts: Sequence[str]) -> Iterator[bool]:
    """Drops every packet from or to these hosts for the length of the block."""
    with _rules([[way, host, "-j", "DROP"] for host in hosts for way in ("-s", "-d")]) as added:
        yield added


@contextmanager
def counted(ports: Sequence[int]) -> Iterator[bool]:
    """Counts the packets of these ports for the length of the block; `received` reads them."""
    ways = [("udp", "--dport"), ("tcp", "--dport"), ("tcp", "--sport")]
    with _rules([["-p", kind, end, str(port)] for port in ports for kind, end in ways]) as added:
        yield added


def received(port: int) -> tuple[int, int]:
    """Returns packets and bytes (IP headers included) so far, to or from a `counted` port."""
    table = [_table() or "", "-w", "-nvxL", "INPUT"]
    listed = subprocess.run(table, capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in listed.splitlines()]
    ours = [line for line in lines if line and line[-1] in (f"dpt:{port}", f"spt:{port}")]
    return sum(int(line[0]) for line in ours), sum(int(line[1]) for line in ours)


@contextmanager
def _rules(rules: Sequence[Sequence[str]]) -> Iterator[bool]:
    table = _table()
    if table is None:
        yield False
        return
    with ExitStack() as stack:
        done = True
        for rule in rules:
            add = [table, "-w", "-A", *_INPUT, *rule]
            if subprocess.run(add, capture_output=True, check=False).returncode:
                done = False
                break
            remove = [table, "-w", "-D", *_INPUT, *rule]
            stack.callback(subprocess.run, remove, capture_output=True, check=True)
        yield done


def _table() -> str | None:
    return shutil.which("iptables") if isolated() else None
