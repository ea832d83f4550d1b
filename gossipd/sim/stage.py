"""The world of a scenario: its network and its nodes, before anything befalls them."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from .joined import JoinedNodes
from .network import Network
from .scenario import Scenario
from .world import World

SEEDS = 3
"""Each node is configured with the first so many as its seeds."""

_World = TypeVar("_World", bound=World)


def stage(scenario: Scenario, world_type: type[_World]) -> _World:
    """A world without nodes, on the scenario's network."""
    network = Network(
        Random(f"{scenario.seed}/network"),
        delay=scenario.latency,
        loss_ratio=scenario.loss,
        duplicate_ratio=scenario.duplicate,
        reorder_ratio=scenario.reorder,
    )
    options: dict[str, Any] = {"config": scenario.config, "network": network}
    if scenario.start == "joined":
        options["factory"] = JoinedNodes(scenario.nodes)
    return world_type(scenario.seed, **options)


def add_nodes(world: World, scenario: Scenario) -> None:
    """Adds and starts the scenario's nodes."""
    for _ in range(scenario.nodes):
        world.add(seeds=range(min(SEEDS, scenario.nodes)))
