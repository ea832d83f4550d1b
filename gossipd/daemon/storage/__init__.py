"""What a node keeps on disk: an SQLite file, the log of unsynced counts beside it, and a lock."""

from typing import TYPE_CHECKING, Any

from .inspection import InspectionError, back_up, check_directory, read_directory
from .lock import LockError, lock_directory
from .log import PIECE
from .reading import StoreError
from .store import Store, WriteError

if TYPE_CHECKING:
    from .journal import Journal

__all__ = [
    "PIECE",
    "InspectionError",
    "Journal",
    "LockError",
    "Store",
    "StoreError",
    "WriteError",
    "back_up",
    "check_directory",
    "lock_directory",
    "read_directory",
]


def __getattr__(name: str) -> Any:
    # The journal needs trio, which is a third of the start of `gossipd store`, and of no use there.
    if name == "Journal":
        from .journal import Journal

        return Journal
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
