"""Carries out many trials, in one process or several, and puts their outcomes into tables."""

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
"""Takes how many trials are done, and how many there are."""


class Experiment(Protocol):
    """What each module of an experiment offers."""

    def run(self, seeds: int | None, jobs: int, progress: Progress) -> Findings:
        """Carries out the experiment; without `seeds`, with as many as its page states."""


@attrs.frozen
class Findings:
    """What came of an experiment.

    Attributes:
        tables: the lines of each table, with the line above it.
        values: all that was measured, as plain numbers, texts, lists and dicts.
    """

    tables: tuple[tuple[str, list[str]], ...]
    values: dict[str, Any]

    def lines(self) -> Iterator[str]:
        """Yields the lines of all tables as Markdown."""
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
    """Returns the outcome of each trial, in order, whatever the number of processes (`jobs`)."""
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
    # The references of a world form circles. Without this, it would live on beside the next one.
    gc.collect()
    return outcome


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Returns the lines of a Markdown table: the first column is text, the others are numbers."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]


def mean(numbers: Sequence[float]) -> float:
    """Returns the mean of some numbers, and 0 if there are none."""
    return sum(numbers) / len(numbers) if numbers else 0.0
