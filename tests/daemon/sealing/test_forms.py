"""Which form goes where while a cluster moves to keys."""

from __future__ import annotations

import pytest

from gossipd.daemon.sealing import forms
from gossipd.daemon.sealing.forms import Forms

HERE, THERE = ("10.0.0.1", 8088), ("10.0.0.2", 8088)
BOTH, SEALED, OPEN = (True, True), (True, False), (False, True)


def test_an_unknown_address_gets_both() -> None:
    """Nobody has told which form is read there."""
    some = Forms()
    assert BOTH == some.to(HERE, 0.0) == some.to(HERE, 0.1)


def test_an_address_gets_what_it_sends() -> None:
    """And each only from its own."""
    some = Forms()
    some.sealed(HERE, 0.0)
    assert some.takes_open(THERE, 0.0)
    some.to(THERE, 0.0)
    assert (SEALED, OPEN) == (some.to(HERE, 1.0), some.to(THERE, 1.0))


def test_two_nodes_that_take_both_forms_do_not_stay_open() -> None:
    """Now and then a sealed datagram goes beside the open one."""
    some = Forms()
    some.takes_open(HERE, 0.0)
    found = [some.to(HERE, now) for now in (0.0, 5.0, 9.9, 10.0, 10.1, 20.0)]
    assert [BOTH, OPEN, OPEN, BOTH, OPEN, BOTH] == found


def test_what_comes_open_beside_sealed_is_not_taken() -> None:
    """Until the node there has sealed nothing for a while: it may have been set back to open."""
    some = Forms()
    some.sealed(HERE, 0.0)
    assert not some.takes_open(HERE, 4.9)
    assert SEALED == some.to(HERE, 4.9)
    assert some.takes_open(HERE, 5.0)
    assert some.to(HERE, 5.0)[1]


def test_addresses_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest is forgotten."""
    monkeypatch.setattr(forms, "_MOST", 2)
    some = Forms()
    for number in range(3):
        some.sealed(("10.0.0.9", number), 0.0)
    assert BOTH == some.to(("10.0.0.9", 0), 0.0)
    assert SEALED == some.to(("10.0.0.9", 2), 0.0)
