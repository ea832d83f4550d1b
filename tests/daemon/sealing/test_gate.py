"""The gate: what a node is handed of what comes, and what becomes of what it sends."""

from __future__ import annotations

import itertools
from typing import Any, cast

import pytest

from gossipd.daemon.sealing import Gate, Key, box
from gossipd.daemon.sealing.box import OVERHEAD, session_key
from gossipd.protocol import Address, Codec, DecodeError, Effect, Node, Ping, Seal, Sender, frame

ONE, TWO = Key.of(b"1" * 32), Key.of(b"2" * 32)
HERE, THERE = ("10.0.0.1", 8088), ("10.0.0.2", 8088)
DATA = Codec("gossipd").datagram([frame(Sender("10.0.0.2:8088", 1, 0, 1)), frame(Ping(5))])
FRAMES = DATA[Codec("gossipd").overhead :]
FOREIGN = Codec("other").datagram([frame(Sender("10.0.0.2:8088", 1, 0, 1)), frame(Ping(5))])


class Recorder:
    """A node that keeps what it is handed."""

    def __init__(self) -> None:
        self.handed: list[tuple[bytes, Address, Seal | DecodeError | None]] = []
        self.sessions: dict[Address, bytes] = {}

    def handle_datagram(
        self, data: bytes, source: Address, now: float, seal: Seal | DecodeError | None = None
    ) -> list[Effect]:
        self.handed.append((data, source, seal))
        return []

    def session(self, address: Address) -> bytes | None:
        return self.sessions.get(address)


class Made:
    """A gate at a time that a test sets, and its node."""

    def __init__(
        self, *keys: Key, accept_open: bool = False, cluster: str = "gossipd", local: str = ""
    ) -> None:
        self.now = 0.0
        self.node = Recorder()
        self.gate = Gate(
            cluster,
            keys or (ONE,),
            accept_open=accept_open,
            is_local=lambda host: host == local,
            clock=lambda: self.now,
        )

    def sends(self, data: bytes = DATA, to: Address = THERE) -> list[bytes]:
        """Returns the forms in which a datagram of the node leaves."""
        sent: list[tuple[bytes, Address]] = []
        self.gate.send(cast(Node, self.node), lambda *form: sent.append(form), data, to)
        assert all(where == to for _, where in sent)
        return [form for form, _ in sent]

    def seal(self, session: bytes = b"") -> bytes:
        """Returns the datagram in the form in which it leaves first."""
        self.node.sessions[THERE] = session
        return self.sends()[0]

    def takes(self, data: bytes, source: Address = THERE, *, heard: bool = False) -> Any:
        """Returns with what seal, or why not, the node is handed a datagram."""
        take = self.gate.hear if heard else self.gate.take
        take(cast(Node, self.node), data, source, self.now)
        handed, where, seal = self.node.handed[-1]
        assert source == where
        assert handed == (FRAMES if isinstance(seal, Seal) else data)
        return seal


def test_what_one_seals_the_other_is_handed_open() -> None:
    """With its session and number; it is meant for whom the sender knew."""
    one, other = Made(), Made()
    stranger = other.takes(one.seal())
    answered = one.takes(other.seal(stranger.session))
    assert (False, True) == (stranger.meant, answered.meant)
    assert (1, 2) == (stranger.number, other.takes(one.seal()).number)
    assert ONE.id == other.gate.key_of(stranger.session)


@pytest.mark.parametrize(
    ("data", "reason", "asks"),
    [
        (b"noise", None, False),
        (DATA[:3], None, False),
        (FOREIGN, None, False),
        (DATA, "open", True),
        (Made(TWO).seal(), "key", True),
        (Made(cluster="other").seal(), "tag", True),
        (Made().seal()[:-1], "tag", True),
        (Made().seal()[: OVERHEAD - 1], "seal", False),
    ],
    ids=["noise", "short", "other", "open", "key", "cluster", "changed", "cut"],
)
def test_what_is_not_opened_is_handed_with_the_reason(
    data: bytes, reason: str | None, asks: bool
) -> None:
    """The node counts it, and tells both sides if that may help. It refuses what is not ours."""
    error = Made().takes(data)
    assert reason == (None if error is None else error.reason)
    assert error is None or asks == error.asks


def test_the_reason_names_keys_and_no_more() -> None:
    """Both ids, so that a person sees which file is wrong."""
    error = Made(ONE).takes(Made(TWO).seal())
    assert (ONE.id in error.ours, TWO.id in error.theirs) == (True, True)
    assert ONE.secret.hex() not in error.ours + error.theirs


def test_strangers_nearby_are_reported_seldom() -> None:
    """A network may have several clusters, whose beacons everybody hears."""
    made, beacon = Made(ONE), Made(TWO).seal()
    found = []
    for made.now in (0.0, 1.0, 599.0, 600.0):
        found.append(made.takes(beacon, heard=True).asks)
    assert [True, False, False, True] == found
    assert isinstance(made.takes(Made(ONE).seal(), heard=True), Seal)


