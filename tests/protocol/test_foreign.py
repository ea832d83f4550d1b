"""Datagrams of other clusters and versions: what is answered, and what is only counted."""

from __future__ import annotations

from binascii import crc32

import pytest

from gossipd.protocol import Effect, ProtocolConfig, Transmit
from gossipd.protocol.events import ForeignDatagram
from gossipd.protocol.wire import Ack, Beacon, Codec, DecodeError, Message, Ping
from tests.protocol.conversation import Conversation, address, datagram, make_node, noted, sender

OURS = "cluster 'gossipd'"
PADDED = Ping(1, "", 0, 0, bytes(48))


def of_version(version: int, data: bytes) -> bytes:
    """Returns a datagram of the default cluster as one of another version."""
    start = 6 + data[5]
    head = b"gd" + bytes([version]) + data[3:start]
    payload = data[start + 4 :]
    return head + crc32(payload, crc32(head)).to_bytes(4, "big") + payload


def answers(effects: list[Effect]) -> list[bytes]:
    """Returns the datagrams that these effects send."""
    return [effect.data for effect in effects if isinstance(effect, Transmit)]


@pytest.mark.parametrize(
    ("data", "theirs", "reason"),
    [
        (datagram(sender(2), PADDED, cluster="other"), "cluster 'other'", "cluster"),
        (of_version(1, datagram(sender(2), PADDED)), "wire version 1", "version"),
    ],
)
def test_a_contact_is_reported_and_learns_of_the_difference(
    data: bytes, theirs: str, reason: str
) -> None:
    """The answer has the header and nothing else, so that the other side can tell as well."""
    node = make_node(1)
    effects = node.handle_datagram(data, address(2), 0.0)
    ours = "wire version 2" if reason == "version" else OURS
    assert [ForeignDatagram("10.0.0.2:8088", ours, theirs)] == noted(effects)
    [answer] = answers(effects)
    assert len(answer) < len(data)
    with pytest.raises(DecodeError) as caught:
        Codec("other").decode(answer)
    assert OURS == caught.value.theirs
    assert {reason: 1} == node.statistics().rejected


@pytest.mark.parametrize(
    "message", [Beacon(padding=bytes(128)), Ack(1, 2, 3)], ids=["beacon", "ack"]
)
def test_what_asks_for_no_answer_is_only_counted(message: Message) -> None:
    """Several clusters may share a network, and hear each other's beacons."""
    data = datagram(sender(2), message, cluster="other")
    assert [] == make_node(1).handle_datagram(data, address(2), 0.0)


@pytest.mark.parametrize("place", [6, 12, -1])
def test_a_damaged_datagram_is_only_counted(place: int) -> None:
    """A changed bit in a name, in the check or in a message."""
    data = bytearray(datagram(sender(2), PADDED, cluster="other-cluster"))
    data[place] ^= 1
    assert [] == make_node(1).handle_datagram(bytes(data), address(2), 0.0)


def test_strangers_share_one_line_a_minute() -> None:
    """Anybody can be a stranger, under any address."""
    node = make_node(1)
    data = datagram(sender(2), PADDED, cluster="other")
    events = [
        event
        for number in range(200)
        for event in noted(node.handle_datagram(data, (f"10.0.1.{number}", 8088), number / 2))
    ]
    assert [0, 120] == [int(event.source.split(".")[3].split(":")[0]) for event in events]


def test_answers_are_limited() -> None:
    """A flood of forged datagrams is not passed on as one."""
    node = make_node(1)
    data = datagram(sender(2), PADDED, cluster="other")
    sent = [len(answers(node.handle_datagram(data, address(2), n / 1000))) for n in range(2000)]
    assert 10 <= sum(sent) <= 30


@pytest.mark.parametrize("longer", [-1, 0, 1])
def test_an_answer_is_shorter_than_what_asks_for_it(longer: int) -> None:
    """A node whose cluster has a long name cannot say so in fewer bytes than a short ping has."""
    data = datagram(sender(2), Ping(1), cluster="other")
    name = "x" * (len(data) - len(Codec("").datagram([])) + longer)
    node = make_node(1, ProtocolConfig(cluster=name))
    answered = answers(node.handle_datagram(data, address(2), 0.0))
    assert (1 if longer < 0 else 0) == len(answered)


@pytest.mark.parametrize("version", [1, 2])
def test_nodes_do_not_answer_each_other_for_ever(version: int) -> None:
    """Not even if a forged datagram makes two strangers begin."""
    one, two = make_node(1), make_node(2, ProtocolConfig(cluster="longer-than-that"))
    data = of_version(version, datagram(sender(1), PADDED, cluster="third"))
    talk = Conversation(one, two)
    for to, source in ((one, address(2)), (two, address(1))):
        talk.carry(to, to.handle_datagram(data, source, 0.0))
    assert talk.deliver() <= 4


def test_nothing_is_sent_to_a_removed_peer() -> None:
    """Not even this."""
    node = make_node(1)
    talk = Conversation(node, make_node(2))
    talk.meet()
    node.remove("10.0.0.2:8088", talk.now)
    data = datagram(sender(2), PADDED, cluster="other")
    assert [] == answers(node.handle_datagram(data, address(2), talk.now))
