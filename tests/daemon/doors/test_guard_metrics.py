"""Who was let in, as the metrics tell it."""

from __future__ import annotations

from gossipd.daemon.access import Access, new_token
from gossipd.daemon.doors.guard_metrics import of_keys, of_tokens
from gossipd.daemon.service import Keys


def test_clients_by_name() -> None:
    """Names and numbers, and nothing of a token."""
    _, shop = new_token("count", "shop")
    access = Access((shop,), lambda: 0.0)
    access.admit("http", shop, "read", "GET /count")
    access.admit("http", shop, "admin", "POST /register")
    access.deny("redis", "missing", "GET")
    admitted, denied = of_tokens(access)
    assert [({"door": "http", "token": "shop"}, 1)] == [
        (sample.labels, sample.value) for sample in admitted.samples
    ]
    assert [
        ({"door": "http", "reason": "role"}, 1),
        ({"door": "redis", "reason": "missing"}, 1),
    ] == [(sample.labels, sample.value) for sample in denied.samples]


def test_nothing_without_keys_and_tokens() -> None:
    """There are no such metrics then."""
    assert [] == [*of_tokens(None), *of_keys(None)]


def test_members_by_key() -> None:
    """And how many open datagrams were taken."""
    members, taken = of_keys(Keys("1a", ["1a"], True, 3, {"a": "1a", "b": None}))
    assert {"1a": 1, "unknown": 1} == {one.labels["key"]: one.value for one in members.samples}
    assert [3] == [sample.value for sample in taken.samples if sample.name.endswith("_total")]
