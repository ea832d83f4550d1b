"""Each role may do what those before it may."""

from __future__ import annotations

from gossipd.daemon.access.roles import ROLES, includes


def test_roles_include_those_before() -> None:
    """In this order."""
    assert ["read", "count", "admin"] == [*ROLES]
    found = {(role, needed) for role in ROLES for needed in ROLES if includes(role, needed)}
    assert {
        *{("read", "read")},
        *{("count", "read"), ("count", "count")},
        *{("admin", "read"), ("admin", "count"), ("admin", "admin")},
    } == found
