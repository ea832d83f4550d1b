"""Clients that send whatever comes to mind, at the doors of a real node for some minutes.

Their input is right, wrong, huge, empty, slow, or half. Whatever it is, the node answers no 500,
writes no line, and takes no more memory as time goes on.
"""

from .clients import Crowd
from .described import as_described
from .doors import Door
from .inputs import http_input, redis_input
from .judge import Judge

__all__ = ["Crowd", "Door", "Judge", "as_described", "http_input", "redis_input"]
