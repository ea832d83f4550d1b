"""The trio shell around the protocol: sockets, HTTP, logs, metrics, signals."""

from .run import main

__all__ = ["main"]
