"""Judges the named counters of a history, which are changed beside the default one.

Each request is a batch: what it adds to the default counter it also adds to one counter and takes
from another. Where the amounts are distinct powers of two, a value tells which requests it has.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence

from gossipd.sim.world import Crashed, DiskReplaced, Host, SetBack, World

from .findings import Finding


def judge_named(world: World, hosts: Sequence[Host]) -> list[Finding]:
    """Returns what is wrong with the values of nodes that can all reach each other.

    What was acknowledged must be there, unless a disk lost something; nothing may be there that was
    not asked for, or be there twice.
    """
    amounts: dict[str, list[tuple[int, bool]]] = {}
    for request in world.log.requests:
        if request.refused is None:
            for name, amount in request.beside:
                amounts.setdefault(name, []).append((amount, request.acknowledged))
    whole = not any(
        isinstance(each.event, DiskReplaced | SetBack)
        or (isinstance(each.event, Crashed) and each.event.state_lost)
        for each in world.log.events
    )
    found = []
    for name, asked in amounts.items():
        values = {host.running().count(name) for host in hosts}
        if len(values) > 1:
            found.append(Finding("counts never agreed", f"{name}: {sorted(values)}"))
            continue
        found += _judge(name, values.pop(), asked, whole=whole)
    return found


def _judge(
    name: str, value: int, asked: Sequence[tuple[int, bool]], *, whole: bool
) -> list[Finding]:
    sign = 1 if asked[0][0] > 0 else -1
    amounts = [abs(amount) for amount, _ in asked]
    owed = sum(abs(amount) for amount, acknowledged in asked if acknowledged) if whole else 0
    value, possible = sign * value, sum(amounts)
    if not 0 <= value <= possible:
        return [Finding("invented", f"{name} is {value:#x}, and {possible:#x} was asked for")]
    if value < owed:
        return [Finding("lost", f"{name} is {value:#x}, and {owed:#x} was answered")]
    if possible == functools.reduce(operator.or_, amounts, 0):
        if value & owed != owed:
            return [Finding("lost", f"{name} lacks {owed & ~value:#x}, which was answered")]
        if value & ~possible:
            return [
                Finding("invented", f"{name} has {value & ~possible:#x}, which nobody asked for")
            ]
    return []
