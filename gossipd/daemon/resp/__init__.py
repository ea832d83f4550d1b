"""A server of the Redis protocol (RESP2 and RESP3) on trio. Nothing of gossipd is in it."""

from .client import Client, OnAnswers
from .limits import Limits
from .replies import Error, Push, Status, Text, Value, encode
from .server import RespServer, RespStatistics

__all__ = [
    "Client",
    "Error",
    "Limits",
    "OnAnswers",
    "Push",
    "RespServer",
    "RespStatistics",
    "Status",
    "Text",
    "Value",
    "encode",
]
