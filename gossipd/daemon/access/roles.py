"""What a client may do: each role may do what the roles before it may, and more."""

from __future__ import annotations

from typing import Literal

Role = Literal["read", "count", "admin"]

ROLES: dict[Role, str] = {
    "read": "reads everything but keys",
    "count": "reads, and changes counters",
    "admin": "does everything",
}
"""What a holder of a token of each role may do."""

_RANKS = {role: rank for rank, role in enumerate(ROLES)}


def includes(role: Role, needed: Role) -> bool:
    """Returns whether a holder of `role` may do what needs the other one."""
    return _RANKS[role] >= _RANKS[needed]
