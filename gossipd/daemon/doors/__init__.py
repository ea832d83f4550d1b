"""The ways in for clients, over HTTP: the documented routes, health and metrics."""

from .api import Api
from .cross_site import OwnHosts
from .metrics import CounterValues, Metrics, RedisNumbers

__all__ = ["Api", "CounterValues", "Metrics", "OwnHosts", "RedisNumbers"]
