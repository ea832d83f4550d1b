"""The metrics of what guards a node: its keys, and the tokens of its clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..access import Access
from ..service import Keys

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def of_keys(keys: Keys | None) -> Iterator[Metric]:
    """Yields who seals with which key, unless gossip is open."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

    if keys is None:
        return
    text = "Live members now, by the key they seal with."
    members = GaugeMetricFamily("gossipd_key_members", text, labels=("key",))
    for key, number in sorted(keys.numbers().items()):
        members.add_metric((key,), number)
    yield members
    text = "Open datagrams taken beside sealed ones."
    yield CounterMetricFamily("gossipd_open_taken", text, value=keys.open_taken)


def of_tokens(access: Access | None) -> Iterator[Metric]:
    """Yields which clients were let in, by name, and how many were not, unless all are."""
    from prometheus_client.core import CounterMetricFamily

    if access is None:
        return
    text = "Requests of clients, by the name of their token."
    admitted = CounterMetricFamily("gossipd_token_requests", text, labels=("door", "token"))
    # Copies: requests go on while this is written in parts.
    for (door, name), number in sorted({**access.admitted}.items()):
        admitted.add_metric((door, name), number)
    yield admitted
    text = "Requests refused for want of a token, or of a role."
    denied = CounterMetricFamily("gossipd_token_refusals", text, labels=("door", "reason"))
    for (door, why), number in sorted({**access.denied}.items()):
        denied.add_metric((door, why), number)
    yield denied