def test_a_quoted_form_stands_for_its_datagram() -> None:
    """Where a refusal repeats so much of it that nobody can have made it up, and not for ever."""
    made = Made()
    whole = Codec("gossipd").datagram([frame(Sender("10.0.0.2:8088", 1, 0, 1)), b"x" * 600])
    first, second = made.sends(whole)[0], made.seal()
    assert [whole, DATA] == [made.gate.quoted(form[:520]) for form in (first, second)]
    for quoted in (first[:63], first[:64] + bytes(456), DATA, b"", b"x" * 40):
        assert quoted == made.gate.quoted(quoted)
    for _ in range(1023):
        made.seal()
    assert [first, DATA] == [made.gate.quoted(form) for form in (first, second)]


def test_what_is_reflected_is_refused() -> None:
    """Only this machine itself may show this process that it has reached itself."""
    made = Made(local="10.0.0.1")
    assert "own" == made.takes(made.seal(), THERE).reason
    assert isinstance(made.takes(made.seal(), HERE), Seal)


def test_an_answer_tells_which_key_seals_here() -> None:
    """An empty datagram has the id of the key in its header, and is no larger than any other."""
    made = Made(ONE)
    [answer] = made.sends(Codec("gossipd").datagram([]))
    assert OVERHEAD == len(answer)
    assert ONE.id in Made(TWO).takes(answer).theirs


def test_keys_are_changed_while_it_runs() -> None:
    """The next datagram is sealed with the new key, and what has the old one is refused."""
    made = Made(ONE)
    made.gate.use([TWO])
    assert ([TWO.id], TWO.id) == (made.gate.opens, made.gate.seals)
    assert isinstance(Made(TWO).takes(made.seal()), Seal)
    assert "key" == made.takes(Made(ONE).seal()).reason


def test_a_step_of_a_change_of_keys_loses_nothing() -> None:
    """Whatever was sealed before or after it, by a node on either side of it."""
    steps = [[ONE], [ONE, TWO], [TWO, ONE], [TWO]]
    for before, after in itertools.pairwise(steps):
        for sealing in (before, after):
            for opening in (before, after):
                assert isinstance(Made(*opening).takes(Made(*sealing).seal()), Seal)


def test_while_a_cluster_moves_both_forms_are_taken() -> None:
    """From each address the one that it speaks; the answer has that form."""
    made = Made(accept_open=True)
    assert [False, True] == [each == DATA for each in made.sends()]
    assert made.takes(DATA, HERE) is None
    assert isinstance(made.takes(Made().seal(), THERE), Seal)
    made.sends(to=HERE)
    assert [DATA] == made.sends(to=HERE)
    [sealed] = made.sends()
    assert isinstance(Made().takes(sealed), Seal)
    assert 1 == made.gate.open_taken
    assert "open" == made.takes(DATA, THERE).reason
    assert 1 == made.gate.open_taken


def test_beacons_have_both_forms_then() -> None:
    """And else are sealed."""
    [sealed] = Made().gate.broadcast(DATA)
    assert b"gossipd" not in sealed
    assert [False, True] == [each == DATA for each in Made(accept_open=True).gate.broadcast(DATA)]


def test_a_beacon_is_opened_before_the_node_runs() -> None:
    """It tells by which address this machine is reached."""
    made = Made()
    assert DATA == made.gate.peek(Made().seal(), THERE)
    assert made.gate.peek(Made(TWO).seal(), THERE) is None
    assert made.gate.peek(DATA, THERE) is None
    assert DATA == Made(accept_open=True).gate.peek(DATA, THERE)


@pytest.mark.parametrize(("cluster", "more"), [("gossipd", OVERHEAD - 17), ("x" * 64, 0)])
def test_the_node_is_told_how_many_bytes_sealing_takes(cluster: str, more: int) -> None:
    """So that no datagram grows too large."""
    made = Made(cluster=cluster)
    whole = Codec(cluster).datagram([frame(Ping(1))])
    [sealed] = made.sends(whole)
    assert more == made.gate.seal_bytes()
    assert len(sealed) <= len(whole) + more


def test_who_seals_with_which_key() -> None:
    """Or does not seal, or was not heard."""
    gate = Made().gate
    assert ("open", None, None) == (gate.key_of(b""), gate.key_of(None), gate.key_of(b"unknown"))


def test_a_flood_of_sessions_costs_few_derivations(monkeypatch: pytest.MonkeyPatch) -> None:
    """A member that is known is opened all the same, and others are once there is time again."""
    derived = []

    def count(*arguments: bytes) -> bytes:
        derived.append(arguments)
        return session_key(*arguments)

    known, other, made = Made(), Made(), Made()
    assert isinstance(made.takes(known.seal()), Seal)
    monkeypatch.setattr(box, "session_key", count)
    data = known.seal()
    reasons = []
    for number in range(5000):
        forged = data[:8] + number.to_bytes(16, "big") + data[24:]
        reasons.append(made.takes(forged, (f"10.1.{number >> 8}.{number & 255}", 1)).reason)
    assert (1999, 3001) == (reasons.count("tag"), reasons.count("flood"))
    assert 1999 == len(derived)
    assert isinstance(made.takes(data), Seal)
    assert "flood" == made.takes(other.seal()).reason
    made.now += 0.01
    assert isinstance(made.takes(other.seal()), Seal)
