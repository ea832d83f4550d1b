"""What a member that lies can do to the others: each lie is tried, and what bounds it switched off.

The liar speaks from its own address, as a member that all have met.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gossipd.protocol import ProtocolConfig
from gossipd.protocol.events import MemberDead, MemberLeft
from gossipd.protocol.wire import (
    ALIVE,
    DEAD,
    FORGOTTEN,
    LEFT,
    REFUSED,
    SUSPECT,
    Claim,
    Claims,
    Tags,
)
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    node_id,
    sender,
)

VICTIM, LIAR, NODES = 2, 6, 6
HONEST = [number for number in range(1, NODES) if number != VICTIM]

Lie = Callable[[int], list[Claim]]


def claimed(state: int, more: int, accuser: int = LIAR, evidence: int = 0) -> Claim:
    """Returns a claim about the victim, of a generation so much above its first."""
    return Claim(node_id(VICTIM), WALL_MS + more, 0, state, node_id(accuser), 0, evidence)


def outbidding(turn: int) -> int:
    """Returns generations above the victim's: more in a row than it may raise its own above."""
    return 1000 * (turn // 14 * 4 + min(turn % 14, 4))


def verdicts(turn: int) -> list[Claim]:
    """Says dead."""
    return [claimed(DEAD, outbidding(turn))]


def refused(turn: int) -> list[Claim]:
    """Warns and says dead in turn, as one does whose pings are refused."""
    return [claimed(DEAD if turn % 14 > 4 else SUSPECT, outbidding(turn), evidence=REFUSED)]


def accusers(turn: int) -> list[Claim]:
    """Lets many others accuse."""
    return [claimed(SUSPECT, outbidding(turn), accuser) for accuser in (*HONEST, LIAR)]


def raised(turn: int) -> list[Claim]:
    """Says that the victim started again and again."""
    return [Claim(node_id(VICTIM), WALL_MS + 10 * turn, 0, ALIVE)]


def tell(talk: Conversation, lie: Lie, turns: int, pause: float = 0.3) -> None:
    """Lets the liar tell everybody but the victim, again and again."""
    for turn in range(1, turns):
        tell_once(talk, lie(turn))
        talk.run(pause)


def tell_once(talk: Conversation, claims: list[Claim], *more: int) -> None:
    """Lets the liar tell everybody but the victim, and `more` besides."""
    data = datagram(sender(LIAR), Claims(claims))
    for told in (*HONEST, *more):
        node = talk.nodes[address(told)]
        talk.carry(node, node.handle_datagram(data, address(LIAR), talk.now))


def counted(talk: Conversation) -> int:
    """Lets the victim count. Returns how many others have it within a round trip or two."""
    node = talk.nodes[address(VICTIM)]
    talk.carry(node, node.increment("default", 1, "local", 1, talk.now))
    talk.deliver()
    count = node.count("default")
    return sum(talk.nodes[address(honest)].count("default") == count for honest in HONEST)


def cluster(*, own_looks: bool) -> Conversation:
    """Returns nodes that know each other, all of which work."""
    config = ProtocolConfig(own_looks=own_looks)
    return converse(*[make_node(number, config) for number in range(1, NODES + 1)])


def departures(turn: int) -> list[Claim]:
    """Says that the victim left, which it has not."""
    return [claimed(LEFT, outbidding(turn))]


def forgotten(turn: int) -> list[Claim]:
    """Says that the victim left so long ago that all forget it."""
    return [Claim(node_id(VICTIM), WALL_MS + outbidding(turn), 0, LEFT, "", FORGOTTEN)]


def exclusions(talk: Conversation) -> int:
    """Returns how often the victim was taken for gone, in good order or not."""
    return deaths(talk) + sum(
        isinstance(event, MemberLeft) and event.member == node_id(VICTIM)
        for honest in HONEST
        for event in talk.events[address(honest)]
    )


def deaths(talk: Conversation) -> int:
    """Returns how many verdicts on the victim there were."""
    return sum(
        isinstance(event, MemberDead) and event.member == node_id(VICTIM)
        for honest in HONEST
        for event in talk.events[address(honest)]
    )


@pytest.mark.parametrize("lie", [verdicts, refused, accusers])
@pytest.mark.parametrize("own_looks", [True, False])
def test_a_liar_has_nobody_declared_dead_who_answers(own_looks: bool, lie: Lie) -> None:
    """Whoever is said to accuse; without a look of its own each node would believe it."""
    talk = cluster(own_looks=own_looks)
    tell(talk, lie, 60)
    assert own_looks == (deaths(talk) == 0)


def test_a_liar_excludes_nobody_by_generations() -> None:
    """However often it says that a member has started again, that member goes on counting."""
    talk = cluster(own_looks=True)
    for turn in range(1, 60):
        tell_once(talk, raised(turn))
        assert counted(talk) == len(HONEST)
        talk.run(0.3)


@pytest.mark.parametrize("lie", [departures, forgotten])
@pytest.mark.parametrize("own_looks", [True, False])
def test_a_liar_lets_nobody_leave_who_stays(own_looks: bool, lie: Lie) -> None:
    """Leaving is a member's own word; others are believed where it does not answer."""
    talk = cluster(own_looks=own_looks)
    tell(talk, lie, 60)
    assert own_looks == (exclusions(talk) == 0)
    shown = {row.state for n in HONEST for row in talk.nodes[address(n)].members()}
    assert not own_looks or shown == {"alive"}


def test_a_liar_about_tags_is_contradicted_once_a_second() -> None:
    """However many it makes up, each node has the member's own ones a moment after the last."""
    talk = cluster(own_looks=True)
    for node in talk.nodes.values():
        talk.carry(node, node.start(talk.now))
    victim = talk.nodes[address(VICTIM)]
    said = iter(range(1, 10_000))
    for _ in range(20):
        for _ in range(10):
            tags = Tags(10 * next(said), "role=lie")
            tell_once(talk, [Claim(node_id(VICTIM), WALL_MS, 0, ALIVE, tags=tags)], VICTIM)
        talk.run(0.3)
    assert 4 <= victim.statistics().refutations <= 8
    talk.run(4.0)
    shown = [talk.nodes[address(number)].members()[VICTIM - 1].tags for number in HONEST]
    assert shown == [""] * len(HONEST)


def test_who_left_and_is_gone_is_left_within_a_look() -> None:
    """One hears of a leave by its own word, and ends; the others hear of it, and ask in vain."""
    talk = cluster(own_looks=True)
    leaver = talk.nodes[address(VICTIM)]
    talk.lost = lambda source, to, data: source == address(VICTIM) and to != address(1)
    talk.carry(leaver, leaver.leave(talk.now))
    talk.deliver()
    talk.lost = lambda source, to, data: address(VICTIM) in (source, to)
    talk.run(2.0)
    others = [talk.nodes[address(number)] for number in (*HONEST, LIAR)]
    shown = [row.state for node in others for row in node.members() if row.id == node_id(VICTIM)]
    assert shown == ["left"] * len(others)
    assert deaths(talk) == 0


def test_who_leaves_says_so_to_those_who_ask() -> None:
    """Its ack carries its own claim, so that others need not wait until it is silent."""
    talk = cluster(own_looks=True)
    leaver = talk.nodes[address(VICTIM)]
    talk.lost = lambda source, to, data: source == address(VICTIM)
    talk.carry(leaver, leaver.leave(talk.now))
    talk.deliver()
    talk.lost = lambda source, to, data: False
    tell_once(talk, [claimed(LEFT, 0)])
    talk.deliver()
    shown = [talk.nodes[address(number)].members()[VICTIM - 1].state for number in HONEST]
    assert shown == ["left"] * len(HONEST)
