"""Counters: their values, who counted what, how writes take effect and reach other nodes."""

from .face import Counters
from .floors import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded
from .ledger import Ledger
from .writes import Increment, Writes

__all__ = [
    "FLOOR_LIMIT",
    "VALUE_LIMIT",
    "Counters",
    "Increment",
    "Ledger",
    "LimitExceeded",
    "Writes",
]
