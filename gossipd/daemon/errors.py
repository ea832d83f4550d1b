"""The words in which an error of the operating system is told to a person."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NOTHING: Mapping[int, str] = MappingProxyType({})


def reason(error: OSError, known: Mapping[int, str] = _NOTHING) -> str:
    """Returns a few words: those of `known` for this error number, else the system's own."""
    return known.get(error.errno or 0) or error.strerror or str(error)
