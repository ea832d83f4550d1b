"""A history from beginning to end."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any
from unittest.mock import patch

import pytest

from gossipd.protocol import Node
from gossipd.protocol.reconcile import Reconciler
from gossipd.sim.scenario import ScenarioError
from lab.search import play as module
from lab.search.draw import draw_history
from lab.search.play import play_history

CALM = {"nodes": 3, "duration": 3, "seed": 1, "increment": ["n0@1,amount=1", "n1@1,amount=2"]}


def test_nothing_is_found_where_nothing_happens() -> None:
    """And all agree from the beginning on."""
    played = play_history(CALM)
    assert ([], (0.0, None)) == (list(played.findings), played.agreed_after)


def test_who_does_not_run_is_started_in_the_end() -> None:
    """After the others have agreed that it is dead, and its increments count again."""
    words = {**CALM, "crash": ["n0@1.0005,machine=gone"], "increment": ["n0@1,amount=1,ack=local"]}
    played = play_history(words)
    assert [] == list(played.findings)
    first, second = played.agreed_after
    assert first
    assert second is not None


def test_every_fault_is_over_in_the_end() -> None:
    """Also those without a length."""
    faults = {
        "pause": ["n0@1"],
        "block": ["n1@1"],
        "slow": ["n2@1"],
        "partition": ["n2@2"],
        "bad-disk": ["n2@1"],
        "slow-disk": ["n1@0.5"],
        "loss": 60,
    }
    assert [] == list(play_history({**CALM, **faults}).findings)


def test_what_the_protocol_raises_is_a_finding() -> None:
    """With the place where it was raised."""

    def fail(self: Any, now: float) -> Any:
        raise KeyError("oops")

    with patch.object(Node, "handle_timeout", fail):
        [finding] = play_history(CALM).findings
    assert "raised" == finding.kind
    assert "KeyError: 'oops' (" in finding.text


def test_nodes_that_never_agree_are_found() -> None:
    """After as many probe intervals as they have for it."""
    with (
        patch.object(Reconciler, "compare", lambda *arguments: None),
        patch.object(Reconciler, "begin", lambda *arguments: None),
        patch.object(module, "AGREE", 20),
    ):
        played = play_history({**CALM, "partition": ["n2@0.5"], "restart": ["n0@1.5"]})
    assert ["counts never agreed"] == [finding.kind for finding in played.findings]
    assert None is played.agreed_after[1]


def test_talk_without_end_is_found() -> None:
    """When all have agreed long since."""
    with (
        patch("gossipd.protocol.membership.gossip.transmit_limit", lambda *arguments: 10**9),
        patch.object(module, "QUIET", 10),
    ):
        played = play_history({**CALM, "nodes": 4, "restart": ["n0@1"]})
    assert {"not quiet"} == {finding.kind for finding in played.findings}


def test_a_scenario_that_cannot_be_is_refused() -> None:
    """As `gossipd simulate` refuses it."""
    with pytest.raises(ScenarioError, match="nodes"):
        play_history({"nodes": 0})


def test_a_trace_has_a_line_for_each_event() -> None:
    """For whoever wants to see what happened."""
    lines: list[str] = []
    play_history({**CALM, "crash": ["n0@1.5"]}, write=lines.append)
    assert any("crashed" in line for line in lines)


def test_a_run_is_the_same_under_any_hash_seed() -> None:
    """Its hash is equal in two processes that order their sets differently."""
    program = (
        "from lab.search.draw import draw_history; from lab.search.play import play_history;"
        "print(*[play_history(draw_history(seed), traced=True).hash for seed in range(3)])"
    )
    hashes = [
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]
    assert hashes[0] == hashes[1]
    assert play_history(draw_history(0), traced=True).hash in hashes[0]
