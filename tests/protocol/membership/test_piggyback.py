"""The queue of claims: what rides on the next datagram."""

from __future__ import annotations

import msgspec
import pytest

from gossipd.protocol.membership.piggyback import PiggybackQueue, transmit_limit
from gossipd.protocol.wire import ALIVE, DEAD, SUSPECT, Claim

PLENTY = 1000
IDS = [f"10.0.0.{number}:8088" for number in range(10, 20)]


def taken(
    queue: PiggybackQueue, budget: int = PLENTY, limit: int = 4, besides: str = ""
) -> list[Claim]:
    """What the next datagram carries."""
    raw = queue.take(budget, limit, besides)
    return [msgspec.msgpack.decode(item, type=Claim) for item in raw]


def queue_of(*ids: str) -> PiggybackQueue:
    """A queue with a claim about each."""
    queue = PiggybackQueue()
    for member in ids:
        queue.put(Claim(member, 1, 0, ALIVE))
    return queue


SIZE = len(queue_of(IDS[0]).take(PLENTY, 9)[0])


@pytest.mark.parametrize(
    ("members", "limit"), [(1, 4), (8, 4), (9, 4), (10, 8), (99, 8), (100, 12), (1000, 16)]
)
def test_limit_follows_the_formula(members: int, limit: int) -> None:
    """A claim is sent lambda * ceil(log10(n + 1)) times."""
    assert limit == transmit_limit(4, members)


def test_fewest_sends_come_first() -> None:
    """What was sent least often rides first."""
    queue = queue_of(IDS[0], IDS[1])
    taken(queue, SIZE)
    assert [IDS[1], IDS[0]] == [claim.id for claim in taken(queue)]


def test_newer_claim_replaces_older() -> None:
    """Only the newest claim about a member is sent, and its count begins anew."""
    queue = queue_of(IDS[0])
    taken(queue)
    queue.put(Claim(IDS[0], 1, 0, DEAD))
    rounds = [[claim.state for claim in taken(queue)] for _ in range(5)]
    assert [[DEAD]] * 4 + [[]] == rounds


def test_own_refutation_comes_first() -> None:
    """A claim that is put first rides before others that were never sent."""
    queue = queue_of(IDS[0], IDS[1])
    queue.put(Claim(IDS[2], 1, 1, ALIVE), first=True)
    assert [IDS[2], IDS[0], IDS[1]] == [claim.id for claim in taken(queue)]


@pytest.mark.parametrize("limit", [1, 2, 7])
def test_a_claim_is_sent_as_often_as_the_limit(limit: int) -> None:
    """After so many sends the queue is empty."""
    queue = queue_of(*IDS)
    rounds = 0
    while queue:
        rounds += len(taken(queue, limit=limit))
    assert limit * len(IDS) == rounds


@pytest.mark.parametrize("claims", [0, 1, 3])
def test_the_budget_is_kept(claims: int) -> None:
    """No more bytes are taken than there is room for."""
    queue = queue_of(*IDS)
    assert claims == len(taken(queue, claims * SIZE + SIZE - 1))


def test_the_receiver_is_not_told_of_itself() -> None:
    """The claim about the receiver stays in the queue for others."""
    queue = queue_of(IDS[0], IDS[1])
    told = [claim.id for claim in taken(queue, besides=IDS[0])]
    assert ([IDS[1]], 2) == (told, len(queue))


def test_dropped_claims_are_gone() -> None:
    """A dropped claim is not sent, whatever level it had."""
    queue = queue_of(IDS[0], IDS[1])
    taken(queue)
    queue.put(Claim(IDS[2], 1, 0, SUSPECT))
    queue.drop(IDS[0])
    assert [IDS[2], IDS[1]] == [claim.id for claim in taken(queue)]


def test_every_claim_is_sent_however_many_there_are() -> None:
    """With room for one claim a datagram, each of many is sent once before any twice."""
    queue = queue_of(*IDS)
    told = [taken(queue, SIZE)[0].id for _ in IDS]
    assert IDS == told
