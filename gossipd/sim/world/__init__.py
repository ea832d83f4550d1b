"""The simulated cluster: machines with their nodes, the network between them, faults, and a log."""

from __future__ import annotations

from .clock import WALL_CLOCK_MS
from .commands import Commands, keyed, resets
from .faults import Faults
from .host import Host
from .incidents import Crashed, DiskReplaced, Incident, Leaving, Left, SetBack, Started
from .interface import MemberRow
from .joined_nodes import JoinedNodes
from .log import MEMBER_EVENTS, Log, Observed
from .naming import Reference, address_of, id_of, node_id_of
from .network import LAN_DELAY, Delay, FixedDelay, LogNormalDelay, Network, UniformDelay
from .request import Request
from .snapshot import Snapshot
from .world import World

__all__ = [
    "LAN_DELAY",
    "MEMBER_EVENTS",
    "WALL_CLOCK_MS",
    "Commands",
    "Crashed",
    "Delay",
    "DiskReplaced",
    "Faults",
    "FixedDelay",
    "Host",
    "Incident",
    "JoinedNodes",
    "Leaving",
    "Left",
    "Log",
    "LogNormalDelay",
    "MemberRow",
    "Network",
    "Observed",
    "Reference",
    "Request",
    "SetBack",
    "Snapshot",
    "Started",
    "UniformDelay",
    "World",
    "address_of",
    "id_of",
    "keyed",
    "node_id_of",
    "resets",
]
