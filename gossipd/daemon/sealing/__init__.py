"""Sealed gossip: key files, and datagrams that nobody without a key can read, make or change.

This door imports no cryptography. `Gate` does, and is imported when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .keys import Key, KeyFileError, new_key, parse_keys, read_keys, write_key
from .watch import KeyWatch

if TYPE_CHECKING:
    from .gate import Gate

__all__ = [
    "Gate",
    "Key",
    "KeyFileError",
    "KeyWatch",
    "new_key",
    "parse_keys",
    "read_keys",
    "write_key",
]


def __getattr__(name: str) -> Any:
    if name != "Gate":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(".gate", __name__).Gate
