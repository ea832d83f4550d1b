"""Requests of several clients that the node carries out as one.

To carry a request out costs the node the same whether it adds 1 or 100: a command, a ticket, an
answer. So requests that only count, and come in one turn of the loop, become one for each ack level
and are taken apart again when they are answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from gossipd.protocol import DEFAULT, Answer, Asked, Change

from .future import Future


class Request(NamedTuple):
    """What one client asked for.

    Attributes:
        changes: all of them, or none if one may not be.
        ack: the ack level, None for the configured one.
        answer: the future of the answer.
        since: when it was asked for, as `time.perf_counter` tells.
    """

    changes: Sequence[Asked]
    ack: str | None
    answer: Future[Answer]
    since: float


class Joint:
    """One or more requests with the same ack level.

    Attributes:
        requests: in the order of their answers.
        changes: what the node is to do for them.
    """

    def __init__(self, requests: Sequence[Request], *, counts: bool) -> None:
        """Takes one request, or several that only count: then each change is a `Change`."""
        self.requests = requests
        self._changes: list[Any] = [each for request in requests for each in request.changes]
        self._is_summed = counts and len(self._changes) > 1
        self.changes = summed(self._changes) if self._is_summed else self._changes

    def settle(self, outcome: Answer | Exception) -> None:
        """Answers each request."""
        if isinstance(outcome, Exception) or not self._is_summed:
            for request in self.requests:
                request.answer.settle(outcome)
            return
        values = values_between(self._changes, self.changes, outcome)
        ticket, holders, target = outcome.ticket, outcome.holders, outcome.target
        if (
            len(values)
            == len(self.requests)
            == sum([len(one.changes) == 1 for one in self.requests])
        ):
            for request, value, change in zip(self.requests, values, self._changes, strict=True):
                done = (change.amount,)
                request.answer.settle(Answer(ticket, value, holders, target, (), done))
            return
        start = 0
        for changes, _, answer, _ in self.requests:
            end = start + len(changes)
            done = tuple([change.amount for change in self._changes[start:end]])
            several = tuple(values[start:end]) if end - start > 1 else ()
            answer.settle(Answer(ticket, values[end - 1], holders, target, several, done))
            start = end


def joined(requests: Sequence[Request]) -> list[Joint]:
    """Returns all requests, of which those are together that can be."""
    counting: dict[str | None, list[Request]] = {}
    alone: list[Joint] = []
    for request in requests:
        changes = request.changes
        # The generator costs as much as all else here, and nearly always there is one change.
        is_one = len(changes) == 1 and type(changes[0]) is Change
        if is_one or all(type(change) is Change for change in changes):
            counting.setdefault(request.ack, []).append(request)
        else:
            alone.append(Joint([request], counts=False))
    return [Joint(each, counts=True) for each in counting.values()] + alone


def summed(changes: Sequence[Change]) -> Sequence[Change]:
    """Returns one change for each counter, if that is the same as these changes.

    It is not if a counter is changed up and down: on the way there it may pass its limit. And it is
    not for `DEFAULT`: if that is raised meanwhile, only the node knows the value after each change.
    """
    sums: dict[str, int] = {}
    for name, amount in changes:
        known = sums.get(name)
        if name == DEFAULT:
            return changes
        if known is None:
            sums[name] = amount
        elif (known < 0) == (amount < 0):
            sums[name] = known + amount
        else:
            return changes
    return [Change(*each) for each in sums.items()]


def values_between(
    changes: Sequence[Change], written: Sequence[Change], answer: Answer
) -> Sequence[int]:
    """Returns the counter's value after each change, which were written as `summed` has them."""
    counts = answer.counts or (answer.count,)
    if written is changes:
        return counts
    later = {change.name: count for change, count in zip(written, counts, strict=True)}
    values = []
    for name, amount in reversed(changes):
        value = later[name]
        values.append(value)
        later[name] = value - amount
    values.reverse()
    return values
