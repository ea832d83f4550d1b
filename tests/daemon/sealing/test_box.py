"""Sealing and opening, as bytes."""

from __future__ import annotations

import os
from copy import copy
from random import Random

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from gossipd.daemon.sealing import Key, box
from gossipd.daemon.sealing.box import OVERHEAD, NotOpened, Opener, Sealer, session_key

ONE, TWO = Key.of(b"1" * 32), Key.of(b"2" * 32)
PAYLOAD = b"what two nodes say to each other"


def sealer(key: Key = ONE, cluster: str = "gossipd") -> Sealer:
    """A process with that key."""
    return Sealer(cluster, key)


def is_opened(opener: Opener, data: bytes) -> bool:
    """Returns whether a datagram is opened."""
    try:
        opener.open(data)
    except NotOpened:
        return False
    return True


def test_what_is_sealed_is_opened() -> None:
    """With any of the keys, and with what tells how it was sealed."""
    opener = Opener("gossipd", [TWO, ONE])
    some = sealer()
    first, second = (opener.open(some.seal(PAYLOAD, b"session of another")) for _ in "12")
    session = first[1]
    assert (PAYLOAD, session, 1, b"sess") == first
    assert (PAYLOAD, session, 2, b"sess") == second
    assert session in some.own
    assert session[:4] in some.recipients
    assert b"sess" not in some.recipients
    assert ONE.id == opener.key_of(session)
    assert opener.key_of(b"another") is None
    assert len(PAYLOAD) + OVERHEAD == len(some.seal(PAYLOAD, b""))


def test_the_key_of_a_session_is_that_of_the_standard() -> None:
    """HKDF as RFC 5869 has it, and as `cryptography` has it."""
    session, cluster = bytes(range(16)), b"gossipd"
    standard = HKDF(SHA256(), 32, session, b"gossipd " + cluster).derive(ONE.secret)
    assert standard == session_key(ONE.secret, session, cluster)
    data = sealer().seal(PAYLOAD, b"")
    cipher = AESGCM(session_key(ONE.secret, data[8:24], cluster))
    sealed = cipher.decrypt(bytes(4) + data[24:32], data[32:], data[:32] + cluster)
    assert bytes(4) + PAYLOAD == sealed


@pytest.mark.parametrize(
    ("opener", "key", "known"),
    [
        (Opener("gossipd", [TWO]), ONE.id, False),
        (Opener("another", [ONE]), ONE.id, True),
    ],
)
def test_another_key_or_cluster_opens_nothing(opener: Opener, key: str, known: bool) -> None:
    """And which key it is can be said."""
    with pytest.raises(NotOpened) as caught:
        opener.open(sealer().seal(PAYLOAD, b""))
    assert (key, known) == (caught.value.key, caught.value.known)


def test_nothing_is_kept_of_what_cannot_be_opened() -> None:
    """A stranger fills no table."""
    opener = Opener("gossipd", [ONE])
    for number in range(100):
        data = bytearray(sealer().seal(PAYLOAD, b""))
        data[-1] ^= 1 + number
        assert not is_opened(opener, bytes(data))
    assert not opener._known
    assert not opener._seals


