"""What must hold of the counter, judged by what clients asked and were answered.

Without syncs the amounts are distinct powers of two, so that every value names the increments in
it: each value at each moment is held against what was asked so far. With syncs a value is held
against the sequential orders of the operations, of few exactly and of many by bounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .host import Host
from .member_checks import Hidden, apart
from .order import Operation, bounds, outcomes
from .record import Request
from .stored import Made
from .world import World

NAME = "default"
EXACT = 8
"""Operations whose orders are all tried; of more only bounds are checked."""


class Counts:
    """Watches the counter at every node.

    Attributes:
        problems: a line each, of what was seen so far.
    """

    def __init__(
        self, world: World, made: Mapping[int, Made], lost: Mapping[str, Sequence[float]]
    ) -> None:
        self.problems: list[str] = []
        self._world = world
        self._made = made
        self._lost = lost
        self._latest: dict[tuple[str, int], int] = {}
        self._own: dict[tuple[str, int], int] = {}
        self._answered: dict[tuple[str, int], int] = {}
        world.on_step.append(self._look)

    def _look(self, host: Host) -> None:
        if host.node is None:
            return
        count = host.node.count(NAME)
        key = (host.id, host.boots)
        before = self._latest.get(key)
        if count == before:
            return
        self._latest[key] = count
        if before is not None and count < before:
            self._problem(f"{host.id} fell from {before} to {count}")
        requests = self._world.requests
        asked = sum(request.amount for request in requests if request.kind == "increment")
        if _identified(requests):
            if count & ~asked:
                self._problem(f"{host.id} counts {count & ~asked:b}b, which nobody asked for")
            return
        most = asked + max([0, *(each.amount for each in requests if each.kind == "sync")])
        if count > most:
            self._problem(f"{host.id} counts {count}, but all that was asked gives {most}")

    def at_the_end(self) -> None:
        """Judges the final value of each group of nodes, and each answer."""
        requests = [request for request in self._world.requests if request.refused is None]
        for request in requests:
            self._answer(request)
        counts = {host.running().count(NAME) for host in self._world.live()}
        if not _identified(requests):
            self._judge_orders(requests, sorted(counts))
            return
        asked = sum(request.amount for request in requests)
        sure = sum(request.amount for request in requests if self._sure(request))
        for host in self._world.live():
            count = host.running().count(NAME)
            if count & ~asked:
                self._problem(f"{host.id} counts {count & ~asked:b}b, which nobody asked for")
            if sure & ~count:
                lacking = [r.ticket for r in requests if r.amount & sure & ~count]
                self._problem(f"{host.id} lost what was acknowledged: requests {lacking}")

    def _judge_orders(self, requests: list[Request], counts: list[int]) -> None:
        operations = self._operations(requests)
        least, most = bounds(operations)
        allowed = outcomes(operations) if len(operations) <= EXACT else None
        for count in counts:
            if not least <= count <= most:
                self._problem(f"the value {count} is not from {least} to {most}")
            elif allowed is not None and count not in allowed:
                values = " ".join(map(str, sorted(allowed)))
                self._problem(f"no order of the operations gives {count}, only {values}")

    def _answer(self, request: Request) -> None:
        answer = request.answer
        if answer is None or not answer.holders:
            return
        if answer.count < request.amount:
            self._problem(f"request {request.ticket} was answered with {answer.count} only")
        if answer.holders > len(self._world.hosts):
            self._problem(f"request {request.ticket}: {answer.holders} holders")

    def _sure(self, request: Request) -> bool:
        """Whether a holder of it, as its answer said, has kept what it had ever since.

        The node that was asked is a holder for certain; of the others only the number is known.
        """
        if not request.acknowledged or request.answer is None:
            return False
        # A state that was lost for good counts as lost at any time before; so does a backup.
        losers = [node for node, times in self._lost.items() if max(times) >= request.asked_at]
        return request.node not in losers or request.answer.holders > len(losers)

    def _operations(self, requests: list[Request]) -> list[Operation]:
        return [
            Operation(
                request.amount if request.kind == "sync" else None,
                0 if request.kind == "sync" else request.amount,
                self._sure(request),
                frozenset(
                    place
                    for place, other in enumerate(requests)
                    if other is not request and self._seen(request, other)
                ),
            )
            for request in requests
        ]

    def _seen(self, request: Request, other: Request) -> bool:
        """Whether the node of `request` had the effect of `other` when it was asked."""
        mine, theirs = self._made.get(request.ticket), self._made.get(other.ticket)
        if other.ticket >= request.ticket or mine is None or theirs is None:
            return False
        entry = theirs.entry
        if entry is None:
            return False
        have, entries = mine.before.get(theirs.owner, (0, []))
        if have >= entry.version:
            return True
        if other.kind == "sync":
            return any(
                each.floor == entry.floor for _, listed in mine.before.values() for each in listed
            )
        return any(each.floor == entry.floor and each.count >= entry.count for each in entries)

    def _problem(self, text: str) -> None:
        if len(self.problems) < 20:
            self.problems.append(f"{self._world.now:.3f}: {text}")


def _identified(requests: Sequence[Request]) -> bool:
    """Whether every sum of some of them names them: distinct powers of two, and no sync."""
    every = 0
    for request in requests:
        if request.kind == "sync" or request.amount & (request.amount - 1) | every & request.amount:
            return False
        every |= request.amount
    return True


def disagreements(world: World, hidden: Hidden) -> list[str]:
    """Live nodes that can reach each other, directly or through others, count the same."""
    problems = []
    rest = {host.id: host.running().count(NAME) for host in world.live()}
    while rest:
        first, count = rest.popitem()
        reached = [first]
        for one in reached:
            near = [other for other in rest if not apart(hidden, one, other)]
            for other in near:
                if rest[other] != count:
                    problems.append(f"{other} counts {rest[other]}, {first} counts {count}")
                del rest[other]
            reached += near
    return problems
