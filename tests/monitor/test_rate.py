"""How fast a number grows."""

from __future__ import annotations

from gossipd.monitor.rate import Rate


def test_growth_over_ten_seconds() -> None:
    """What came before them is forgotten; what stands still comes to 0."""
    rate = Rate(100, 0.0)
    assert 0 == rate.per_second(0.0)
    for second in range(1, 31):
        rate.note(100 + 5 * second, float(second))
    assert 5 == rate.per_second(30.0)
    assert 2.5 == rate.per_second(35.0)
    assert 0 == rate.per_second(41.0)


def test_growth_since_the_number_is_known() -> None:
    """A young number has no ten seconds; one that is younger than a second is taken for as old."""
    rate = Rate(0, 0.0)
    rate.note(8, 0.1)
    assert 8 == rate.per_second(0.2)
    assert 2 == rate.per_second(4.0)


def test_many_values_are_few_steps() -> None:
    """What comes within half a second is one, the last; and numbers may fall."""
    rate = Rate(0, 0.0)
    for step in range(1, 20_001):
        rate.note(-step, step / 1000)
    assert len(rate._steps) < 25
    assert -1050 < rate.per_second(20.0) < -950
