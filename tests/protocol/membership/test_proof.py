"""A node is a member once it has answered at the address of its id."""

from __future__ import annotations

import pytest

from gossipd.protocol import Address, Node, split_node_id
from gossipd.protocol.events import (
    AddressSilent,
    Event,
    MemberDead,
    MemberRecovered,
    OwnAddressSilent,
    SeedNotJoined,
)
from gossipd.protocol.wire import Ack, Claim, Claims, Ping, Sender, Tags, Unanswered
from tests.protocol.conversation import (
    WALL_MS,
    Conversation,
    address,
    converse,
    datagram,
    make_node,
    messages_of,
    node_id,
    noted,
    own_id,
    rename,
    sender,
    sent,
)

CHECK = "check --advertise, NAT and firewalls"
SEEN = f"it reaches this node from {node_id(30)}, but does not answer at {node_id(3)}, which it"
SEEN = f"{SEEN} advertises: {CHECK}"
UNSEEN = f"{node_id(1)} hears this node from {node_id(30)}, but gets no answer from {node_id(3)},"
UNSEEN = f"{UNSEEN} which this node advertises: {CHECK}"


def cluster(*, answers: bool) -> tuple[Conversation, Node, Node, Node]:
    """Two members, and node 3, which talks from address 30 and joins the first of them."""
    first, second, other = make_node(1), make_node(2), make_node(3)
    talk = Conversation(first, second)
    talk.meet(start=True)
    talk.run(1)
    talk.add(elsewhere(other))
    if answers:
        talk.nodes[address(3)] = other
    talk.carry(other, other.start(talk.now))
    talk.carry(other, other.join([node_id(1)], talk.now))
    return talk, first, second, other


def elsewhere(node: Node) -> Node:
    """Puts a node at address 30, whatever address it advertises."""
    rename(node, node_id(30))
    return node


def said(talk: Conversation, node: Node, *kinds: type[Event]) -> list[Event]:
    """What that node has reported of these kinds."""
    events = talk.events[split_node_id(own_id(node))]
    return [each for each in events if isinstance(each, kinds)]


def asked(talk: Conversation, since: int = 0) -> list[bytes]:
    """The datagrams that were sent to the address of node 3."""
    return [data for _, to, data in talk.carried[since:] if to == address(3)]


def test_an_address_that_never_answered_is_no_member() -> None:
    """Nobody lists it, nobody flaps, and one line on each side says what to check."""
    talk, first, second, other = cluster(answers=False)
    talk.run(59)
    assert ([node_id(2)], [node_id(1)]) == (first.peers(), second.peers())
    assert [AddressSilent(node_id(3), node_id(30), SEEN)] == said(talk, first, AddressSilent)
    assert [] == said(talk, second, AddressSilent, MemberDead, MemberRecovered)
    assert [SeedNotJoined(node_id(1), UNSEEN)] == said(talk, other, SeedNotJoined, OwnAddressSilent)
    [seed] = other.statistics().seeds
    assert ("refused", UNSEEN) == (seed.state, seed.reason)
    assert 0 == second.statistics().waiting["addresses"]


def test_the_lines_come_within_ten_seconds_and_once_a_minute() -> None:
    """A person who starts a node sees at once what is wrong."""
    talk, first, _, other = cluster(answers=False)
    talk.run(7)
    assert (1, 1) == (len(said(talk, first, AddressSilent)), len(said(talk, other, SeedNotJoined)))
    talk.run(293)
    assert 5 == len(said(talk, first, AddressSilent))
    assert 1 == len(said(talk, other, SeedNotJoined))


def test_what_it_counts_is_not_taken() -> None:
    """It is no member; the others reach all by themselves."""
    talk, first, _, other = cluster(answers=False)
    talk.run(3)
    talk.carry(other, other.increment("default", 5, "local", 1, talk.now))
    talk.run(10)
    talk.carry(first, first.increment("default", 1, "all", 1, talk.now))
    talk.deliver()
    [answer] = talk.answers[address(1)]
    assert (1, 2, 2) == (first.count("default"), answer.holders, answer.target)


