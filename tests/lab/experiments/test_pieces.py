"""Experiments in pieces."""

from __future__ import annotations

from pathlib import Path

import attrs

from lab.experiments.pieces import Pieces


@attrs.frozen
class Squared:
    """What came of a trial."""

    value: int


def test_what_is_kept_is_not_run_again(tmp_path: Path) -> None:
    """The first piece runs what it has time for, the next one the rest."""
    ran: list[int] = []

    def square(number: int) -> Squared:
        ran.append(number)
        return Squared(number * number)

    def run(pieces: Pieces, *trials: int) -> list[tuple[int, Squared]]:
        return pieces.carry_out(square, trials, Squared, 1, lambda done, of: None)

    file = tmp_path / "kept"
    assert [] == run(Pieces(within=0.0, file=file), 3)
    assert [(3, Squared(9))] == run(Pieces(file=file), 3)
    both = [(2, Squared(4)), (3, Squared(9))]
    assert both == run(Pieces(file=file), 2, 3)
    assert both == run(Pieces(within=0.0, file=file), 2, 3, 4)
    assert [3, 2] == ran
