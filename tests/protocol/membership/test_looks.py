"""When a look shows that a process is gone."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership.echoes import Sent
from gossipd.protocol.membership.looks import Look
from gossipd.protocol.membership.table import Member
from gossipd.protocol.wire import ALIVE, DEAD, SUSPECT, Claim, Nack
from tests.protocol.conversation import address, node_id


def relay(number: int) -> Member:
    """Returns the row of a relay."""
    return Member(Claim(node_id(number), 1, 0, ALIVE), 0.0)


def look(refused: bool, relays: int) -> Look:
    """Returns a look of which the own ping and those of so many relays were refused."""
    made = Look(1, Sent("", address(9), lambda *arguments: None))
    if refused:
        made.refuse()
    for number in range(2, 2 + relays):
        made.ask(relay(number), b"request")
        assert made.hear(Nack(1, tried=True, refused=True), address(number))
    return made


@pytest.mark.parametrize(
    ("refused", "relays", "others", "gone"),
    [
        (True, 2, 10, True),
        (True, 3, 3, True),
        (True, 1, 2, False),
        (True, 1, 1, True),
        (True, 0, 1, False),
        (True, 0, 0, False),
        (False, 3, 10, False),
    ],
)
def test_what_shows_that_a_process_is_gone(
    refused: bool, relays: int, others: int, gone: bool
) -> None:
    """The own ping and two relays'; or that of the only other peer there is."""
    assert gone == look(refused, relays).shows_gone(others)


def test_a_relay_is_heard_once_and_only_if_asked() -> None:
    """Nobody makes up two relays' words."""
    seen = look(refused=True, relays=1)
    word = Nack(1, tried=True, refused=True)
    assert [False, False] == [seen.hear(word, address(number)) for number in (2, 7)]
    assert 1 == seen.refused_by


@pytest.mark.parametrize("gone", ["refuses", SUSPECT, DEAD])
def test_the_silence_of_a_relay_that_is_gone_is_nobodys_fault(gone: str | int) -> None:
    """Where half of a cluster ends at once, the other half is well."""
    rows = [relay(number) for number in (2, 3, 4)]
    seen = Look(1, Sent("", address(9), lambda *arguments: None))
    for row in rows:
        seen.ask(row, b"request")
    seen.hear(Nack(1, tried=True), address(2))
    assert 2 == seen.silent()
    if isinstance(gone, int):
        rows[1].state = gone
    else:
        assert seen.refused_to_relay(b"request", address(3))
        assert not seen.refused_to_relay(b"request", address(3))
    assert 1 == seen.silent()
