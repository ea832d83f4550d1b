"""gossipd: a membership and a counter that every node can read and raise at any time.

Here is what a program on trio needs to run a node inside itself. It is imported when it is first
asked for, since trio is slow to import. Nor is `typing` imported: the program catches Ctrl-C once
this is read.
"""

from __future__ import annotations

from .version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

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
    from importlib import import_module

    return getattr(import_module("gossipd.daemon"), "open_node" if name == "open" else name)
