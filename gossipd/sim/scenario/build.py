"""Builds the world of a scenario: its network and its nodes, before anything befalls them."""

from __future__ import annotations

from random import Random
from typing import Any

from gossipd.protocol import Entry, Group, State

from ..world import JoinedNodes, Log, Network, World
from .scenario import Scenario

SYNC_INTERVAL = 1.0
"""Seconds between two syncs of what is not a node's own, as in a daemon."""


def build_world(scenario: Scenario, log: Log | None = None) -> World:
    """Returns a world without nodes, on the network of the scenario.

    With discovery, that network is one segment, which broadcasts reach.
    """
    network = Network(
        Random(f"{scenario.seed}/network"),
        delay=scenario.latency,
        loss_ratio=scenario.loss,
        duplicate_ratio=scenario.duplicate,
        reorder_ratio=scenario.reorder,
    )
    options: dict[str, Any] = {}
    if scenario.start == "joined":
        options["factory"] = JoinedNodes(scenario.nodes)
    return World(
        scenario.seed,
        config=scenario.config,
        network=network,
        log=log,
        broadcasts=scenario.config.discovery,
        **options,
    )


def add_nodes(world: World, scenario: Scenario, *, sync_interval: float | None = None) -> None:
    """Adds and starts the nodes of the scenario; see `Disk` for `sync_interval`."""
    seeds = range(min(scenario.seeds, scenario.nodes))
    for number in range(scenario.nodes):
        first = State(groups=_left_behind(scenario)) if scenario.owners and not number else None
        world.add(seeds=seeds, kept=first, sync_interval=sync_interval)


def _left_behind(scenario: Scenario) -> tuple[Group, ...]:
    """Returns what processes of earlier runs counted, under a name that nobody uses any more.

    Some of them were synced again and again, and so have an entry for each of many floors.
    """
    rng = Random(f"{scenario.seed}/owners")
    groups = []
    for _ in range(scenario.owners):
        owner, floors = rng.randbytes(16), rng.choice((1, 1, 1, 3, 60))
        entries = [Entry(n, "earlier", 10 * n, n) for n in range(1, floors + 1)]
        groups.append(Group(owner, 0, floors, entries))
    return tuple(groups)
