"""A second driver of the protocol: virtual time, a network with faults, crashes, and judges.

A `World` is a simulated cluster, a `Scenario` says what is to happen in it, judges watch it from
outside, and a `Simulation` puts these together. Nothing here draws from an unseeded generator or
reads the machine's time, except to tell how fast a run goes.
"""

from __future__ import annotations

from .command import Output, list_scenarios, run_scenario
from .plot import check_plot
from .report import FalseDeaths, Percentiles, Report
from .simulate import Run, Simulation

__all__ = [
    "FalseDeaths",
    "Output",
    "Percentiles",
    "Report",
    "Run",
    "Simulation",
    "check_plot",
    "list_scenarios",
    "run_scenario",
]
