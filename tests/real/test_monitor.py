"""The live view of real nodes: it understands what they answer."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lab.processes import cluster, environment
from tests.pseudo_terminal import pseudo_terminal

pytestmark = pytest.mark.real


def test_a_death_and_a_count_are_seen(folder: Path) -> None:
    """Members, rates, counters and events, as they come; and the node that is lost itself."""
    with cluster(3, folder) as nodes:
        one, two, dead = nodes[0], nodes[1], nodes[2]
        command = [sys.executable, "-m", "gossipd", "monitor", "--url", f"http://{one.id}"]
        with pseudo_terminal(command, 100, 30, **environment()) as terminal:
            terminal.until(lambda shown: "3 of 3 alive" in shown and "0 moved of 1" in shown)
            two.ask("POST", "/v1/counters/visits/add", '{"amount":5}')
            dead.kill()
            terminal.until(lambda shown: f"{dead.id} is dead" in shown and "visits" in shown)

            def measured(shown: str) -> bool:
                lines = [each for each in shown.splitlines() if each.startswith(f"{two.id} ")]
                return "2 of 3 alive" in shown and {"alive", "ms"} <= set(" ".join(lines).split())

            # Its round trip is there once it has been probed.
            assert "datagrams in" in terminal.until(measured)
            one.kill()
            assert "2 of 3 alive" in terminal.until(lambda shown: "LOST for" in shown)
            terminal.press("q")
            assert 0 == terminal.ended()
