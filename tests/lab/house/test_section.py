"""The section as text."""

from __future__ import annotations

import pytest

from lab.house.rooms import Room
from lab.house.section import BEGIN, END, replaced, section
from lab.house.source import Module


def room(package: str, *below: int) -> Room:
    """Returns a room with one module."""
    module = Module(f"{package}.one", package, "Does one thing.", frozenset())
    return Room(package, (module,), "A room.", True, frozenset(below))


def test_an_arrow_that_a_longer_way_replaces_is_left_out() -> None:
    """The graph has the direct arrows only; every module has a line."""
    lines = section([room("a", 1, 2), room("b", 2), room("c")])
    assert ["    r1 --> r2", "    r0 --> r1"] == [line for line in lines if "-->" in line]
    assert 3 == lines.count("- `one`: Does one thing.")


def test_what_stands_around_the_marks_stays() -> None:
    """A text without marks is refused."""
    assert f"a{BEGIN}\n\nnew\n\n{END}b" == replaced(f"a{BEGIN}old{END}b", ["new"])
    with pytest.raises(ValueError, match="no marks"):
        replaced("text", [])
