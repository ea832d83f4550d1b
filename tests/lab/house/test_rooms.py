"""The order of rooms."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from lab.house.rooms import rooms_of
from lab.house.source import Module


def modules(**imports: str) -> dict[str, Module]:
    """Returns modules by name (`_` stands for a dot) that import the named ones."""
    named = {name.replace("_", "."): found for name, found in imports.items()}
    doors = {name.rpartition(".")[0]: "" for name in named}
    return {
        name: Module(
            name,
            name if name in doors else name.rpartition(".")[0],
            "",
            frozenset(found.replace("_", ".").split()),
        )
        for name, found in {**doors, **named}.items()
        if name
    }


def test_a_package_with_packages_is_split_around_them() -> None:
    """What its inner package builds upon stands below that, what builds upon it above."""
    rooms = rooms_of(modules(p_node="p_in_x p_base", p_in_x="p_base", p_base=""))
    found = [(room.package, [one.name for one in room.modules]) for room in rooms]
    assert [("p", ["p.node"]), ("p.in", ["p.in.x"]), ("p", ["p.base"])] == found
    assert [{1, 2}, {2}, set()] == [set(room.below) for room in rooms]


def test_rooms_that_import_each_other_are_refused() -> None:
    """There is no order of them."""
    with pytest.raises(CycleError):
        rooms_of(modules(p_a_x="p_b_y", p_b_y="p_a_x"))
