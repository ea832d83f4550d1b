"""The page of `/metrics`: numbers that are read when Prometheus asks, and kept nowhere else.

prometheus_client is imported at the first scrape, in a thread, since the import reads dozens of
files. It takes longer than all the rest of the start of a daemon, which nobody may ever scrape.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

import attrs
import trio

from gossipd.protocol import DEFAULT, SEED_STATES, Statistics, Traffic, Values
from gossipd.version import __version__

from ..access import Access
from ..driver import LoopLateness
from ..future import Future
from ..http import HttpStatistics
from ..service import Keys
from . import guard_metrics

if TYPE_CHECKING:
    from outcome import Outcome
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    # Its parser needs what is only installed where there are Redis clients.
    from ..resp import RespStatistics


class Commits(Protocol):
    """What a store has counted. `Store` is one."""

    @property
    def commits(self) -> int:
        """Number of transactions, each synced once."""

    @property
    def writes(self) -> int:
        """Number of the node's writes in them."""


_Values = dict[tuple[str, ...], float]


@attrs.frozen
class _Labelled:
    """One metric, with its values by the values of its labels."""

    name: str
    text: str
    labels: tuple[str, ...]
    values: _Values


@attrs.frozen
class CounterValues:
    """Which counters the page shows.

    Attributes:
        values: all values.
        shown: how many counters are shown by name at most, beside `default`.
        most: how many counters clients may make at this node.
    """

    values: Values
    shown: int
    most: int


@attrs.frozen
class RedisNumbers:
    """What is counted of Redis clients.

    Attributes:
        server: returns what their server has counted.
        commands: number of commands by name.
        errors: number of errors by code.
    """

    server: Callable[[], RespStatistics]
    commands: Mapping[str, int]
    errors: Mapping[str, int]