def test_an_address_that_answers_is_a_member_at_once() -> None:
    """A host with several addresses, or behind a mapping that is right, talks from another one."""
    talk, first, second, other = cluster(answers=True)
    talk.run(1)
    assert [node_id(2), node_id(3)] == first.peers()
    assert [node_id(1), node_id(3)] == second.peers()
    assert [node_id(1), node_id(2)] == other.peers()
    talk.run(60)
    assert [] == said(talk, first, AddressSilent, MemberDead) + said(talk, other, SeedNotJoined)
    assert ["member"] == [seed.state for seed in other.statistics().seeds]
    assert 0 == first.statistics().waiting["addresses"]


def test_it_is_a_member_again_after_it_was_dead() -> None:
    """It refutes from another address, and answers at its own."""
    talk, first, second, other = cluster(answers=True)
    talk.run(1)
    talk.lost = lambda source, to, data: address(30) in (source, to) or address(3) == to
    talk.run(60)
    assert [node_id(2)] == first.peers()
    talk.lost = lambda source, to, data: False
    talk.run(10)
    assert [node_id(2), node_id(3)] == first.peers()
    assert [node_id(1), node_id(3)] == second.peers()
    assert [node_id(1), node_id(2)] == other.peers()


def test_a_new_process_is_met_once_its_address_answers() -> None:
    """The generation of the old one does not vouch for it."""
    talk, first, second, _ = cluster(answers=True)
    talk.run(1)
    again = make_node(3, wall_ms=WALL_MS + 5000)
    talk.add(elsewhere(again))
    talk.nodes[address(3)] = again
    talk.carry(again, again.start(talk.now))
    talk.carry(again, again.join([node_id(1)], talk.now))
    talk.run(1)
    assert WALL_MS + 5000 in [row.generation for row in second.members()]
    assert [node_id(2), node_id(3)] == first.peers()


def test_an_address_that_falls_silent_is_dead_for_good() -> None:
    """What the node says from elsewhere, by whatever message, does not bring it back."""
    talk, first, second, other = cluster(answers=True)
    talk.run(5)
    del talk.nodes[address(3)]
    talk.run(60)
    for node in (first, second):
        assert 1 == len(said(talk, node, MemberDead))
        assert [] == said(talk, node, MemberRecovered)
    assert 1 <= len(said(talk, first, AddressSilent)) <= 2
    assert [] != said(talk, other, SeedNotJoined)
    talk.nodes[address(3)] = other
    talk.run(15)
    assert [node_id(2), node_id(3)] == first.peers()
    assert [node_id(1), node_id(3)] == second.peers()


def test_an_address_that_was_only_heard_of_dies_and_stays_dead() -> None:
    """A member made it up, or was wrong; the node there talks from elsewhere, and refutes."""
    talk, first, second, _ = cluster(answers=False)
    heard = datagram(sender(2), Claims([Claim(node_id(3), WALL_MS, 0, 0)]))
    talk.carry(first, first.handle_datagram(heard, address(2), talk.now))
    assert [node_id(2), node_id(3)] == first.peers()
    talk.run(60)
    for node in (first, second):
        assert 1 == len(said(talk, node, MemberDead))
        assert [] == said(talk, node, MemberRecovered)
    since = len(talk.carried)
    talk.run(60)
    assert len(asked(talk, since)) < 90


def test_members_that_saw_an_answer_vouch_for_it() -> None:
    """One node cannot reach the address itself."""
    talk, first, second, other = cluster(answers=True)
    talk.lost = lambda source, to, data: to == address(3) and source == address(1)
    talk.carry(other, other.join([node_id(2)], talk.now))
    talk.run(60)
    assert [node_id(2), node_id(3)] == first.peers()
    assert [node_id(1), node_id(3)] == second.peers()


