"""Real nodes as processes on loopback: what the benchmarks and the tests in tests/real stand on.

A `Cluster` of `Node`s is started for the length of a block, asked over HTTP by a `Client`, read
through its logs, disturbed by rules of the packet filter, and ended with the block.
"""

from .addresses import free_addresses
from .client import Client
from .clusters import SEEDS, Cluster, cluster
from .counting_clients import CountingClient, Tally
from .keyed_clients import KeyedClient
from .node import ROOT, Node, environment
from .packet_filter import counted, isolated, loss, received, silence
from .usage import processor_seconds, resident_megabytes
from .waiting import eventually

__all__ = [
    "ROOT",
    "SEEDS",
    "Client",
    "Cluster",
    "CountingClient",
    "KeyedClient",
    "Node",
    "Tally",
    "cluster",
    "counted",
    "environment",
    "eventually",
    "free_addresses",
    "isolated",
    "loss",
    "processor_seconds",
    "received",
    "resident_megabytes",
    "silence",
]
