"""How simulated nodes are named: by an id, or by an index that stands for one."""

from __future__ import annotations

from gossipd.protocol import Address

Reference = str | int
"""A node as callers name it: its id or its index."""


def node_id_of(index: int) -> str:
    """Returns the id of the node with this index, counted from 0: 10.0.0.1:8088 and so on."""
    number = index + 1
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}:8088"


def id_of(node: Reference) -> str:
    """Returns the id that a reference stands for; an id stands for itself."""
    return node if isinstance(node, str) else node_id_of(node)


def address_of(node_id: str) -> Address:
    """Returns the address that a canonical node id names."""
    host, _, port = node_id.rpartition(":")
    return host.strip("[]"), int(port)
