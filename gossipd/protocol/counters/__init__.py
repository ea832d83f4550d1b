"""The room of counters: their values, who counted what, and how a write reaches other nodes."""

from .checkpointing import checkpoint
from .commands import Asked, Bounded, Change, Increment, Reset, Stated
from .courses import Told
from .face import Counters
from .floors import FLOOR_LIMIT, VALUE_LIMIT, KeyReused, LimitExceeded, TooManyCounters
from .heirs import CLOSED, closed_ids
from .ledger import Ledger
from .named import check_name
from .newcomers import is_admitted
from .plan import TTL_LIMIT
from .values import Values
from .writes import Writes

__all__ = [
    "CLOSED",
    "FLOOR_LIMIT",
    "TTL_LIMIT",
    "VALUE_LIMIT",
    "Asked",
    "Bounded",
    "Change",
    "Counters",
    "Increment",
    "KeyReused",
    "Ledger",
    "LimitExceeded",
    "Reset",
    "Stated",
    "Told",
    "TooManyCounters",
    "Values",
    "Writes",
    "check_name",
    "checkpoint",
    "closed_ids",
    "is_admitted",
]
