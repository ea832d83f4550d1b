"""What a node keeps on disk: an SQLite file, the log of unsynced counts beside it, and a lock."""

from typing import TYPE_CHECKING, Any

from .inspection import InspectionError, back_up, check_directory, read_directory
from .lock import LockError, lock_directory
from .pieces import in_pieces
from .store import Store, StoreError, WriteError

if TYPE_CHECKING:
    from .journal import Journal

__all__ = [
    "InspectionError",
    "Journal",
    "LockError",
    "Store",
    "StoreError",
    "WriteError",
    "back_up",
    "check_directory",
    "in_pieces",
    "lock_directory",
    "read_directory",
]


def __getattr__(name: str) -> Any:
    # The journal needs trio, which is a third of the start of `gossipd store`, and of no use there.
    if name == "Journal":
        from .journal import Journal

        return Journal
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
