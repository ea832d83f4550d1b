"""Anti-entropy: two nodes that exchange a ping end up with the same members and counters."""

from .reconciler import Reconciler
from .rows import RowExchange
from .versions import VersionExchange

__all__ = ["Reconciler", "RowExchange", "VersionExchange"]
