"""The rooms of the house and their order, from the imports alone.

A room is a package. One that holds further packages is split: some of its modules are built upon by
those packages (`protocol.config`), others build upon them (`protocol.node`). Each part then stands
on a floor of its own, so that arrows lead only downwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

import attrs

from .source import Module

Graph = Mapping[str, frozenset[str]]
"""For each node those that it imports."""


@attrs.frozen
class Room:
    """A package, or a part of one that holds further packages.

    Attributes:
        package: the package's name.
        modules: its modules, without the package's `__init__`.
        summary: the first sentence of the package's docstring.
        whole: whether this is the whole package.
        below: places, in the list of all rooms, of the rooms that it imports.
    """

    package: str
    modules: tuple[Module, ...]
    summary: str
    whole: bool
    below: frozenset[int]


def rooms_of(modules: Mapping[str, Module]) -> list[Room]:
    """Returns all rooms, from the roof to the ground: none imports one that stands before it.

    Raises graphlib.CycleError if packages import each other.
    """
    parents = {name.rpartition(".")[0] for name, one in modules.items() if name == one.package}

    def unit(module: Module) -> str:
        """Returns the module's name in a package that is split, else the package's."""
        return module.name + "/" if module.package in parents else module.package

    units = _merged(
        (unit(one), [unit(modules[name]) for name in one.imports]) for one in modules.values()
    )
    package = {unit(one): one.package for one in modules.values()}
    part = _parts(units, package)
    members: dict[str, list[Module]] = {}
    for one in modules.values():
        members.setdefault(part[unit(one)], []).append(one)
    graph = _merged((part[name], [part[other] for other in below]) for name, below in units.items())
    order = _downwards(graph)
    parts_of = [name.partition("/")[0] for name in order]
    return [
        _room(members[name], modules, 1 == parts_of.count(parts_of[place]), graph[name], order)
        for place, name in enumerate(order)
    ]


def _room(
    members: Iterable[Module],
    modules: Mapping[str, Module],
    whole: bool,
    below: frozenset[str],
    order: list[str],
) -> Room:
    inside = tuple(one for one in members if one.name != one.package)
    package = next(one.package for one in members)
    summary = modules[package].summary if package in modules else ""
    return Room(package, inside, summary, whole, frozenset(order.index(one) for one in below))


def _merged(edges: Iterable[tuple[str, Iterable[str]]]) -> dict[str, frozenset[str]]:
    """Returns the graph of these edges, without those of a node to itself."""
    graph: dict[str, set[str]] = {}
    for name, below in edges:
        graph.setdefault(name, set()).update(other for other in below if other != name)
    return {name: frozenset(below) for name, below in graph.items()}


def _parts(units: Graph, package: Mapping[str, str]) -> dict[str, str]:
    """Returns the part of its package that each unit belongs to.

    A unit is in part n + 1 if it imports, by way of other packages, a unit in part n of its own.
    """
    order = list(TopologicalSorter(units).static_order())
    number = dict.fromkeys(order, 0)
    for name in set(package.values()):
        highest: dict[str, int] = {}  # the highest part of this package that a unit leads to
        for one in order:
            below = units[one]
            found = max((highest[other] for other in below), default=-1)
            if package[one] == name:
                inside = [number[other] for other in below if package[other] == name]
                outside = [highest[other] + 1 for other in below if package[other] != name]
                number[one] = found = max([0, *inside, *outside])
            highest[one] = found
    return {one: f"{package[one]}/{number[one]}" for one in order}


def _downwards(graph: Graph) -> list[str]:
    """Returns the nodes so that arrows lead only downwards, and related packages stand together."""
    above = {name: {other for other in graph if name in graph[other]} for name in graph}
    order: list[str] = []
    while above:
        # The last package's parts and rooms come before other packages, and those by name.
        family = order[-1].partition("/")[0].split(".")[:2] if order else []
        free = [name for name, importers in above.items() if not importers]
        if not free:
            TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle
        chosen = min(
            free,
            key=lambda name: (
                name.partition("/")[0].split(".")[:2] != family,
                not name.startswith("lab"),
                name.count("."),
                name,
            ),
        )
        order.append(chosen)
        del above[chosen]
        for importers in above.values():
            importers.discard(chosen)
    return order
