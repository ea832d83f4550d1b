"""The room of counters: their values, who counted what, and how a write reaches other nodes."""

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
