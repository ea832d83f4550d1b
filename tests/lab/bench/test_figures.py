"""Arithmetic on repeated measurements."""

from __future__ import annotations

from lab.bench.figures import percentile, ratios, shown


def test_the_middle_is_shown_with_its_spread() -> None:
    """The unit stands once; a single value has no spread."""
    assert "2.0 ms (1.0 to 9.0)" == shown([1.0, 9.0, 2.0], "{:.1f}", " ms")
    assert "12,346" == shown([12_345.6])
    assert "-" == shown([])


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """Of many values it is the one at that place; of a few it is the largest."""
    values = [float(value) for value in range(200)]
    assert (100.0, 198.0) == (percentile(values, 50), percentile(values, 99))
    assert 3.0 == percentile([1.0, 3.0, 2.0], 99)


def test_ratios_compare_within_a_repetition() -> None:
    """Two values of one repetition make a ratio; those to 0 are left out."""
    assert [0.5, 2.0] == ratios([1.0, 4.0, 3.0], [2.0, 2.0, 0.0])
