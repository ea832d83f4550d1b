"""What clients and operators ask of the nodes of a world."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from gossipd.protocol import (
    DEFAULT,
    Asked,
    Bounded,
    Change,
    Effect,
    Increment,
    Persist,
    Reset,
    Stated,
)

from .interface import DrivenNode
from .naming import Reference, id_of
from .request import Request
from .world import World

BRIEF = 4000
"""For how many milliseconds the counters live that expire."""


class Commands:
    """Gives commands to the nodes of a world.

    A command that is given to a process which stands still waits until that runs.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def increment(
        self,
        node: Reference,
        amount: int = 1,
        *,
        name: str = DEFAULT,
        ack: str | None = None,
        on_answer: Callable[[Request], None] | None = None,
    ) -> Request:
        """Asks a node to count.

        Args:
            ack: the ack level; None leaves it to the node's configuration.
            on_answer: called with the request once it is answered, in a turn of its own.
        """
        request = self._request(node, "increment", name, amount, ack, on_answer)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            return running.increment(name, amount, ack, request.ticket, now)

        self._ask([request], call)
        return request

    def increments(
        self,
        node: Reference,
        amounts: Sequence[int],
        *,
        ack: str | None = None,
        names: int = 0,
    ) -> list[Request]:
        """Asks a node to count several times together; if it refuses one, it refuses all.

        Args:
            names: if more than 0, each request is a batch that also changes named counters of each
                kind, of which there are so many.
        """
        if len(amounts) == 1 and not names:
            return [self.increment(node, amounts[0], ack=ack)]
        requests = [
            self._request(node, "increment", DEFAULT, amount, ack, None, _beside(amount, names))
            for amount in amounts
        ]
        asked = [
            Increment((*each.beside, Change(DEFAULT, each.amount)), ack, each.ticket)
            for each in requests
        ]
        self._ask(requests, lambda running, now: running.increments(asked, now))
        return requests

    def change(
        self, node: Reference, changes: Sequence[Asked], *, ack: str | None = None
    ) -> Request:
        """Asks a node for changes of named counters in one batch."""
        request = self._request(node, "change", "", 0, ack, None, tuple(changes))
        asked = [Increment(changes, ack, request.ticket)]
        self._ask([request], lambda running, now: running.increments(asked, now))
        return request

    def sync(
        self,
        node: Reference,
        value: int,
        *,
        ack: str | None = None,
        on_answer: Callable[[Request], None] | None = None,
    ) -> Request:
        """Asks a node to raise `default` to at least `value`; arguments as for `increment`."""
        request = self._request(node, "sync", DEFAULT, value, ack, on_answer)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            return running.sync(value, ack, request.ticket, now)

        self._ask([request], call)
        return request

    def join(self, node: Reference, seeds: Iterable[Reference]) -> None:
        """Lets a node join these seeds."""
        texts = [id_of(seed) for seed in seeds]
        self._world.host(node).command(lambda running, now: running.join(texts, now))

    def leave(self, node: Reference, within: float = 10.0) -> None:
        """Lets a node leave; its process ends when that is done, and `within` at the latest."""
        self._world.host(node).leave(within)

    def register(self, node: Reference, peer: Reference) -> None:
        """Lets a node register a peer, by its id, index or any text that `register` takes."""
        self._tell(node, "register", id_of(peer))

    def remove(self, node: Reference, peer: Reference) -> None:
        """Lets a node remove a peer."""
        self._tell(node, "remove", id_of(peer))

    def tag(self, node: Reference, tags: str) -> None:
        """Gives a node these tags, as `tags_text` makes them."""
        self._world.host(node).command(lambda running, now: running.tag(tags, now))

    def _request(
        self,
        node: Reference,
        kind: str,
        name: str,
        amount: int,
        ack: str | None,
        on_answer: Callable[[Request], None] | None,
        beside: tuple[Asked, ...] = (),
    ) -> Request:
        host, requests, now = self._world.host(node), self._world.log.requests, self._world.now
        host.running()
        ticket = len(requests) + 1
        request = Request(
            *(ticket, host.id, host.boots, kind, name, amount, now, on_answer),
            ack=ack,
            beside=beside,
        )
        requests.append(request)
        return request

    def _ask(
        self,
        requests: Sequence[Request],
        call: Callable[[DrivenNode, float], Sequence[Effect]],
    ) -> None:
        """Gives a node requests that become one write."""

        def guarded(running: DrivenNode, now: float) -> Sequence[Effect]:
            for request in requests:
                for look in self._world.on_ask:
                    look(request)
            try:
                effects = call(running, now)
            except ValueError as error:
                for request in requests:
                    request.refuse(str(error))
                return ()
            written = [effect.write for effect in effects if isinstance(effect, Persist)]
            for request in requests:
                # Before the first change of a process it may write which id it claims.
                request.stage(written[-1] if written else None)
            return effects

        self._world.host(requests[0].node).command(guarded)

    def _tell(self, node: Reference, kind: str, peer: str) -> None:
        host = self._world.host(node)

        def call(running: DrivenNode, now: float) -> Sequence[Effect]:
            for look in self._world.on_tell:
                look(host, kind, peer)
            return running.register(peer, now) if kind == "register" else running.remove(peer, now)

        host.command(call)


def resets(names: int, *, delete: bool) -> list[Asked]:
    """Returns the resets, or deletes, of the counters that are reset in a run."""
    return [Reset(f"cut {number}", delete) for number in range(names)]


def keyed(amount: int, names: int) -> Bounded:
    """Returns the change with a key that belongs to an increment by this amount."""
    return Bounded(f"keyed {amount.bit_length() % names}", amount, key=str(amount))


def _beside(amount: int, names: int) -> tuple[Asked, ...]:
    """Returns what an increment also changes: two sums, and a counter of each other kind."""
    if not names:
        return ()
    number = amount.bit_length() % names
    return (
        *(Change(f"up {number}", amount), Change(f"down {number}", -amount)),
        *(Change(f"cut {number}", amount), keyed(amount, names)),
        *(Stated(f"stated {number}", "client", amount), Bounded(f"brief {number}", amount, BRIEF)),
    )
