"""What repeated measurements come to."""

from __future__ import annotations

from pathlib import Path

from lab.bench.measure import Options, ratios, share, shown


def test_the_middle_is_shown_with_its_spread() -> None:
    """The unit stands once; a single value has no spread."""
    assert "2.0 ms (1.0 to 9.0)" == shown([1.0, 9.0, 2.0], "{:.1f}", " ms")
    assert "12,346" == shown([12_345.6])
    assert "-" == shown([])


def test_a_share_is_a_value_that_was_measured() -> None:
    """The value below which so many percent lie; of a few values the largest."""
    values = [float(value) for value in range(200)]
    assert (100.0, 198.0) == (share(values, 50), share(values, 99))
    assert 3.0 == share([1.0, 3.0, 2.0], 99)


def test_ratios_compare_within_a_repetition() -> None:
    """Each value to the other of its own turn; what is 0 compares with nothing."""
    assert [0.5, 2.0] == ratios([1.0, 4.0, 3.0], [2.0, 2.0, 0.0])


def test_repetitions() -> None:
    """As asked for; else one if it is to be short; else as usual."""

    def times(short: bool, asked: int | None) -> int:
        return Options(Path(), short, asked, print).times(5)

    assert (5, 1, 3) == (times(False, None), times(True, None), times(True, 3))
