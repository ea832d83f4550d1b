"""Mutants: deliberately broken protocols, each of which the search or a test must find.

A mutant replaces one function of the protocol. Those that the search finds are in `mutants_counter`
and `mutants_membership`, and in `mutants_meetings` where two things must meet. Those that a test of
the protocol finds are in the modules `mutants_tested` and `mutants_tested_…`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import attrs

from lab.search.draw import ANY


@attrs.frozen
class Mutant:
    """One broken protocol.

    Attributes:
        name: the name of the function that takes the place of one of the protocol.
        patch: returns a context in which the protocol is broken.
        kinds: the kinds of findings that the mutant may cause.
        within: the number of histories after which the search must have one of these: about three
            times as many as it took when the mutant was written.
        among: the kind of histories that are played, one of `lab.search.draw.KINDS`.
        first: how many histories of that kind are passed over, if those are known to find nothing.
        test: for a mutant that the search need not find, the test that must fail: a file in `tests`
            and a function, as in "protocol/test_node.py::test_it".
        arguments: what the test is called with.
    """

    name: str
    patch: Callable[[], AbstractContextManager[Any]]
    kinds: tuple[str, ...] = ()
    within: int = 0
    among: str = ANY
    first: int = 0
    test: str = ""
    arguments: tuple[Any, ...] = ()


MUTANTS: list[Mutant] = []

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def mutant(
    owner: Any, attribute: str, *kinds: str, within: int, among: str = ANY, first: int = 0
) -> Decorator:
    """Returns a decorator that registers a function as a mutant of `owner.attribute`.

    The function is given the original one before its other arguments.
    """
    return _register(
        owner, attribute, {"kinds": kinds, "within": within, "among": among, "first": first}
    )


def tested_mutant(owner: Any, attribute: str, test: str, *arguments: Any) -> Decorator:
    """Returns a decorator that registers a mutant with which this test must fail."""
    return _register(owner, attribute, {"test": test, "arguments": arguments})


def _register(owner: Any, attribute: str, how: dict[str, Any]) -> Decorator:
    original = getattr(owner, attribute)

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*arguments: Any, **keywords: Any) -> Any:
            return function(original, *arguments, **keywords)

        def start() -> AbstractContextManager[Any]:
            return patch.object(owner, attribute, broken)

        MUTANTS.append(Mutant(function.__name__, start, **how))
        return function

    return register
