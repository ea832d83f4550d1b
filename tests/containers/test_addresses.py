"""Nodes whose container gets another address: the address is the id, so they join as new."""

from __future__ import annotations

import pytest

from tests.containers.engine import Cluster

pytestmark = [pytest.mark.containers, pytest.mark.timeout(120)]


def _counts_on(three: Cluster, old: str, before: int) -> None:
    """Checks that the node that was `old` has another id, shows its old count, and counts on."""
    victim, *rest = three.nodes
    assert old != victim.id
    victim.comes_to_answer()
    victim.comes_to_show(before)
    three.know_each_other()
    victim.ask("POST", "/increment")
    for node in rest:
        node.comes_to_show(before + 1)


def test_started_with_another_address(three: Cluster) -> None:
    """A container that is started again and gets another address brings its old counts."""
    victim = three.nodes[0]
    for _ in range(20):
        victim.ask("POST", "/increment")
    old, before = victim.id, victim.count()
    victim.stop()
    with three.taken(victim.host):
        victim.start()
        _counts_on(three, old, before)


def test_connected_with_another_address(three: Cluster) -> None:
    """A running node notices that its address is another one."""
    victim = three.nodes[0]
    old, before = victim.id, victim.count()
    victim.disconnect()
    with three.taken(victim.host):
        victim.connect()
        _counts_on(three, old, before)
