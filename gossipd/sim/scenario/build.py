"""Builds the world of a scenario: its network and its nodes, before anything befalls them."""

from __future__ import annotations

from random import Random
from typing import Any

from gossipd.protocol import DEAD, Claim, Entry, Group, State

from ..world import WALL_CLOCK_MS, JoinedNodes, Log, Network, World
from .scenario import Scenario

SYNC_INTERVAL = 1.0
"""Seconds between two syncs of what is not a node's own, as in a daemon."""

_LONG_AGO_MS = 1_000_000_000


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
        world.add(
            seeds=seeds,
            kept=_disk(scenario, number),
            sync_interval=sync_interval,
        )


def _disk(scenario: Scenario, number: int) -> State | None:
    """Returns what is on the disk of a node, None if the scenario puts nothing there."""
    if number >= scenario.holders or not (scenario.owners or scenario.dead_rows):
        return None
    members, groups = _died_long_ago(scenario), _left_behind(scenario)
    if scenario.holders > 1:
        rng = Random(f"{scenario.seed}/disk of {number}")
        members = tuple(each for each in members if rng.random() < 0.5)
        groups = tuple(each for each in groups if rng.random() < 0.5)
    return State(members=members, groups=groups)


def _died_long_ago(scenario: Scenario) -> tuple[Claim, ...]:
    """Returns rows of members that died before the run, each in a network that no node is in."""
    rng = Random(f"{scenario.seed}/dead rows")
    return tuple(
        Claim(
            f"10.{200 + number // 62_500}.{number // 250 % 250}.{number % 250 + 1}:8088",
            WALL_CLOCK_MS - rng.randint(1, _LONG_AGO_MS),
            rng.randint(0, 3),
            DEAD,
        )
        for number in range(scenario.dead_rows)
    )


def _left_behind(scenario: Scenario) -> tuple[Group, ...]:
    """Returns what processes of earlier runs counted, under names that nobody uses any more.

    Some of them counted under many names, and so have more entries than fit into a datagram.
    """
    rng = Random(f"{scenario.seed}/owners")
    groups = []
    for _ in range(scenario.owners):
        owner, names = rng.randbytes(16), rng.choice((1, 1, 1, 3, 60))
        entries = [Entry(n, f"earlier {n}", 0, n) for n in range(1, names + 1)]
        groups.append(Group(owner, 0, names, entries))
    return tuple(groups)
