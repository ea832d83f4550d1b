"""The world of a scenario: its network and its nodes, before anything befalls them."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from gossipd.protocol import Entry, Group, State

from ..world.cluster import node_id_of
from ..world.joined import JoinedNodes
from ..world.network import Network
from ..world.world import World
from .scenario import Scenario

LAZY = 1.0
"""Seconds between two syncs of what is not the node's own, as in a daemon."""

_World = TypeVar("_World", bound=World)


def stage(scenario: Scenario, world_type: type[_World]) -> _World:
    """A world without nodes, on the scenario's network; with discovery, that is one segment."""
    network = Network(
        Random(f"{scenario.seed}/network"),
        delay=scenario.latency,
        loss_ratio=scenario.loss,
        duplicate_ratio=scenario.duplicate,
        reorder_ratio=scenario.reorder,
    )
    options: dict[str, Any] = {
        "config": scenario.config,
        "network": network,
        "broadcasts": scenario.config.discovery,
    }
    if scenario.start == "joined":
        options["factory"] = JoinedNodes(scenario.nodes)
    return world_type(scenario.seed, **options)


def _left_behind(scenario: Scenario) -> tuple[Group, ...]:
    """What processes of earlier runs have counted under a name that nobody uses any more.

    Some of them were synced again and again, and so have an entry for each of many floors.
    """
    rng = Random(f"{scenario.seed}/owners")
    groups = []
    for _ in range(scenario.owners):
        owner, floors = rng.randbytes(16), rng.choice((1, 1, 1, 3, 60))
        entries = [Entry(n, "earlier", 10 * n, n) for n in range(1, floors + 1)]
        groups.append(Group(owner, 0, floors, entries))
    return tuple(groups)


def add_nodes(world: World, scenario: Scenario, *, lazy: float | None = None) -> None:
    """Adds and starts the scenario's nodes, with such disks (see `Disk`)."""
    for _ in range(scenario.nodes):
        host = world.add(seeds=range(min(scenario.seeds, scenario.nodes)), start=False)
        host.disk.lazy = lazy
        if host.id == node_id_of(0) and scenario.owners:
            host.kept = State(groups=_left_behind(scenario))
        world.start(host.id)