def test_what_is_kept_of_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was pushed out is opened all the same."""
    monkeypatch.setattr(box, "_KNOWN", 10)
    opener = Opener("gossipd", [ONE])
    data = [sealer().seal(PAYLOAD, b"") for _ in range(50)]
    assert all(is_opened(opener, each) for each in data)
    assert 10 == len(opener._known) == len(opener._seals)
    assert is_opened(opener, data[0])


def changes(draw: Random, data: bytes, other: bytes) -> bytes:
    """Returns a datagram with a change: bits, bytes, length, or parts of another one."""
    at = draw.randrange(len(data))
    match draw.randrange(6):
        case 0:
            return data[:at]
        case 1:
            return data + draw.randbytes(1 + at % 8)
        case 2:
            return other[:at] + data[at:] if other[:at] != data[:at] else data[:-1]
        case 3:
            return data[:at] + draw.randbytes(4) + data[at + 4 :] + b"x"
        case 4:
            return data[at:] + data[:at] if at else data[1:]
        case _:
            return data[:at] + bytes([data[at] ^ 1 << draw.randrange(8)]) + data[at + 1 :]


def accepted(count: int) -> int:
    """Returns how many of so many changed datagrams are opened."""
    draw, some, opener = Random(17), sealer(), Opener("gossipd", [ONE, TWO])
    base = [some.seal(draw.randbytes(draw.randrange(40, 400)), b"") for _ in range(64)]
    base += [sealer(TWO).seal(PAYLOAD, b"") for _ in range(8)]
    whole = set(base)
    found = 0
    for number in range(count):
        data = changes(draw, base[number % len(base)], draw.choice(base))
        found += data not in whole and is_opened(opener, data)
    return found


def test_no_changed_datagram_is_opened() -> None:
    """Cut, lengthened, spliced, turned or with a bit changed."""
    assert 0 == accepted(20_000)


@pytest.mark.slow
def test_no_changed_datagram_of_a_million_is_opened() -> None:
    """The same, on demand."""
    assert 0 == accepted(1_000_000)


@given(st.binary(max_size=1400))
def test_any_bytes_are_opened_or_refused(data: bytes) -> None:
    """By NotOpened and nothing else, also behind a header that is right."""
    opener = Opener("gossipd", [ONE])
    assert not is_opened(opener, data)
    assert not is_opened(opener, sealer().seal(b"", b"")[:32] + data)


def nonces(some: Sealer, count: int) -> list[bytes]:
    """Returns session and number of the next datagrams of a process."""
    return [some.seal(PAYLOAD, b"")[4:32] for _ in range(count)]


def test_no_number_is_used_twice_by_10000_processes() -> None:
    """Each draws a session of its own, whatever its clock shows."""
    found = [nonce for _ in range(10_000) for nonce in nonces(sealer(), 1)]
    assert 10_000 == len({nonce[:20] for nonce in found})


def test_a_forked_process_draws_a_session() -> None:
    """The child goes on where the parent is, but not in its session."""
    some, (reading, writing) = sealer(), os.pipe()
    before = nonces(some, 3)
    child = os.fork()
    if child == 0:
        os.write(writing, b"".join(nonces(some, 3)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reading, 1000)
    ours = nonces(some, 3)
    for descriptor in (reading, writing):
        os.close(descriptor)
    sessions = {nonce[4:20] for nonce in (*before, *ours)}
    assert 1 == len(sessions)
    assert theirs[4:20] not in sessions
    assert 3 * 28 == len(theirs)


def test_another_session_is_drawn_when_the_machine_may_have_been_set_back() -> None:
    """Its other future has used the numbers."""
    some = sealer()
    found = nonces(some, 2)
    some.renew()
    found += nonces(some, 2)
    assert [1, 1, 2, 2] == [1 + (nonce[4:20] != found[0][4:20]) for nonce in found]
    assert all(nonce[4:20] in some.own for nonce in found)


def test_a_machine_that_was_set_back_repeats_no_number_even_before_it_knows() -> None:
    """Half of each number is random."""
    some = sealer()
    other = copy(some)
    ours, theirs = nonces(some, 2000), nonces(other, 2000)
    assert {nonce[4:24] for nonce in ours} == {nonce[4:24] for nonce in theirs}
    assert not {*ours} & {*theirs}


def test_a_session_ends_long_before_its_numbers_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """A number has 32 bits that count."""
    monkeypatch.setattr(box, "_LAST", 10)
    found = nonces(sealer(), 25)
    assert 3 == len({nonce[4:20] for nonce in found})


def test_another_key_seals_from_the_next_datagram_on() -> None:
    """In the same session, whose numbers go on."""
    some, opener = sealer(), Opener("gossipd", [ONE, TWO])
    _, session, *_ = opener.open(some.seal(PAYLOAD, b""))
    assert ONE.id == some.key == opener.key_of(session)
    some.use(TWO)
    assert (PAYLOAD, session, 2, bytes(4)) == opener.open(some.seal(PAYLOAD, b""))
    assert TWO.id == some.key == opener.key_of(session)
    opener.use([TWO])
    assert not is_opened(opener, sealer(ONE).seal(PAYLOAD, b""))
    assert is_opened(opener, some.seal(PAYLOAD, b""))


def test_equal_datagrams_differ_in_nothing_but_what_must_differ() -> None:
    """They have magic, version, key id and session in common, and each counts one further.

    Every other byte takes nearly all values, as random ones do: 251 of 256 in the middle.
    """
    some = sealer()
    found = [some.seal(PAYLOAD, b"") for _ in range(1000)]
    assert 1 == len({(data[:24], len(data)) for data in found})
    assert [*range(1, 1001)] == [int.from_bytes(data[24:28], "big") for data in found]
    values = [len({data[at] for data in found}) for at in range(28, len(found[0]))]
    assert min(values) > 225
    assert b"gossipd" not in found[0]
