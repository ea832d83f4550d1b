"""A node that only remembers what it is told, and a client that calls its routes."""

from __future__ import annotations

import json
from collections.abc import Sequence

import attrs

from gossipd.daemon.access import Access
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.doors.api import Api
from gossipd.daemon.doors.cross_site import OwnHosts
from gossipd.daemon.future import Future
from gossipd.daemon.http import Request, Response
from gossipd.daemon.member_events import EventReader, MemberEvents
from gossipd.daemon.operations import Operations
from gossipd.daemon.service import Keys, Refused
from gossipd.daemon.standing import Standing
from gossipd.daemon.watch import Watch, Watches
from gossipd.protocol import (
    Answer,
    Asked,
    Change,
    Increment,
    LimitExceeded,
    MemberDetails,
    SeedView,
    SettingsDiffer,
    Statistics,
    Values,
)
from tests.daemon.waiting import outcome
from tests.protocol.conversation import WALL_MS, answers_of, make_node, writes_of

NODE_ID = "127.0.0.1:8088"


class FakeService:
    """A node alone in the world, whose writes are held by two nodes out of three."""

    def __init__(self) -> None:
        self.node_id = NODE_ID
        self.draining = False
        self.waits = False
        self.limit = 2**53 - 1
        self.holders = 2
        self.reason: str | None = None
        self.value = 0
        self.sealing: Keys | None = None
        self.wall_ms = WALL_MS
        self._node = make_node()
        self.listed = ["127.0.0.1:1", "127.0.0.1:2"]
        self.joined: tuple[SeedView, ...] = ()
        self.differing: tuple[SettingsDiffer, ...] = ()
        self.acks: list[str | None] = []
        self.watches = Watches(self.values)
        self.watched: list[tuple[str, str]] = []
        self.happening = MemberEvents()
        self.details: list[MemberDetails] = []
        self.forgotten: list[str] = []
        self.waiting: list[tuple[Future[Answer], int, str | None]] = []

    def count(self, name: str) -> int:
        assert name == "default"
        return self.value

    def peers(self) -> list[str]:
        return self.listed

    def increment(self, name: str, amount: int, ack: str | None) -> Future[Answer]:
        if name != "default":
            return self.change([Change(name, amount)], ack)
        return self._write(self.value + amount, ack)

    def change(self, changes: Sequence[Asked], ack: str | None) -> Future[Answer]:
        later: Future[Answer] = Future()
        now, ticket = 0.0, len(self.acks) + 1
        try:
            effects = self._node.increments([Increment(changes, None, ticket)], now)
        except ValueError as error:
            later.settle(error)
            return later
        for write in writes_of(effects):
            effects = self._node.persisted(write, now)
        [answer] = answers_of(effects)
        self.acks.append(ack)
        later.settle(attrs.evolve(answer, holders=self.holders, target=3))
        return later

    def values(self) -> Values:
        return self._node.values(lambda: self.wall_ms)

    def sync(self, value: int, ack: str | None) -> Future[Answer]:
        return self._write(max(self.value, value), ack)

    def _write(self, value: int, ack: str | None) -> Future[Answer]:
        later: Future[Answer] = Future()
        if self.waits:
            self.waiting.append((later, value, ack))
        else:
            self.settle(later, value, ack)
        return later

    def settle(self, later: Future[Answer], value: int, ack: str | None) -> None:
        """Answers a write."""
        if self.reason is not None:
            later.settle(Refused(self.reason))
            return
        if value > self.limit:
            later.settle(LimitExceeded("the counter is at its limit"))
            return
        self.value = value
        self.acks.append(ack)
        later.settle(Answer(1, value, self.holders, 3))

    def watch(self, name: str, since: str = "") -> Watch:
        self.watched.append((name, since))
        return self.watches.watch(name=name, since=since)

    def watch_prefix(self, prefix: str, since: str = "") -> Watch:
        self.watched.append((f"{prefix}*", since))
        return self.watches.watch(prefix=prefix, since=since)

    def events(self, since: str = "") -> EventReader:
        return self.happening.read(since)

    def members(self) -> list[MemberDetails]:
        return self.details

    def generation(self) -> int:
        return 7

    def register(self, text: str) -> None:
        if "bad" in text:
            raise ValueError(f"{text!r} is no address")
        self.listed = sorted({*self.listed, text})

    def join(self, text: str) -> None:
        self.register(text)

    def forget(self, member: str) -> None:
        if "live" in member:
            raise ValueError(f"{member!r} is alive")
        self.forgotten.append(member)

    def remove(self, text: str) -> None:
        if "bad" in text:
            raise ValueError(f"{text!r} is no address")
        self.listed = [peer for peer in self.listed if peer != text]

    def statistics(self) -> Statistics:
        return Statistics(
            members={"suspect": 1, "alive": 2},
            seeds=self.joined,
            settings=self.differing,
            local_health=3,
        )

    def keys(self) -> Keys | None:
        return self.sealing

    def trouble(self) -> str | None:
        return self.reason


class Client:
    """Calls an `Api` as a connection would."""

    def __init__(self, access: Access | None = None, *, page: bool = True) -> None:
        self.service = FakeService()
        self.requests: dict[tuple[str, int], int] = {}
        self.operations = Operations(DaemonConfig(), lambda: None)
        self.api = Api(
            self.service,  # type: ignore[arg-type]
            self._metrics,
            self.requests,
            OwnHosts(["node"]),
            self.operations,
            Standing(DaemonConfig(), "127.0.0.1"),
            access,
            page=page,
        )

    def _metrics(self) -> Future[bytes]:
        return Future(b"metrics\n")

    async def call(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        path, _, query = target.partition("?")
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        encoded = {name.encode(): value.encode() for name, value in fields.items()}
        request = Request(method, path, query, {b"host": b"node:8088"} | encoded, body)
        answer = self.api.handle(request)
        while self.service.waiting:
            self.service.settle(*self.service.waiting.pop())
        if isinstance(answer, Response):
            return answer
        return await outcome(answer)

    async def post(self, target: str, value: object = None, **headers: str) -> Response:
        body = b"" if value is None else json.dumps(value).encode()
        return await self.call("POST", target, body, **headers)
