"""What the load generators print is read."""

from __future__ import annotations

from lab.bench.load_generators import LoadResult, parse_redis, parse_wrk

WRK = """Running 1s test @ http://127.0.0.1:8088/count
  1 threads and 2 connections

{"requests":5000,"microseconds":2000000,"errors":3,"p50":250,"p99":1500}
"""
REDIS = """"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms",\
"p99_latency_ms","max_latency_ms"
"INCR","4000.00","0.1","0.05","0.2","0.3","0.4","9.9"
"""


def test_wrk() -> None:
    """The last line is read, in seconds and milliseconds."""
    assert LoadResult(5000, 2500.0, 0.25, 1.5, 3) == parse_wrk(WRK)


def test_redis_benchmark() -> None:
    """The only row is read."""
    assert LoadResult(100, 4000.0, 0.2, 0.4, 0) == parse_redis(REDIS, 100)
