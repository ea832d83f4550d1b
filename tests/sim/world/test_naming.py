"""Ids, indices and addresses."""

from __future__ import annotations

from gossipd.sim.world import (
    address_of,
    node_id_of,
)


def test_ids_and_addresses_of_indices() -> None:
    """Index 0 is 10.0.0.1; an id gives its address, IPv6 too."""
    assert node_id_of(0) == "10.0.0.1:8088"
    assert node_id_of(999) == "10.0.3.232:8088"
    assert address_of("10.0.3.232:8088") == ("10.0.3.232", 8088)
    assert address_of("[::1]:1") == ("::1", 1)
