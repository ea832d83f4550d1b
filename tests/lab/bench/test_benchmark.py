"""What a benchmark is asked for."""

from __future__ import annotations

from pathlib import Path

from lab.bench.benchmark import Options


def test_repetitions() -> None:
    """The number asked for comes first, then 1 for a short run, then the usual one."""

    def times(short: bool, asked: int | None) -> int:
        return Options(Path(), short, asked, print).times(5)

    assert (5, 1, 3) == (times(False, None), times(True, None), times(True, 3))
