"""The shares of the parts as one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gossipd.protocol.part import Part
from gossipd.protocol.statistics import Statistics, Traffic


class Counting(Part):
    """A part that counts what it is told."""

    def __init__(self, waiting: Mapping[str, int], **counted: Any) -> None:
        self._waiting = waiting
        self._counted = counted

    def counted(self) -> Mapping[str, Any]:
        """Returns what it was told."""
        return self._counted

    def waiting(self) -> Mapping[str, int]:
        """Returns what it was told."""
        return self._waiting


def test_shares_are_added_up() -> None:
    """Integers are summed, tables joined, and what waits is summed by its kind."""
    gathered = Statistics.gathered(
        [
            Part(),
            Counting({"relays": 1, "pings": 5}, pushes=2, members={"alive": 3}),
            Counting({"relays": 2}, pushes=3, members={"joining": 1}, probes={"direct": 1}),
        ]
    )
    assert 5 == gathered.pushes
    assert {"alive": 3, "joining": 1} == gathered.members
    assert {"direct": 1} == gathered.probes
    assert {"relays": 3, "pings": 5} == gathered.waiting


def test_traffic_counts_datagrams_and_bytes() -> None:
    """One datagram a call."""
    traffic = Traffic()
    traffic.add(100)
    traffic.add(50)
    assert Traffic(2, 150) == traffic
