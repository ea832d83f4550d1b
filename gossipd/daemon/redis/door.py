"""What all Redis clients of a node have in common, and the making of a session for each."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

import trio

from gossipd.version import __version__

from ..access import Access, Visitor
from ..resp import RespStatistics
from ..service import Service
from .caller import Caller
from .connecting import VERSION, settings
from .context import Context
from .scans import Scans
from .session import Session
from .subscriptions import Subscriptions
from .tally import Tally
from .view import View


class RedisDoor:
    """The way in for Redis clients.

    Attributes:
        tally: the commands and errors of all of them.
    """

    def __init__(
        self,
        service: Service,
        server: Callable[[], RespStatistics],
        access: Access | None = None,
        *,
        durable: bool,
    ) -> None:
        """Takes the node, what returns the numbers of the server, and what lets clients in.

        `durable`, whether the node keeps its counts, is told to those that ask for the settings.
        """
        self._settings = settings(durable=durable)
        self.tally = Tally()
        self._service = service
        self._server = server
        self._access = access
        self._scans = Scans()
        self._numbers = count(1)
        self._began = trio.current_time()

    def connect(self, address: str, own_address: str) -> Session:
        """Returns the session of a new connection between these addresses."""
        caller = Caller(next(self._numbers), address, own_address, trio.current_time)
        view = View(self._service.values())
        visitor = Visitor(self._access, "redis")
        common = self._service, self._scans, self._facts, self._settings
        subscriptions = Subscriptions(self._service, caller, visitor)
        context = Context(caller, visitor, subscriptions, view, *common)
        return Session(context, self.tally)

    def _facts(self) -> dict[str, dict[str, object]]:
        server = self._server()
        keys = len(View(self._service.values()))
        return {
            "Server": {
                "redis_version": VERSION,
                "redis_mode": "standalone",
                "gossipd_version": __version__,
                "gossipd_node": self._service.node_id,
                "uptime_in_seconds": int(trio.current_time() - self._began),
            },
            "Clients": {"connected_clients": server.open},
            "Persistence": {"loading": 0},
            "Stats": {
                "total_connections_received": server.accepted,
                "total_commands_processed": sum(self.tally.commands.values()),
                "rejected_connections": server.refused,
            },
            "Replication": {"role": "master", "connected_slaves": 0},
            "Cluster": {"cluster_enabled": 0},
            "Keyspace": {"db0": f"keys={keys},expires=0,avg_ttl=0"} if keys else {},
        }
