"""Counts ten views through redis-py: python3 examples/redis_client.py HOST PORT."""

import sys

import redis

host, port = sys.argv[1:]
with redis.Redis(host, int(port)) as client, client.pipeline(transaction=False) as pipeline:
    for _ in range(10):
        pipeline.incr("views")
    print(pipeline.execute()[-1])
