"""When a look shows that a process is gone."""

from __future__ import annotations

import pytest

from gossipd.protocol.membership.echoes import Sent
from gossipd.protocol.membership.looks import Look
from gossipd.protocol.wire import Nack
from tests.protocol.conversation import address


def look(refused: bool, relays: int) -> Look:
    """Returns a look of which the own ping and those of so many relays were refused."""
    made = Look(1, Sent("", address(9), lambda *arguments: None))
    if refused:
        made.refuse()
    for number in range(2, 2 + relays):
        made.ask(address(number), b"request")
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
