"""Judges that a process whose advertised address never answered is no member of anybody."""

from __future__ import annotations

from collections.abc import Iterator

from gossipd.protocol import Address
from gossipd.sim.world import Host, Observed, SetBack, Started, World

from .findings import Checker


class Unreached(Checker):
    """Watches processes that started while nothing reached the address that they advertise.

    As long as that is so, no other node may have them as alive or suspect under the generation that
    they have by then. Rows of earlier processes are another matter.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world)
        # Each such node with the number of its process.
        self._watched: dict[str, int] = {}
        world.log.on_event.append(self._on_event)
        world.on_step.append(self._on_step)
        world.on_reading.append(self._on_reading)

    def _on_event(self, observed: Observed) -> None:
        if not isinstance(observed.event, Started | SetBack):
            return
        host = self._world.hosts[observed.node]
        self._watched.pop(host.id, None)
        # A process that is set back may have been reached before.
        if isinstance(observed.event, Started) and self._hidden(host):
            self._watched[host.id] = host.boots

    def _on_reading(self, now: float, source: Address, target: Address, data: bytes) -> None:
        """Ends the watch of nodes whose address is no longer hidden."""
        for host in list(self._hosts()) if self._watched else ():
            if host.boots != self._watched[host.id] or not self._hidden(host):
                del self._watched[host.id]

    def _on_step(self, host: Host) -> None:
        if not self._watched or host.node is None:
            return
        for row in host.node.members():
            if row.id == host.id or row.id not in self._watched or row.removed:
                continue
            if row.state in ("alive", "suspect") and row.generation == self._generation(row.id):
                text = f"{host.id} has {row.id} as {row.state}, which nothing has reached"
                self._find("never answered", text)

    def _hosts(self) -> Iterator[Host]:
        for node in self._watched:
            yield self._world.hosts[node]

    def _generation(self, node: str) -> int | None:
        """Returns the generation that this node has now, None if it does not run."""
        running = self._world.hosts[node].node
        rows = [] if running is None else running.members()
        return next((row.generation for row in rows if row.id == node), None)

    def _hidden(self, host: Host) -> bool:
        return self._world.carrier.translation.hides(host.address)
