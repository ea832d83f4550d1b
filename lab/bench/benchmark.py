"""The frame of a benchmark: what it is asked for and what its module offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import attrs

from lab.experiments import Findings


@attrs.frozen
class Options:
    """How a benchmark is to be carried out.

    Attributes:
        folder: where logs and data directories go; it lies on the disk that is to be measured.
        short: whether only the least is done that shows that the benchmark works; its numbers then
            mean nothing.
        repetitions: how often everything is measured, in turns; None leaves it to the benchmark.
        tell: takes one line of progress.
    """

    folder: Path
    short: bool
    repetitions: int | None
    tell: Callable[[str], object]

    def times(self, usual: int) -> int:
        """Returns the number of repetitions of a benchmark that usually has `usual` of them."""
        return self.repetitions or (1 if self.short else usual)


class Benchmark(Protocol):
    """What the module of each benchmark offers."""

    def run(self, options: Options) -> Findings:
        """Measures, and returns tables and all numbers."""
