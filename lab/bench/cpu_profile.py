"""Where a node under load spends its processor time: py-spy's samples by part and function."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import attrs

from lab.experiments import Findings, table
from lab.processes import Cluster, cluster, environment

from .benchmark import Options
from .child_processes import running
from .load_generators import wrk_command
from .rivals import PY_SPY, installed
from .udp_pings import Peer, answered

SECONDS = 5
RATE = 400
FUNCTIONS = 12
_WARM_UP = 1.0

_IDLER = (sys.executable, "-c", "import os; os.nice(19)\nwhile True: pass")
"""Keeps a core busy at the lowest priority.

py-spy stops a process for every sample. On a core that no other process wants, the stop took effect
only at the next system call: epoll_ctl had 34 % of the samples of an increment, where perf gave it
2 %.
"""


@attrs.frozen
class Case:
    """What the first node of a cluster is asked.

    Attributes:
        title: the name of the case in tables.
        nodes: the number of nodes.
        kept: whether they have data directories.
        asked: method and path of the requests, or `pings`.
    """

    title: str
    nodes: int
    kept: bool
    asked: str


CASES = (
    Case("GET /count, one node", 1, False, "GET /count"),
    Case("POST /increment, local, one node", 1, False, "POST /increment?ack=local"),
    Case("POST /increment, all, three nodes", 3, False, "POST /increment?ack=all"),
    Case("the same, durable", 3, True, "POST /increment?ack=all"),
    Case("pings of a peer", 1, False, "pings"),
)

_PARTS = (
    ("trio", r"trio/|outcome"),
    ("HTTP", r"gossipd/daemon/(http|doors/cross_site)"),
    ("routes", r"gossipd/daemon/(doors|future)"),
    ("driver", r"gossipd/daemon/driver"),
    ("UDP socket", r"gossipd/daemon/net/udp"),
    ("store", r"gossipd/daemon/storage"),
    (
        "protocol: counter",
        r"gossipd/protocol/(counters/(floors|writes|ledger|answers)|fingerprint)",
    ),
    ("protocol: pushes", r"gossipd/protocol/counters/(pushes|relays)"),
    ("protocol: wire", r"gossipd/protocol/(wire|outbox|inbox|membership/piggyback)"),
    ("protocol: the rest", r"gossipd/protocol/"),
)
"""The part that a function belongs to, by its file. Other functions belong to their caller's."""

_PLACE = re.compile(r"(?P<function>.+) \((?P<file>[^()]*?)(?::\d+)?\)$")


@attrs.frozen
class Profile:
    """The samples of one case.

    Attributes:
        samples: all samples of the thread that runs the event loop.
        parts, functions: samples by part and by function. A sample counts for the function that was
            running, not for its callers.
    """

    samples: int
    parts: Mapping[str, int]
    functions: Mapping[str, int]


def run(options: Options) -> Findings:
    """Samples the first node in each case."""
    if not installed("py-spy", options) or not installed("wrk", options):
        return Findings((), {"rows": []})
    profiles: dict[str, Profile] = {}
    for place, case in enumerate(CASES[:1] if options.short else CASES):
        options.tell(f"profile: {case.title}")
        folder = options.folder / f"profile-{place}"
        folder.mkdir()
        with cluster(case.nodes, folder, kept=case.kept) as nodes, _load(case, nodes, folder):
            pid = nodes[0].process.pid
            profiles[case.title] = parse(_sampled(pid, folder, 1 if options.short else SECONDS))
    return findings(profiles)


@contextmanager
def _load(case: Case, nodes: Cluster, folder: Path) -> Iterator[None]:
    """Asks the first node for the length of the block."""
    if case.asked == "pings":
        with _pings(nodes):
            yield
        return
    method, path = case.asked.split()
    command = wrk_command(f"http://{nodes[0].id}{path}", method, connections=32, seconds=600)
    with running(command, folder / "wrk.log"):
        time.sleep(_WARM_UP)
        yield


@contextmanager
def _pings(nodes: Cluster) -> Iterator[None]:
    peer = Peer(nodes.name, (nodes[0].host, nodes[0].port))
    over = threading.Event()
    with peer.socket:
        peer.join()
        pings = peer.pings()

        def ask() -> None:
            while not over.is_set():
                answered(peer, pings, peer.target, 0.5)

        thread = threading.Thread(target=ask)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def _sampled(pid: int, folder: Path, seconds: int) -> str:
    file = folder / "samples"
    command = [str(PY_SPY), "record", "--pid", str(pid), "--duration", str(seconds)]
    command += ["--rate", str(RATE), "--format", "raw", "--output", str(file)]
    with ExitStack() as stack:
        for number in range(os.cpu_count() or 1):
            stack.enter_context(running(_IDLER, folder / f"idler-{number}.log"))
        subprocess.run(
            command, env=environment(), capture_output=True, check=True, timeout=seconds + 30
        )
    return file.read_text(encoding="utf-8")


def parse(text: str) -> Profile:
    """Reads py-spy's raw format: stacks, outermost frame first, each with a number of samples."""
    parts: Counter[str] = Counter()
    functions: Counter[str] = Counter()
    for line in text.splitlines():
        stack, _, number = line.rpartition(" ")
        frames = [found for frame in stack.split(";") if (found := _PLACE.match(frame))]
        if not any("trio/_core/_run.py" in frame["file"] for frame in frames):
            continue  # another thread
        part, frame = _own(frames)
        parts[part] += int(number)
        functions[f"{part}: {frame['function']}"] += int(number)
    return Profile(sum(parts.values()), dict(parts), dict(functions))


def _own(frames: Sequence[re.Match[str]]) -> tuple[str, re.Match[str]]:
    """Returns the part and the function that the innermost frame belongs to."""
    for frame in reversed(frames):
        for part, pattern in _PARTS:
            if re.search(pattern, frame["file"]) or re.search(pattern, frame["function"]):
                return part, frame
    return "the rest", frames[-1]


def findings(profiles: Mapping[str, Profile]) -> Findings:
    """Returns the shares of the parts and the most frequent functions as tables."""
    shares = {
        title: {part: 100 * n / profile.samples for part, n in profile.parts.items()}
        for title, profile in profiles.items()
        if profile.samples
    }
    names = [name for name, _ in _PARTS] + ["the rest"]
    rows = [
        {"case": title, "part": name, "percent": share.get(name, 0.0)}
        for title, share in shares.items()
        for name in names
    ]
    cells = [
        [title, *[f"{share.get(name, 0.0):.0f} %" for name in names]]
        for title, share in shares.items()
    ]
    tables = [
        (
            "Share of the event loop's thread spent in each part itself; system calls belong to"
            " the part that makes them.",
            table(["case", *names], cells),
        )
    ]
    tables += [(f"Functions: {title}.", _functions(profiles[title])) for title in shares]
    return Findings(tuple(tables), {"rows": rows})


def _functions(profile: Profile) -> list[str]:
    most = sorted(profile.functions.items(), key=lambda one: -one[1])[:FUNCTIONS]
    cells = [[name, f"{100 * number / profile.samples:.1f} %"] for name, number in most]
    return table(["function", "itself"], cells)
