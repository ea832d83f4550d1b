"""The inputs that are kept of each target, and which lines of it they reach."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

from .targets import Target

FOLDER = Path(__file__).parent / "corpus"
"""One file a target, one input a line, in hexadecimal."""

Line = tuple[CodeType, int]
Step = tuple[CodeType, int, int]


def kept(name: str) -> list[bytes]:
    """Returns the inputs that are kept of a target."""
    path = FOLDER / f"{name}.txt"
    return [bytes.fromhex(line) for line in path.read_text().splitlines()] if path.exists() else []


def keep(name: str, inputs: Iterable[bytes]) -> None:
    """Writes the inputs of a target, in place of the earlier ones."""
    lines = [f"{data.hex()}\n" for data in sorted(inputs, key=lambda data: (len(data), data))]
    (FOLDER / f"{name}.txt").write_text("".join(lines))


def smallest(target: Target, inputs: Iterable[bytes]) -> list[bytes]:
    """Returns inputs that together take every step from line to line that all take.

    The shortest come first, so that each step is shown by about the least that takes it.
    """
    found: list[bytes] = []
    seen: set[Step] = set()
    for data in sorted(set(inputs), key=lambda data: (len(data), data)):
        new = steps(target, data) - seen
        if new:
            seen |= new
            found.append(data)
    return found


def reached(target: Target, inputs: Iterable[bytes]) -> tuple[int, list[Line]]:
    """Returns how many lines the code under test has, and those that no input reaches."""
    lines = {(code, line) for code in _codes(target.covers) for line in _lines(code)}
    taken = {(code, line) for data in inputs for code, _, line in steps(target, data)}
    return len(lines), sorted(lines - taken, key=lambda each: (each[0].co_filename, each[1]))


def steps(target: Target, data: bytes) -> set[Step]:
    """Runs a target. Returns each pair of lines of the code under test that followed each other."""
    wanted = _codes(target.covers)
    found: set[Step] = set()
    last: dict[int, int] = {}

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        code = frame.f_code
        if code not in wanted:
            return None
        if event == "line":
            found.add((code, last.get(id(frame), 0), frame.f_lineno))
        last[id(frame)] = 0 if event == "call" else frame.f_lineno
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        target.run(data)
    finally:
        sys.settrace(before)
    return found


def _codes(covers: Iterable[Any]) -> set[CodeType]:
    """Returns the code of functions, of the methods of classes, and of all that modules define."""
    found: set[CodeType] = set()
    for each in covers:
        if inspect.isfunction(each):
            found |= set(_nested(each.__code__))
        elif isinstance(each, property):
            found |= _codes([each.fget])
        elif inspect.isclass(each):
            found |= _codes(vars(each).values())
        elif isinstance(each, ModuleType):
            found |= {c for c in _codes(_members(each)) if c.co_filename == each.__file__}
    return found


def _members(module: ModuleType) -> list[Any]:
    """Returns what a module defines, and not what it imports."""
    return [each for each in vars(module).values() if inspect.getmodule(each) is module]


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _nested(each)


def _lines(code: CodeType) -> set[int]:
    return {line for _, _, line in code.co_lines() if line} - {code.co_firstlineno}
