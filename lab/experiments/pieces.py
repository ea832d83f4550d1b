"""Long experiments in pieces: what was run is kept in a file, and is not run again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs

from .trials import Progress, carry_out


@attrs.frozen
class Pieces:
    """Which trials of an experiment are run now.

    Attributes:
        only: a text that the title of a trial contains.
        within: the seconds after which no further trial begins; None: all are run.
        file: where outcomes are kept, one a line; those that are in it are not run again. It is to
            be removed when the protocol changes. None: they are not kept.
    """

    only: str = ""
    within: float | None = None
    file: Path | None = None

    def carry_out(
        self,
        measure: Callable[[Any], Any],
        trials: Sequence[Any],
        outcome: Callable[..., Any],
        jobs: int,
        progress: Progress,
    ) -> list[tuple[Any, Any]]:
        """Returns trials with their outcomes, in order: those that are run now and those kept.

        `measure` makes an attrs class `outcome` of a trial.
        """
        kept = dict(self._kept())
        began, missing = time.monotonic(), [each for each in trials if repr(each) not in kept]
        count, missing = len(missing), missing[::-1]
        while missing and (self.within is None or time.monotonic() < began + self.within):
            some = [missing.pop() for _ in range(min(jobs, len(missing)))]
            found = carry_out(measure, some, min(jobs, len(some)))
            for trial, each in zip(some, found, strict=True):
                kept[repr(trial)] = attrs.asdict(each)
                self._keep(repr(trial), kept[repr(trial)])
            progress(count - len(missing), count)
        return [(each, outcome(**kept[repr(each)])) for each in trials if repr(each) in kept]

    def _kept(self) -> Iterable[tuple[str, dict[str, Any]]]:
        if self.file is not None and self.file.exists():
            for line in self.file.read_text(encoding="utf-8").splitlines():
                trial, values = json.loads(line)
                yield trial, values

    def _keep(self, trial: str, values: dict[str, Any]) -> None:
        if self.file is not None:
            with self.file.open("a", encoding="utf-8") as file:
                file.write(json.dumps([trial, values]) + "\n")
