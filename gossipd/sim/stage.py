"""The world of a scenario: its network and its nodes, before anything befalls them."""

from __future__ import annotations

from random import Random
from typing import Any, TypeVar

from .joined import JoinedNodes
from .network import Network
from .scenario import Scenario
from .world import World

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


def add_nodes(world: World, scenario: Scenario, *, lazy: float | None = None) -> None:
    """Adds and starts the scenario's nodes, with such disks (see `Disk`)."""
    for _ in range(scenario.nodes):
        host = world.add(seeds=range(min(scenario.seeds, scenario.nodes)), start=False)
        host.disk.lazy = lazy
        world.start(host.id)
