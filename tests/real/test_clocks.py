"""Real nodes under wall clocks that are wrong: the interpreter is given another time at its start.

A time namespace has no wall clock of its own, so the module `sitecustomize`, which the interpreter
imports before anything else, puts its clock forward or back.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from lab.processes import cluster, eventually

pytestmark = pytest.mark.real

WITHIN = 10.0
HOUR = 3600

WRONG_CLOCK = """
import os
import time

_off = int(os.environ["SECONDS_OFF"])
_time, _time_ns = time.time, time.time_ns
time.time = lambda: _time() + _off
time.time_ns = lambda: _time_ns() + _off * 10**9
"""


@pytest.mark.parametrize(
    "off", [(20 * HOUR, -20 * HOUR), (72 * HOUR, -72 * HOUR), (90_000 * HOUR, -90_000 * HOUR)]
)
def test_nodes_ahead_and_behind_are_one_cluster(folder: Path, off: tuple[int, int]) -> None:
    """All list all within 10 s and count together, and each says once whose clock differs."""
    (folder / "sitecustomize.py").write_text(WRONG_CLOCK, encoding="utf-8")
    with cluster(3, folder) as nodes:
        for node, seconds in zip(nodes.nodes[1:], off, strict=True):
            node.kill()
            node.variables = {"PYTHONPATH": str(folder), "SECONDS_OFF": str(seconds)}
        for node in nodes.nodes[1:]:
            node.start()
        ids = {node.id for node in nodes.nodes}
        eventually("the restarted answer", lambda: all(n.answers() for n in nodes.nodes), 30.0)
        nodes.know_each_other(nodes.nodes, WITHIN)
        for node in nodes.nodes:
            assert node.ask("POST", "/increment")[0] == 200
        nodes.agree(3, WITHIN)

        def all_said() -> bool:
            lines = [[line["member"] for line in n.events("clock_differs")] for n in nodes.nodes]
            wanted = [sorted(ids - {n.id}) for n in nodes.nodes]
            return wanted == [sorted(each) for each in lines]

        eventually("each says whose clock differs", all_said, 60.0)
        line = nodes[0].events("clock_differs", nodes[1].id)[0]
        apart = datetime.fromisoformat(line["theirs"]) - datetime.fromisoformat(line["ours"])
        assert abs(apart.total_seconds() - off[0]) < 60
