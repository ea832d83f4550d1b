"""The ways in for clients, over HTTP: the documented routes, health and metrics."""

from .api import Api
from .cross_site import OwnHosts
from .metrics import CounterValues, Metrics, RedisNumbers
from .node_metrics import of_node

__all__ = ["Api", "CounterValues", "Metrics", "OwnHosts", "RedisNumbers", "of_node"]
