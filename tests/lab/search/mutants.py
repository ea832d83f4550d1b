"""Mutants: deliberately broken protocols, each of which the search must find.

A mutant replaces one function of the protocol. They are in `mutants_counter` and
`mutants_membership`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import attrs


@attrs.frozen
class Mutant:
    """One broken protocol.

    Attributes:
        name: the name of the function that takes the place of one of the protocol.
        kinds: the kinds of findings that the mutant may cause.
        within: the number of histories after which the search must have one of these: about three
            times as many as it took when the mutant was written.
        patch: returns a context in which the protocol is broken.
    """

    name: str
    kinds: tuple[str, ...]
    within: int
    patch: Callable[[], AbstractContextManager[Any]]


MUTANTS: list[Mutant] = []


def mutant(
    owner: Any, attribute: str, *kinds: str, within: int
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Returns a decorator that registers a function as a mutant of `owner.attribute`.

    The function is given the original one before its other arguments.
    """
    original = getattr(owner, attribute)

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def broken(*arguments: Any, **keywords: Any) -> Any:
            return function(original, *arguments, **keywords)

        def start() -> AbstractContextManager[Any]:
            return patch.object(owner, attribute, broken)

        MUTANTS.append(Mutant(function.__name__, kinds, within, start))
        return function

    return register
