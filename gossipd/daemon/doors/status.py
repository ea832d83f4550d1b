"""The route that tells how this node is: its doors, its store, its seeds, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import attrs
import msgspec

from gossipd.protocol import SettingsDiffer, Statistics, tag_values
from gossipd.version import __version__

from ..http import Response
from ..service import Service
from ..standing import Standing
from .health import unready
from .routes import AnyRoute, Asked, NoParameters, Route, json_response

_NAMED = 5
"""Members that a warning names; of others it tells the number."""

_JOINED = ("member", "self")


class SeedRow(msgspec.Struct):
    """An address to join by, and what became of it."""

    name: str
    state: str
    reason: str


class DoorRow(msgspec.Struct):
    """A place where clients are answered.

    Attributes:
        place: `HOST:PORT`, or `unix:PATH`.
        protocol: `http` or `redis`.
        exposed: whether other machines may reach it.
    """

    place: str
    protocol: str
    exposed: bool
    tls: bool
    client_certificates: bool
    tokens: bool


class StoreRow(msgspec.Struct):
    """Where a node keeps its state.

    Attributes:
        bytes: size of the file and of those beside it, as it was some seconds ago at most, or when
            something was last written.
        last_write: when something was last synced to disk, None if nothing was since the start.
        failure: why it cannot be written, None if it can.
    """

    path: str
    bytes: int
    last_write: str | None
    failure: str | None


class StatusAnswer(msgspec.Struct):
    """A node in words and numbers.

    Attributes:
        cluster: the id of its cluster, empty as long as it has none.
        counters: how many counters it has beside `default`.
        doors: where it answers clients.
        gossip: in words, whether gossip is sealed and by which key.
        listening: its address for gossip.
        local_health: from 0 (healthy) upwards.
        reason: why it takes no writes, None if it does.
        store: where it keeps its state, None if it keeps nothing on disk.
        summary: the same in a few words.
        tags: what it says of its purpose, by name.
        warnings: what is wrong or doubtful now, each in one line.
    """

    cluster: str
    counters: int
    doors: list[DoorRow]
    generation: int
    gossip: str
    listening: str
    local_health: int
    members: dict[str, int]
    node_id: str
    ready: bool
    reason: str | None
    seeds: list[SeedRow]
    store: StoreRow | None
    summary: str
    tags: dict[str, str]
    version: str
    warnings: list[str]


class StatusRoutes:
    """The route of this node."""

    def __init__(self, service: Service, standing: Standing) -> None:
        self._service = service
        self._standing = standing
        self.routes: list[AnyRoute] = [
            Route(
                "GET",
                "/v1/status",
                "Tells how this node is",
                role="read",
                query=NoParameters,
                answer=self._status,
                result=StatusAnswer,
            )
        ]

    def _status(self, asked: Asked[NoParameters, None]) -> Response:
        service, standing, statistics = self._service, self._standing, self._service.statistics()
        reason, keys = unready(service), service.keys()
        members = ", ".join(f"{n} {state}" for state, n in sorted(statistics.members.items()) if n)
        ready = "takes writes" if reason is None else f"takes no writes: {reason}"
        answer = StatusAnswer(
            cluster=statistics.cluster,
            counters=len(service.values()),
            doors=[DoorRow(**attrs.asdict(each)) for each in standing.entrances],
            generation=service.generation(),
            gossip="open" if keys is None else keys.in_words(),
            listening=standing.listening,
            local_health=statistics.local_health,
            members=statistics.members,
            node_id=service.node_id,
            ready=reason is None,
            reason=reason,
            seeds=[SeedRow(seed.name, seed.state, seed.reason) for seed in statistics.seeds],
            store=self._store(),
            summary=f"{service.node_id} {ready}; members: {members or 'none'}",
            tags=self._tags(),
            version=__version__,
            warnings=[
                *self._warnings(statistics, reason),
                *map(_other_settings, statistics.settings),
                *standing.warnings(),
            ],
        )
        return json_response(answer)

    def _tags(self) -> dict[str, str]:
        rows = (each.row for each in self._service.members())
        own = self._service.node_id
        return tag_values(next((row.tags for row in rows if row.id == own), ""))

    def _store(self) -> StoreRow | None:
        store = self._standing.store
        if store is None:
            return None
        at = store.written
        last = (
            None if at is None else datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        )
        return StoreRow(str(store.path), store.bytes, last, self._service.trouble())

    def _warnings(self, statistics: Statistics, reason: str | None) -> Iterator[str]:
        """Yields what is wrong with the node and with what it sees of the cluster."""
        if reason is not None:
            yield f"no write is taken: {reason}"
        if statistics.local_health:
            yield f"this node is slow to act or answer: {statistics.local_health} (0 is good)"
        for seed in statistics.seeds:
            if seed.state not in _JOINED:
                yield f"--join {seed.name} is no member: {seed.reason or seed.state}"
        rows = [each.row for each in self._service.members()]
        for state in ("suspect", "dead"):
            found = [row.id for row in rows if row.state == state]
            if found:
                more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
                yield f"{', '.join(found[:_NAMED])}{more}: {state}; see gossipd members"


def _other_settings(differ: SettingsDiffer) -> str:
    return f"{differ.member} has {differ.theirs}, and this node {differ.ours}"
