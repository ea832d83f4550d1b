"""Charts of the benchmarks, where matplotlib is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.bench import charts
from lab.bench.command_line import BENCHMARKS
from tests.lab.bench.made_up_findings import findings


@pytest.mark.parametrize("name", BENCHMARKS)
def test_an_outcome_is_drawn(name: str, tmp_path: Path) -> None:
    """The file has a size that is fit for a page."""
    pytest.importorskip("matplotlib")
    file = tmp_path / "outcome.png"
    charts.draw(name, findings()[name].values, str(file))
    assert 5_000 < file.stat().st_size < 200_000
