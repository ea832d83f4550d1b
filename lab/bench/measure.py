"""What a benchmark is asked for and what it returns: repeated measurements and their middle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Protocol

import attrs

from lab.experiments.trials import Findings


@attrs.frozen
class Options:
    """How a benchmark is to be carried out.

    Attributes:
        folder: where logs and data directories go; on the disk that is to be measured.
        short: the least that shows that it works; the numbers mean nothing.
        repetitions: how often everything is measured, in turns; None: as the benchmark likes.
        tell: takes one line of progress.
    """

    folder: Path
    short: bool
    repetitions: int | None
    tell: Callable[[str], object]

    def times(self, usual: int) -> int:
        """How many repetitions there are, if usually there are so many."""
        return self.repetitions or (1 if self.short else usual)


class Benchmark(Protocol):
    """What each of the benchmarks offers as a module."""

    def run(self, options: Options) -> Findings:
        """Carries it out."""


def share(values: Sequence[float], percent: float) -> float:
    """The value that so many percent of one or more values do not pass."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def ratios(values: Sequence[float], to: Sequence[float]) -> list[float]:
    """Each repetition's value to the other's in the same repetition."""
    return [value / other for value, other in zip(values, to, strict=True) if other]


def shown(values: Sequence[float], form: str = "{:,.0f}", unit: str = "") -> str:
    """The median, with the spread behind it where there are several values."""
    if not values:
        return "-"
    low, middle, high = (form.format(f(values)) for f in (min, median, max))
    return middle + unit if low == high else f"{middle}{unit} ({low} to {high})"
