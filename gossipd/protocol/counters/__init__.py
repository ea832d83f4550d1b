"""The room of counters: their values, who counted what, and how a write reaches other nodes."""

from .commands import Change, Increment
from .face import Counters
from .floors import FLOOR_LIMIT, VALUE_LIMIT, LimitExceeded
from .ledger import Ledger
from .named import check_name
from .values import Values
from .writes import Writes

__all__ = [
    "FLOOR_LIMIT",
    "VALUE_LIMIT",
    "Change",
    "Counters",
    "Increment",
    "Ledger",
    "LimitExceeded",
    "Values",
    "Writes",
    "check_name",
]