def test_the_address_of_a_member_does_not_make_another_node_one() -> None:
    """Node 2 has it, and answers under its own generation; neither outbids the other."""
    first, second = make_node(1), make_node(2)
    talk = Conversation(first, second)
    talk.meet(start=True)
    talk.run(1)
    thief = elsewhere(make_node(2, nonce=7, wall_ms=WALL_MS + 9000))
    talk.add(thief)
    talk.carry(thief, thief.start(talk.now))
    talk.carry(thief, thief.join([node_id(1)], talk.now))
    talk.run(20)
    assert WALL_MS in [row.generation for row in first.members() if row.id == node_id(2)]
    assert [node_id(2)] == first.peers()
    assert [node_id(1)] == second.peers()
    assert 1 == len(said(talk, first, AddressSilent))


def test_a_seed_that_is_not_where_it_says_is_reported() -> None:
    """It answers at a published port, say, and advertises an address behind it."""
    seed, node = make_node(3), make_node(1)
    talk = Conversation(elsewhere(seed), node)
    for each in (seed, node):
        talk.carry(each, each.start(talk.now))
    talk.carry(node, node.join([node_id(30)], talk.now))
    talk.run(59)
    assert [] == node.peers()
    assert [SeedNotJoined(node_id(30), SEEN)] == said(talk, node, SeedNotJoined, AddressSilent)
    assert ["unreachable"] == [each.state for each in node.statistics().seeds]
    assert [OwnAddressSilent(node_id(1), node_id(30), UNSEEN)] == said(talk, seed, OwnAddressSilent)


def test_the_address_is_pinged_seldom_and_with_fewer_bytes() -> None:
    """Nobody makes this node flood a third one. One of its pings is about the cluster's id."""
    talk, _, _, _ = cluster(answers=False)
    talk.run(5)
    assert 3 <= len(asked(talk)) <= 6
    since = len(talk.carried)
    talk.run(60)
    assert 5 <= len(asked(talk, since)) <= 7
    came = sum(len(data) for source, _, data in talk.carried if source == address(30))
    assert sum(map(len, asked(talk))) < came


def challenge(node: Node, one: Sender, source: Address, now: float = 0.0) -> int:
    """What the node asks that sender at `source` to send back."""
    ping = datagram(one, Ping(1, padding=b"0" * 48))
    [ack] = messages_of(node.handle_datagram(ping, source, now), Ack)
    return ack.challenge


@pytest.mark.parametrize("strangers", [60, 250])
def test_all_such_addresses_together_are_pinged_seldom(strangers: int) -> None:
    """Whoever names many of them gains nothing."""
    node = make_node(251)
    pinged = 0
    for number in range(1, strangers):
        source = ("10.9.9.9", number)
        back = Ack(challenge(node, sender(number), source))
        effects = node.handle_datagram(datagram(sender(number), back), source, 0.0)
        pinged += address(number) in [to for to, _ in sent(effects)]
    assert min(strangers - 1, 64) == pinged
    assert max(0, strangers - 65) == node.statistics().rejected.get("address limit", 0)


def test_a_short_datagram_causes_no_ping() -> None:
    """It waits until the sender has sent as many bytes."""
    node = make_node(251)
    one = Sender("[::1]:88", WALL_MS, 0, 5)
    datagram(one, Ack(challenge(node, one, address(30))))
    bare = datagram(one, Ack(challenge(node, one, address(30))))
    pinged = [
        ("::1", 88) in [to for to, _ in sent(node.handle_datagram(data, address(30), now))]
        for data, now in ((bare, 0.0), (datagram(one), 0.1), (datagram(one), 0.2))
    ]
    assert 1 == sum(pinged)


def test_what_is_asked_can_be_answered_by_a_stranger() -> None:
    """The ping is as large as the ack with a challenge that answers it."""
    node, target = make_node(1), make_node(3)
    back = Ack(challenge(node, sender(3), address(30)))
    probe = datagram(sender(3), back, Ping(2))
    talk = Conversation(node, target)
    talk.carry(node, node.handle_datagram(probe, address(30), 0.0))
    [data] = asked(talk)
    [answer] = messages_of(target.handle_datagram(data, address(1), 0.0), Ack)
    assert answer.challenge


