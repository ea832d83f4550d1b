"""What is told to a person when something cannot be done, and the words of the system's errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NOTHING: Mapping[int, str] = MappingProxyType({})


class StartError(Exception):
    """The daemon cannot start. The text is one line that says what and where."""


def reason(error: OSError, known: Mapping[int, str] = _NOTHING) -> str:
    """Returns a few words: those of `known` for this error number, else the system's own."""
    return known.get(error.errno or 0) or error.strerror or str(error)
