"""A second driver of the protocol: virtual time, a network with faults, crashes, and checks.

`World` holds a cluster; `checks` judges it from outside; `trace` puts a run on record. Nothing here
draws from an unseeded generator or reads the machine's time, but for `simulate` and `command`,
which tell how fast a run goes.
"""

from __future__ import annotations

from .world.cluster import address_of, node_id_of
from .world.network import FixedDelay, LogNormalDelay, Network, UniformDelay
from .world.record import Befell, Observed, Request
from .world.world import World

__all__ = [
    "Befell",
    "FixedDelay",
    "LogNormalDelay",
    "Network",
    "Observed",
    "Request",
    "UniformDelay",
    "World",
    "address_of",
    "node_id_of",
]