def test_only_a_contact_or_a_member_says_that_our_address_is_silent() -> None:
    """Anybody else could fill the log."""
    node, friend = make_node(1), make_node(2)
    talk = converse(node, friend)
    word = Unanswered(node_id(1), node_id(77))
    stranger = node.handle_datagram(datagram(sender(9), word), address(9), talk.now)
    about = Unanswered(node_id(5), node_id(77))
    other = node.handle_datagram(datagram(sender(2), about), address(2), talk.now)
    assert ([], []) == (noted(stranger), noted(other))
    assert 2 == node.statistics().rejected["unanswered"]
    believed = node.handle_datagram(datagram(sender(2), word), address(2), talk.now)
    [event] = noted(believed)
    assert isinstance(event, OwnAddressSilent)
    again = node.handle_datagram(datagram(sender(2), word), address(2), talk.now)
    assert [] == noted(again)


def test_an_id_that_nobody_can_have_is_not_asked() -> None:
    """The view refuses it."""
    node = make_node(1)
    for bad in ("0.0.0.0:8088", "name:8088", "10.0.0.1"):
        one = Sender(bad, WALL_MS, 0, 5)
        back = datagram(one, Ack(challenge(node, one, address(9))))
        assert [] == messages_of(node.handle_datagram(back, address(9), 0.0), Ping)
    assert ([], 0) == (node.peers(), node.statistics().waiting["addresses"])


def test_a_claim_of_its_life_from_elsewhere_is_passed_over() -> None:
    """Claims and rows repeat the first message of each datagram. Whether it left is asked."""
    node = make_node(1)
    talk = converse(node, make_node(2), make_node(3))
    back = Ack(challenge(node, sender(3), address(30), talk.now))
    node.handle_datagram(datagram(sender(3), back), address(30), talk.now)
    alive = Claims([Claim(node_id(3), WALL_MS, 7, 0)])
    node.handle_datagram(datagram(sender(3), alive), address(30), talk.now)
    assert [0] == [row.incarnation for row in node.members() if row.id == node_id(3)]
    left = Claims([Claim(node_id(3), WALL_MS, 7, 3)])
    asked = sent(node.handle_datagram(datagram(sender(3), left), address(30), talk.now))
    assert address(3) in [to for to, message in asked if isinstance(message, Ping)]
    for step in range(40):
        node.handle_timeout(talk.now + step * 0.05)
    assert ["left"] == [row.state for row in node.members() if row.id == node_id(3)]


def test_tags_are_taken_from_elsewhere() -> None:
    """Of a member that is reached: they say nothing of its life."""
    node = make_node(1)
    talk = converse(node, make_node(2), make_node(3))
    back = Ack(challenge(node, sender(3), address(30), talk.now))
    node.handle_datagram(datagram(sender(3), back), address(30), talk.now)
    for generation in (WALL_MS + 1, WALL_MS):
        alive = Claims([Claim(node_id(3), generation, 7, 0, tags=Tags(7, "role=web"))])
        node.handle_datagram(datagram(sender(3), alive), address(30), talk.now)
    [row] = [row for row in node.members() if row.id == node_id(3)]
    assert (WALL_MS, 0, "role=web") == (row.generation, row.incarnation, row.tags)


def test_the_wait_begins_anew_after_a_silence() -> None:
    """A node that was wrong long ago is not called silent at its first word."""
    talk, first, _, other = cluster(answers=False)
    talk.run(10)
    talk.lost = lambda source, to, data: source == address(30)
    talk.run(70)
    before = len(said(talk, first, AddressSilent))
    talk.lost = lambda source, to, data: False
    talk.carry(other, other.register(node_id(1), talk.now))
    talk.run(1)
    assert before == len(said(talk, first, AddressSilent))
