"""Carries out many trials, on one core or several, and lays their outcomes out in tables."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from typing import Any, Protocol, TypeVar

import attrs

_Trial = TypeVar("_Trial")
_Outcome = TypeVar("_Outcome")

Progress = Callable[[int, int], object]
"""Called with how many trials are done, and of how many."""


class Experiment(Protocol):
    """What each of the experiments offers as a module."""

    def run(self, seeds: int | None, jobs: int, progress: Progress) -> Findings:
        """Carries it out; None: with the number of seeds that its page states."""


@attrs.frozen
class Findings:
    """What came of an experiment.

    Attributes:
        tables: each with a line above it.
        values: all that was measured, as plain numbers, texts, lists and dicts.
    """

    tables: tuple[tuple[str, list[str]], ...]
    values: dict[str, Any]

    def lines(self) -> Iterator[str]:
        """Every table as Markdown."""
        for place, (title, rows) in enumerate(self.tables):
            if place:
                yield ""
            yield title
            yield ""
            yield from rows


def carry_out(
    measure: Callable[[_Trial], _Outcome],
    trials: Sequence[_Trial],
    jobs: int,
    progress: Progress = lambda done, of: None,
) -> list[_Outcome]:
    """The outcome of each trial, in order, whatever the number of processes."""
    outcomes = []
    for outcome in _outcomes(measure, trials, jobs):
        outcomes.append(outcome)
        progress(len(outcomes), len(trials))
    return outcomes


def _outcomes(
    measure: Callable[[_Trial], _Outcome], trials: Sequence[_Trial], jobs: int
) -> Iterator[_Outcome]:
    one = partial(_measure, measure)
    if jobs == 1:
        yield from map(one, trials)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        yield from pool.map(one, trials)


def _measure(measure: Callable[[_Trial], _Outcome], trial: _Trial) -> _Outcome:
    outcome = measure(trial)
    # The world that was is a knot of references, which nothing else would free before the next.
    gc.collect()
    return outcome


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table: the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def mean(numbers: Sequence[float]) -> float:
    """0 if there are none."""
    return sum(numbers) / len(numbers) if numbers else 0.0
