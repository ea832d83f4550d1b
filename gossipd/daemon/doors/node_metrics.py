"""The metrics of how a node serves its clients: whether it is ready, and how long answers take."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..histogram import Histogram
from ..service import Service
from .health import unready

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric


def of_node(service: Service, requests: Histogram, *, durable: bool) -> Iterator[Metric]:
    """Yields them. Only of a node that keeps something on disk it is told whether that fails."""
    from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily

    ready = unready(service) is None
    yield GaugeMetricFamily("gossipd_ready", "1 if this node takes writes.", value=int(ready))
    if durable:
        failing = service.trouble() is not None
        text = "1 while the store cannot be written."
        yield GaugeMetricFamily("gossipd_store_failing", text, value=int(failing))
    for name, text, times in (
        ("gossipd_http_request_seconds", "From a whole request to its answer.", requests),
        ("gossipd_write_seconds", "From a write to its answer.", service.write_seconds()),
    ):
        yield HistogramMetricFamily(name, text, times.cumulative(), times.sum)
