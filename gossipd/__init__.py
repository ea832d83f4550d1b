"""gossipd: a membership and a counter that every node can read and raise at any time.

Here is what a program on trio needs to run a node inside itself. It is imported when it is first
asked for, since trio is slow to import.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from gossipd.daemon import (
        Add,
        Counted,
        KeyReused,
        LimitExceeded,
        Member,
        Node,
        OutcomeUnknown,
        Refused,
        Reset,
        StartError,
        Stated,
    )
    from gossipd.daemon import open_node as open

__all__ = [
    "Add",
    "Counted",
    "KeyReused",
    "LimitExceeded",
    "Member",
    "Node",
    "OutcomeUnknown",
    "Refused",
    "Reset",
    "StartError",
    "Stated",
    "__version__",
    "open",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module("gossipd.daemon"), "open_node" if name == "open" else name)