class Metrics:
    """The metrics of one daemon, in a registry of its own."""

    def __init__(
        self,
        counters: Callable[[], CounterValues],
        statistics: Callable[[], Statistics],
        http: Callable[[], HttpStatistics],
        requests: Mapping[tuple[str, int], int],
        lateness: LoopLateness,
        store: Commits | None = None,
        keys: Callable[[], Keys | None] = lambda: None,
        redis: RedisNumbers | None = None,
        access: Access | None = None,
        more: Callable[[], Iterable[Metric]] = tuple,
    ) -> None:
        """Imports and reads nothing yet.

        Args:
            counters: returns the values to show.
            statistics: returns what the protocol has counted.
            http: returns what the HTTP server has counted.
            requests: number of answered requests by (route, status).
            lateness: how late the node's timers fire, which the driver keeps up to date.
            store: the store of this node, or None if it keeps nothing on disk.
            keys: returns who seals with which key, or None if gossip is open.
            redis: what is counted of Redis clients, or None if they are not answered.
            access: lets clients in by their tokens, or None if they need none.
            more: returns what is shown beside all this.
        """
        self._counters = counters
        self._statistics = statistics
        self._http = http
        self._requests = requests
        self._lateness = lateness
        self._store = store
        self._keys = keys
        self._redis = redis
        self._access = access
        self._more = more
        self._registry: CollectorRegistry | None = None
        self._waiting: list[Future[bytes]] = []

    def page(self) -> Future[bytes]:
        """Returns the page in the Prometheus text format 0.0.4.

        It is made in the next turn of the loop, once for all that ask until then. So it costs a
        turn no more than one page, however many ask, and however often.
        """
        page: Future[bytes] = Future()
        self._waiting.append(page)
        if len(self._waiting) == 1:
            self._begin()
        return page

    def _begin(self) -> None:
        """Lets the waiting pages be made: in the next turn, or when there is a registry."""
        token = trio.lowlevel.current_trio_token()
        if self._registry is not None:
            token.run_sync_soon(self._deliver)
            return

        def take(made: Outcome[CollectorRegistry]) -> None:
            # The daemon may have ended in the meantime.
            with contextlib.suppress(trio.RunFinishedError):
                token.run_sync_soon(self._take, made)

        trio.lowlevel.start_thread_soon(self._new_registry, take)

    def _take(self, made: Outcome[CollectorRegistry]) -> None:
        try:
            self._registry = made.unwrap()
        except Exception as error:
            self._settle(error)
        else:
            self._deliver()

    def _deliver(self) -> None:
        from prometheus_client.exposition import generate_latest

        assert self._registry is not None
        try:
            page: bytes | Exception = generate_latest(self._registry)
        except Exception as error:
            page = error
        self._settle(page)

    def _settle(self, page: bytes | Exception) -> None:
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.settle(page)

    def _new_registry(self) -> CollectorRegistry:
        from prometheus_client import CollectorRegistry, ProcessCollector

        # Without auto_describe, so that registering it reads nothing from this thread.
        registry = CollectorRegistry(auto_describe=False)
        ProcessCollector(registry=registry)
        registry.register(self)
        return registry

    def collect(self) -> Iterable[Metric]:
        """Yields all metrics. The registry calls it at each scrape."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            InfoMetricFamily,
            SummaryMetricFamily,
        )

        statistics, http = self._statistics(), self._http()
        yield InfoMetricFamily("gossipd_build", "This build.", value={"version": __version__})
        yield InfoMetricFamily(
            "gossipd_cluster", "The cluster's id.", value={"id": statistics.cluster}
        )
        yield from self._values()
        redis = None if self._redis is None else self._redis.server()
        for name, text, value in _gauges(statistics, http, self._lateness, redis):
            yield GaugeMetricFamily(name, text, value=value)
        for name, text, value in _counters(statistics, http, redis) + _commits(self._store):
            yield CounterMetricFamily(name, text, value=value)
        for name, text, label, numbers in (
            ("gossipd_members", "Members now.", "state", statistics.members),
            ("gossipd_seeds", "Configured seeds now.", "state", _seeds(statistics)),
            ("gossipd_waiting", "What is kept for later now.", "kind", statistics.waiting),
        ):
            gauge = GaugeMetricFamily(name, text, labels=(label,))
            for which, number in sorted(numbers.items()):
                gauge.add_metric((which,), number)
            yield gauge
        yield from guard_metrics.of_keys(self._keys())
        yield from guard_metrics.of_tokens(self._access)
        yield from self._more()
        for metric in _labelled(statistics, http, self._requests, self._redis):
            family = CounterMetricFamily(metric.name, metric.text, labels=metric.labels)
            for labels, value in sorted(metric.values.items()):
                family.add_metric(labels, value)
            yield family
        yield SummaryMetricFamily(
            "gossipd_loop_lateness_seconds",
            "How late timers fire.",
            count_value=self._lateness.count,
            sum_value=self._lateness.sum,
        )

    def _values(self) -> Iterable[Metric]:
        """Yields the counters' values, which every node of the cluster has, or will have soon.

        They have no type: they may fall, and the ending `_count` is forbidden to a gauge.
        """
        from prometheus_client.core import GaugeMetricFamily, UnknownMetricFamily

        counters = self._counters()
        values = counters.values
        busiest, others = values.busiest(counters.shown)
        text = "Counters: default, and those that change most often."
        count = UnknownMetricFamily("gossipd_count", text, labels=("name",))
        for name, value in [(DEFAULT, values.value(DEFAULT)), *busiest]:
            count.add_metric((name,), value)
        yield count
        for name, text, value in (
            ("gossipd_count_others", "The sum of all other counters.", others),
            ("gossipd_counters", "Counters now, beside default.", len(values)),
            (
                "gossipd_counters_limit",
                "Counters up to which clients may make more here.",
                counters.most,
            ),
        ):
            yield GaugeMetricFamily(name, text, value=value)


_Plain = tuple[str, str, float]


def _gauges(
    statistics: Statistics,
    http: HttpStatistics,
    lateness: LoopLateness,
    redis: RespStatistics | None,
) -> list[_Plain]:
    clients = [] if redis is None else [("gossipd_redis_connections", "Now open.", redis.open)]
    return [
        *clients,
        ("gossipd_local_health", "Score now; 0 is healthy.", statistics.local_health),
        ("gossipd_http_connections", "Open connections now.", http.open),
        ("gossipd_http_streams", "Connections now that follow changes.", http.streams),
        ("gossipd_loop_lateness_max_seconds", "The latest a timer has fired.", lateness.max),
    ]


def _counters(
    statistics: Statistics, http: HttpStatistics, redis: RespStatistics | None
) -> list[_Plain]:
    return [
        *([] if redis is None else _of_clients(redis)),
        ("gossipd_suspicions", "Suspicions raised by this node.", statistics.suspicions),
        ("gossipd_deaths", "Members declared dead by this node.", statistics.deaths),
        ("gossipd_refusals", "Pings refused by other machines.", statistics.refusals),
        ("gossipd_refutations", "Claims about this node refuted.", statistics.refutations),
        ("gossipd_pushes", "Counter pushes sent.", statistics.pushes),
        ("gossipd_push_retries", "Counter pushes sent again.", statistics.push_retries),
        ("gossipd_pauses", "Times in which the process did not run.", statistics.pauses),
        ("gossipd_paused_seconds", "The sum of these times.", statistics.paused_seconds),
        ("gossipd_http_connections_accepted", "Connections accepted.", http.accepted),
        ("gossipd_http_connections_evicted", "Idle connections closed for room.", http.evicted),
        ("gossipd_http_connections_refused", "Connections without room.", http.refused),
    ]


def _of_clients(redis: RespStatistics) -> list[_Plain]:
    return [
        ("gossipd_redis_connections_accepted", "Redis clients accepted.", redis.accepted),
        ("gossipd_redis_connections_evicted", "Idle ones closed for room.", redis.evicted),
        ("gossipd_redis_connections_refused", "Redis clients without room.", redis.refused),
        ("gossipd_redis_connections_malformed", "Closed for bad requests.", redis.malformed),
    ]


def _seeds(statistics: Statistics) -> Mapping[str, int]:
    # All states are there, so that an alert has a value to compare.
    states = dict.fromkeys(SEED_STATES, 0)
    for seed in statistics.seeds:
        states[seed.state] += 1
    return states


def _commits(store: Commits | None) -> list[_Plain]:
    if store is None:
        return []
    return [
        ("gossipd_store_commits", "Transactions on disk.", store.commits),
        ("gossipd_store_writes", "Writes of this node in them.", store.writes),
    ]


def _labelled(
    statistics: Statistics,
    http: HttpStatistics,
    requests: Mapping[tuple[str, int], int],
    redis: RedisNumbers | None,
) -> list[_Labelled]:
    answers: _Values = {(ack, str(met).lower()): n for (ack, met), n in statistics.answers.items()}
    answered: _Values = {(route, str(status)): n for (route, status), n in requests.items()}
    refusals: _Values = {(str(status),): n for status, n in http.refusals.items()}
    return [
        *([] if redis is None else _of_redis(redis)),
        *_traffic("sent", statistics.sent),
        *_traffic("received", statistics.received),
        _Labelled(
            "gossipd_rejected",
            "Datagrams, messages or values refused.",
            ("reason",),
            _by_one(statistics.rejected),
        ),
        _Labelled("gossipd_probes", "Probes finished.", ("outcome",), _by_one(statistics.probes)),
        _Labelled(
            "gossipd_verdicts",
            "Members declared dead by this node.",
            ("evidence",),
            _by_one(statistics.verdicts),
        ),
        _Labelled("gossipd_answers", "Writes answered.", ("ack", "met"), answers),
        _Labelled("gossipd_http_requests", "Requests answered.", ("route", "status"), answered),
        _Labelled("gossipd_http_refusals", "Requests never routed.", ("status",), refusals),
    ]


def _of_redis(redis: RedisNumbers) -> list[_Labelled]:
    return [
        _Labelled("gossipd_redis_commands", "Commands.", ("command",), _by_one(redis.commands)),
        _Labelled("gossipd_redis_errors", "Errors answered.", ("code",), _by_one(redis.errors)),
    ]


def _traffic(way: str, traffic: Mapping[str, Traffic]) -> list[_Labelled]:
    datagrams: _Values = {(kind,): one.datagrams for kind, one in traffic.items()}
    sizes: _Values = {(kind,): one.bytes for kind, one in traffic.items()}
    return [
        _Labelled(f"gossipd_{way}_datagrams", f"Datagrams {way}.", ("kind",), datagrams),
        _Labelled(f"gossipd_{way}_bytes", f"UDP payload {way}.", ("kind",), sizes),
    ]


def _by_one(values: Mapping[str, int]) -> _Values:
    return {(label,): value for label, value in values.items()}
