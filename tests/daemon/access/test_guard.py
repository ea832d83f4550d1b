"""Who is let in, and what is counted and told of it."""

from __future__ import annotations

import hmac

import pytest

from gossipd.daemon.access import guard
from gossipd.daemon.access.guard import Access, Visitor
from gossipd.daemon.access.tokens import Token, new_token
from tests.daemon.conftest import Lines

SHOP, SHOP_TOKEN = new_token("count", "shop")
BOSS, BOSS_TOKEN = new_token("admin", "boss")


class Clock:
    """Seconds that pass only when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock at 0."""
    return Clock()


@pytest.fixture
def access(clock: Clock) -> Access:
    """A guard that knows two tokens."""
    return Access((SHOP_TOKEN, BOSS_TOKEN), clock)


def test_a_token_is_found_by_its_hash(access: Access) -> None:
    """And by nothing else, such as the hash itself."""
    assert SHOP_TOKEN == access.find(SHOP.encode())
    assert BOSS_TOKEN == access.find(BOSS.encode())
    for wrong in (b"", b"gdt_", SHOP[:-1].encode(), SHOP_TOKEN.digest, b"\xff" * 99):
        assert access.find(wrong) is None


def test_every_hash_is_compared_whatever_is_shown(
    access: Access, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In full, so that the time tells nothing of how near a guess is, nor of whose token it is."""
    compared: list[bytes] = []
    compares = hmac.compare_digest

    def compare(ours: bytes, theirs: bytes) -> bool:
        compared.append(ours)
        return compares(ours, theirs)

    monkeypatch.setattr(guard.hmac, "compare_digest", compare)
    for shown in (SHOP, BOSS, "wrong"):
        compared.clear()
        access.find(shown.encode())
        assert [SHOP_TOKEN.digest, BOSS_TOKEN.digest] == compared


def test_requests_count_by_name(access: Access, lines: Lines) -> None:
    """And those that need the role admin are told one by one."""
    assert access.admit("http", SHOP_TOKEN, "read", "GET /count") is None
    assert access.admit("redis", SHOP_TOKEN, "count", "INCR") is None
    assert access.admit("http", BOSS_TOKEN, "admin", "POST /register") is None
    assert {("http", "shop"): 1, ("redis", "shop"): 1, ("http", "boss"): 1} == access.admitted
    [line] = lines()
    assert ("admin_request", "boss", "POST /register") == (
        line["event"],
        line["token"],
        line["what"],
    )


def test_refusals_are_told_once_a_minute(access: Access, clock: Clock, lines: Lines) -> None:
    """For each reason and name, and are all counted."""
    for _ in range(3):
        assert "role" == access.admit("http", SHOP_TOKEN, "admin", "POST /register")
        access.deny("http", "missing", "GET /count")
    clock.now = 61
    access.deny("http", "missing", "GET /count")
    assert {("http", "role"): 3, ("http", "missing"): 4} == access.denied
    assert {} == access.admitted
    assert [("role", "shop", 0), ("missing", None, 0), ("missing", None, 2)] == [
        (line["why"], line["token"], line["held_back"]) for line in lines()
    ]


def test_a_visitor_keeps_its_token_until_the_file_has_it_no_more(access: Access) -> None:
    """A connection gains nothing by being older than a file."""
    visitor = Visitor(access, "redis")
    assert visitor.is_guarded
    assert "missing" == visitor.admit("read", "GET")
    assert not visitor.show("", b"wrong")
    assert not visitor.show("boss", SHOP.encode())
    assert visitor.show("shop", SHOP.encode())
    assert (None, "role") == (visitor.admit("count", "INCR"), visitor.admit("admin", "X"))
    assert (True, False) == (visitor.may("count"), visitor.may("admin"))
    assert not visitor.show("", b"wrong")
    assert "shop" == visitor.name
    access.use((Token("read", "shop", SHOP_TOKEN.digest),))
    assert "missing" == visitor.admit("read", "GET")
    assert visitor.show("", SHOP.encode())
    assert (None, "role") == (visitor.admit("read", "GET"), visitor.admit("count", "INCR"))
    access.use((BOSS_TOKEN,))
    assert ("missing", False) == (visitor.admit("read", "GET"), visitor.may("read"))
    assert visitor.show("", BOSS.encode())
    visitor.leave()
    assert "missing" == visitor.admit("read", "GET")


def test_without_tokens_everybody_may_do_everything() -> None:
    """As ever."""
    visitor = Visitor(None, "redis")
    assert not visitor.is_guarded
    assert visitor.may("admin")
    assert visitor.admit("admin", "X") is None
