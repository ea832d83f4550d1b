"""Times in buckets."""

from __future__ import annotations

from gossipd.daemon.histogram import BOUNDS, Histogram


def test_a_bucket_holds_its_bound_and_what_is_below() -> None:
    """And all buckets before it; the last one holds everything."""
    histogram = Histogram()
    for seconds in (0.0, 0.001, 0.0011, 2.5, 60.0):
        histogram.add(seconds)
    buckets = dict(histogram.cumulative())
    assert (2, 3, 4, 5) == tuple(buckets[bound] for bound in ("0.001", "0.0025", "2.5", "+Inf"))
    assert len(BOUNDS) + 1 == len(buckets)
    assert 62.5021 == round(histogram.sum, 6)
