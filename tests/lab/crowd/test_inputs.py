"""Of what random clients send, some is right and some is not, and a seed gives it again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from gossipd.daemon.http import Limits
from gossipd.daemon.http import parser as http
from gossipd.daemon.resp import parser as resp
from lab.crowd import http_input, redis_input

DRAWS = 300


@pytest.mark.parametrize("draw", [http_input, redis_input])
def test_a_seed_gives_the_same(draw: Callable[[Random], bytes]) -> None:
    """Another one gives something else."""
    assert draw(Random(1)) == draw(Random(1)) != draw(Random(2))


def test_http_is_right_and_wrong() -> None:
    """Some inputs hold requests, others what is none, and others only a part of one."""
    right = wrong = half = 0
    for seed in range(DRAWS):
        parser = http.RequestParser(Limits())
        parser.feed(http_input(Random(seed)))
        right += bool(parser.ready)
        wrong += parser.refusal is not None
        half += parser.in_head or parser.in_body
    assert min(right, wrong, half) > DRAWS // 10


def test_resp_is_right_and_wrong() -> None:
    """Some inputs hold requests, others what is none, and others only a part of one."""
    right = wrong = half = 0
    for seed in range(DRAWS):
        parser = resp.RequestParser()
        parser.feed(redis_input(Random(seed)))
        right += bool(parser.ready)
        wrong += parser.error is not None
        half += parser.error is None and parser.has_begun
    assert min(right, wrong, half) > DRAWS // 20
