"""Datagrams of the released wire, byte for byte, so that it cannot change unnoticed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gossipd.protocol.wire import comparing as c
from gossipd.protocol.wire import messages as m
from gossipd.protocol.wire.codec import VERSION, Codec, DecodeError, _decode, frame
from gossipd.protocol.wire.entries import Bequest, Entry, Group, Said
from gossipd.protocol.wire.kinds import KINDS
from gossipd.protocol.wire.message import Message
from gossipd.protocol.wire.tags import Tags

OWNER = bytes(range(16))
S = m.Sender("10.0.0.1:8088", 1_700_000_000_000, 3, 7, 0x12AB34CD)
S_BEFORE = m.Sender("10.0.0.1:8088", 1_700_000_000_000, 3, 7)
C = m.Claim("10.0.0.2:8088", 1_700_000_000_001, 2, 1, "10.0.0.3:8088")
T = m.Claim("10.0.0.2:8088", 7, 1, 0, tags=Tags(1, "role=web,zone=a"))
D = m.Claim("10.0.0.2:8088", 7, 1, 2, "10.0.0.3:8088", 259200)
G = Group(OWNER, 4, 6, [Entry(6, "default", 10, 5)])

H = Group(
    OWNER,
    0,
    3,
    [Entry(1, "default", 10, 5)],
    [
        Said(2, "n", b"s\xc3\xbc", 7, 7, 4, 4, gone=True),
        Said(3, "n", b"", 1, -5, start=1_700_000_000_000, until=1_700_000_060_000),
    ],
)

SPAN = c.Span(5, 2**60 - 1, 4)

GOLDEN: list[tuple[Message, str]] = [
    (
        m.Ping(1, "10.0.0.2:8088", 11, 12),
        "67640200000474657374bc8cca8900209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0015960101ad31302e302e302e323a383038380b0cc400",
    ),
    (
        m.PingReq(2, "10.0.0.3:8088"),
        "67640200000474657374e2a33d5d00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0011930202ad31302e302e302e333a38303838",
    ),
    (
        m.Ack(3, 11, 12, 13, health=2),
        "67640200000474657374f0845f2800209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd00099703030b0c0dc40002",
    ),
    (
        m.Nack(4),
        "676402000004746573746aece4d000209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0005940404c2c2",
    ),
    (
        m.Claims([C, T]),
        "676402000004746573747ad3c92300209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd005592059298ad31302e302e302e323a38303838cf0000018bcfe568010201ad"
        "31302e302e302e333a383038380000c098ad31302e302e302e323a38303838070100a000009201af"
        "726f6c653d7765622c7a6f6e653d61",
    ),
    (
        m.Push(5, G),
        "676402000004746573744442243000209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd002794060595c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a059000",
    ),
    (
        m.Push(5, H),
        "67640200000474657374504c7d3500209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd005494060595c410000102030405060708090a0b0c0d0e0f0003919401a76465"
        "6661756c740a05929a02a16ec40373c3bc07070404c300009a03a16ec40001fb0000c2cf0000018b"
        "cfe56800cf0000018bcfe6526000",
    ),
    (
        m.Confirm(6, OWNER, 7),
        "676402000004746573749d710c3200209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0016940706c410000102030405060708090a0b0c0d0e0f07",
    ),
    (
        c.Sums(1, -1, list(range(16))),
        "676402000004746573743071547b00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0017940801ffdc0010000102030405060708090a0b0c0d0e0f",
    ),
    (
        c.Rows(b"", [m.Claim("10.0.0.2:8088", 7, 1, 2, "10.0.0.3:8088")], True, True, 9, SPAN),
        "67640200000474657374f334916400209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd00379709c4009198ad31302e302e302e323a38303838070102ad31302e302e30"
        "2e333a383038380000c0c3c3099305cf0fffffffffffffff04",
    ),
    (
        c.Haves(b"", [c.Have(OWNER, 9, 12)], span=SPAN),
        "67640200000474657374b2604b1f00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0029960ac4009194c410000102030405060708090a0b0c0d0e0f090c00c29305"
        "cf0fffffffffffffff0480",
    ),
    (
        c.Delta([G], True, 7, SPAN),
        "67640200000474657374d01094c100209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0035960b9195c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a0590c3079305cf0fffffffffffffff04c0",
    ),
    (
        m.Spread(7, G, ["10.0.0.2:8088"]),
        "676402000004746573742a786a0400209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0035940c0795c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a059091ad31302e302e302e323a38303838",
    ),
    (
        c.Content(OWNER, 6, 77, 5),
        "676402000004746573745095c1da00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0017950ec410000102030405060708090a0b0c0d0e0f064d05",
    ),
    (
        m.SpreadDone(8, OWNER, 6, ["10.0.0.2:8088"]),
        "67640200000474657374097bfcd800209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0025950d08c410000102030405060708090a0b0c0d0e0f0691ad31302e302e30"
        "2e323a38303838",
    ),
    (
        m.Beacon(True, b"pad"),
        "67640200000474657374377f0b7f00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0008930fc3c403706164",
    ),
    (
        m.Clock(1_700_000_000_000, settings="profile=lan", program="0.1.0"),
        "6764020000047465737413a994f600209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd001e9510cf0000018bcfe56800c2ab70726f66696c653d6c616ea5302e312e30",
    ),
    (
        m.ClusterIds([0x12AB34CD, 0xFFFFFFFF], True, False, True, 5),
        "676402000004746573740275236e00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0011961192ce12ab34cdceffffffffc3c2c305",
    ),
    (
        m.Unanswered("10.0.0.2:8088", "10.0.0.9:8088"),
        "67640200000474657374e43c509500209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd001e9312ad31302e302e302e323a38303838ad31302e302e302e393a38303838",
    ),
    (
        m.FoldAsk(7, OWNER, [Bequest(OWNER, 300, 11)]),
        "67640200000474657374b1414e6000209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd002d941307c410000102030405060708090a0b0c0d0e0f9193c4100001020304"
        "05060708090a0b0c0d0e0fcd012c0b",
    ),
    (
        m.FoldAnswer(7, True),
        "67640200000474657374b31583d900209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0004931407c3",
    ),
]


# Before groups had rows of another form.
WITHOUT_SAID: list[tuple[Message, str]] = [
    (
        m.Push(5, G),
        "67640200000474657374d5ceb23c00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd002593060594c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a05",
    ),
    (
        c.Delta([G], True, 7, SPAN),
        "67640200000474657374406828cf00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0033950b9194c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a05c3079305cf0fffffffffffffff04",
    ),
    (
        m.Spread(7, G, ["10.0.0.2:8088"]),
        "6764020000047465737413939e7a00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0034940c0794c410000102030405060708090a0b0c0d0e0f0406919406a76465"
        "6661756c740a0591ad31302e302e302e323a38303838",
    ),
]

# Before a field was appended; what is written now has it.
SHORTER = [
    (
        m.Ping(1, "10.0.0.2:8088", 11, 12),
        "67640100000474657374bd3db0db001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070015960101ad31302e302e302e323a383038380b0cc400",
    ),
    (
        m.PingReq(2, "10.0.0.3:8088"),
        "676401000004746573747cbc3311001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070011930202ad31302e302e302e333a38303838",
    ),
    (
        m.Ack(3, 11, 12, 13),
        "676401000004746573743f95c424001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "00030700089603030b0c0dc400",
    ),
    (
        m.Nack(4),
        "67640100000474657374ab13f1a1001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070004930404c2",
    ),
    (
        m.Claims([C]),
        "67640100000474657374e77400dc001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307002c92059196ad31302e302e302e323a38303838cf0000018bcfe568010201ad31302e302e"
        "302e333a3830383800",
    ),
    (
        m.Push(5, G),
        "6764010000047465737493586b24001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307002593060594c410000102030405060708090a0b0c0d0e0f0406919406a764656661756c74"
        "0a05",
    ),
    (
        m.Confirm(6, OWNER, 7),
        "6764010000047465737418158d90001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070016940706c410000102030405060708090a0b0c0d0e0f07",
    ),
    (
        c.Sums(1, -1, list(range(16))),
        "67640100000474657374082cf23e001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070017940801ffdc0010000102030405060708090a0b0c0d0e0f",
    ),
    (
        c.Rows(b"", [D], True, True, 9, SPAN),
        "676401000004746573742c133eca001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "00030700399709c4009196ad31302e302e302e323a38303838070102ad31302e302e302e333a3830"
        "3838ce0003f480c3c3099305cf0fffffffffffffff04",
    ),
    (
        c.Haves(b"", [c.Have(OWNER, 9, 12)], span=SPAN),
        "67640100000474657374bf3be350001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070027950ac4009193c410000102030405060708090a0b0c0d0e0f090cc29305cf0fffffffff"
        "ffffff04",
    ),
    (
        c.Delta([G], True, 7, SPAN),
        "6764010000047465737486e9e64b001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070033950b9194c410000102030405060708090a0b0c0d0e0f0406919406a764656661756c74"
        "0a05c3079305cf0fffffffffffffff04",
    ),
    (
        m.Spread(7, G, ["10.0.0.2:8088"]),
        "67640100000474657374f980588d001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070034940c0794c410000102030405060708090a0b0c0d0e0f0406919406a764656661756c74"
        "0a0591ad31302e302e302e323a38303838",
    ),
    (
        c.Content(OWNER, 6, 77),
        "6764010000047465737496e599e5001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070016940ec410000102030405060708090a0b0c0d0e0f064d",
    ),
    (
        m.SpreadDone(8, OWNER, 6, ["10.0.0.2:8088"]),
        "676401000004746573744fed25c0001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070025950d08c410000102030405060708090a0b0c0d0e0f0691ad31302e302e302e323a3830"
        "3838",
    ),
    (
        m.Beacon(True, b"pad"),
        "67640100000474657374579dc732001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070008930fc3c403706164",
    ),
    (
        m.Clock(1_700_000_000_000),
        "67640100000474657374a1535d20001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307000b9210cf0000018bcfe56800",
    ),
    (
        m.Unanswered("10.0.0.2:8088", "10.0.0.9:8088"),
        "67640100000474657374c856238c001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307001e9312ad31302e302e302e323a38303838ad31302e302e302e393a38303838",
    ),
    (
        m.Claims([C]),
        "676401000004746573743f23b28e001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307002b92059195ad31302e302e302e323a38303838cf0000018bcfe568010201ad31302e302e"
        "302e333a38303838",
    ),
    (
        c.Rows(b"", [m.Claim("10.0.0.2:8088", 7, 1, 2, "10.0.0.3:8088")], True, True, 9, SPAN),
        "6764010000047465737422d0e565001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "00030700349709c4009195ad31302e302e302e323a38303838070102ad31302e302e302e333a3830"
        "3838c3c3099305cf0fffffffffffffff04",
    ),
    (
        c.Rows(b"\x80", [C], True, True),
        "67640100000474657374ddb7c54a001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "00030700319609c401809195ad31302e302e302e323a38303838cf0000018bcfe568010201ad3130"
        "2e302e302e333a38303838c3c300",
    ),
    (
        c.Haves(b"\x80", [c.Have(OWNER, 9, 12)], True),
        "67640100000474657374c7cb0967001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307001c940ac401809193c410000102030405060708090a0b0c0d0e0f090cc3",
    ),
    (
        c.Delta([G], True),
        "67640100000474657374f78653da001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "0003070027940b9194c410000102030405060708090a0b0c0d0e0f0406919406a764656661756c74"
        "0a05c300",
    ),
    (
        c.Haves(b"\x80", [c.Have(OWNER, 9)], True),
        "6764010000047465737483c30c72001b9500ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307001b940ac401809192c410000102030405060708090a0b0c0d0e0f09c3",
    ),
]


# The same of version 2, before members had tags and told their settings.
WITHOUT_TAGS: list[tuple[Message, str]] = [
    (
        m.Clock(1_700_000_000_000, True),
        "67640200000474657374dd475ad700209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd000c9310cf0000018bcfe56800c3",
    ),
    (
        m.Claims([C]),
        "676402000004746573740ef92eb000209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd002d92059197ad31302e302e302e323a38303838cf0000018bcfe568010201ad"
        "31302e302e302e333a383038380000",
    ),
    (
        c.Rows(b"", [m.Claim("10.0.0.2:8088", 7, 1, 2, "10.0.0.3:8088")], True, True, 9, SPAN),
        "6764020000047465737498d508b200209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd00369709c4009197ad31302e302e302e323a38303838070102ad31302e302e30"
        "2e333a383038380000c3c3099305cf0fffffffffffffff04",
    ),
]

# Before nodes told their health.
WITHOUT_HEALTH = [
    (
        m.Ack(3, 11, 12, 13),
        "676402000004746573745f77086900209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd00089603030b0c0dc400",
    ),
]

# Before it said which evidence there is.
WITHOUT_EVIDENCE = [
    (
        m.Nack(4),
        "67640200000474657374f31943fc00209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd0004930404c2",
    ),
    (
        m.Claims([C]),
        "67640200000474657374664d4ac300209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd002c92059196ad31302e302e302e323a38303838cf0000018bcfe568010201ad"
        "31302e302e302e333a3830383800",
    ),
    (
        c.Rows(b"", [m.Claim("10.0.0.2:8088", 7, 1, 2, "10.0.0.3:8088")], True, True, 9, SPAN),
        "6764020000047465737430b0a8d700209600ad31302e302e302e313a38303838cf0000018bcfe568"
        "000307ce12ab34cd00359709c4009196ad31302e302e302e323a38303838070102ad31302e302e30"
        "2e333a3830383800c3c3099305cf0fffffffffffffff04",
    ),
]


@pytest.mark.parametrize(("message", "golden"), GOLDEN)
def test_the_wire_is_written_as_it_was(message: Message, golden: str) -> None:
    """A message is encoded into the very bytes of the released version."""
    assert golden == Codec("test").datagram([frame(S), frame(message)]).hex()


@pytest.mark.parametrize(
    ("sender", "message", "golden"),
    [
        *((S, *golden) for golden in (*GOLDEN, *WITHOUT_HEALTH, *WITHOUT_TAGS)),
        *((S, *golden) for golden in (*WITHOUT_EVIDENCE, *WITHOUT_SAID)),
        *((S_BEFORE, *golden) for golden in SHORTER),
    ],
)
def test_the_wire_is_read_as_it_was(sender: m.Sender, message: Message, golden: str) -> None:
    """The bytes of every released version are read as what they meant."""
    data = bytes.fromhex(golden)
    if data[2] != VERSION:
        # Such a datagram is refused as a whole, and its messages are those of today.
        with pytest.raises(DecodeError, match="version"):
            Codec("test").decode(data)
        assert (sender, message) == tuple(read_frames(data))
    else:
        assert (sender, [message], 0) == Codec("test").decode(data)


def read_frames(data: bytes) -> Iterator[Message]:
    """Yields the messages of a datagram of the cluster `test`, whatever its version."""
    at = len(Codec("test").datagram([]))
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        yield _decode(data[at + 2 : at + 2 + size])
        at += 2 + size


def test_every_kind_has_a_golden_datagram() -> None:
    """No message of the wire is left out."""
    assert {*KINDS} - {m.Sender} == {type(message) for message, _ in GOLDEN}
