"""Deliberately broken protocols, each of which the search must find.

A mutant replaces one function of the protocol. `kinds` are the findings that are to be expected,
`within` the number of histories after which the search must have one of them: some three times as
many as it took when the mutant was written. They are in `mutants_counter` and `mutants_membership`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

import attrs


@attrs.frozen
class Mutant:
    """One broken protocol."""

    name: str
    kinds: tuple[str, ...]
    within: int
    patch: Callable[[], AbstractContextManager[Any]]


MUTANTS: list[Mutant] = []


def mutant(
    owner: Any, attribute: str, *kinds: str, within: int
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers the function below as what takes the place of `owner.attribute`.

    It is given the original function before its other arguments.
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
