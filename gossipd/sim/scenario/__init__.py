"""What is to happen in a run: scenarios and their notation, their world, and their faults."""

from __future__ import annotations

from .build import SYNC_INTERVAL, add_nodes, build_world
from .faults import FaultSchedule
from .notation import COMMANDS, FAULTS, Fault
from .scenario import Scenario, ScenarioError, make_scenario, read_words, shipped_scenarios

__all__ = [
    "COMMANDS",
    "FAULTS",
    "SYNC_INTERVAL",
    "Fault",
    "FaultSchedule",
    "Scenario",
    "ScenarioError",
    "add_nodes",
    "build_world",
    "make_scenario",
    "read_words",
    "shipped_scenarios",
]
