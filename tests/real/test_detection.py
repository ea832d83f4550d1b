"""How soon the death of a real node is known by each of the others."""

from __future__ import annotations

import os
from statistics import median

import pytest

from tests.real.cluster import Cluster, eventually, loss

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

P50 = 6.8
LOST = 0.01
KILLS = 3 if os.environ.get("GOSSIPD_LONG") else 1


@pytest.mark.parametrize("victim", [15, 7, 11][:KILLS])
def test_a_death_is_known_soon(
    victim: int, sixteen: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 1 % of all packets lost, half of the others know within 6.8 s; nobody else is dead."""
    gone = sixteen[victim]
    others = sixteen.others(gone)
    with loss(LOST) as lossy:
        at = gone.kill()
        dead = [node.comes_to_log("member_dead", gone.id, 30, at) for node in others]
        times = sorted(line["at"] - at for line in dead)
    with capsys.disabled():
        how = "at 1 % loss" if lossy else "WITHOUT loss, for which no packet filter is at hand"
        print(f"\ndetection {how}: p50 {median(times):.2f} s, max {times[-1]:.2f} s")
    false = [line for node in others for line in node.events("member_dead", since=at)]
    assert {gone.id} == {line["member"] for line in false}
    assert median(times) <= P50
    gone.start()
    eventually("it is back", gone.answers, 10)
    sixteen.know_each_other(sixteen.nodes, 20)
