"""What a claim says of a member that is forgotten."""

from __future__ import annotations

import pytest

from gossipd.protocol.wire.claims import ALIVE, DEAD, FORGOTTEN, LEFT, SUSPECT, Claim


@pytest.mark.parametrize(
    ("state", "forgotten"), [(ALIVE, False), (SUSPECT, False), (DEAD, True), (LEFT, True)]
)
def test_only_the_gone_are_forgotten(state: int, forgotten: bool) -> None:
    """An age means nothing in a claim about the living."""
    assert forgotten == Claim("10.0.0.2:8088", 1, 0, state, "", FORGOTTEN).forgotten
    assert not Claim("10.0.0.2:8088", 1, 0, state, "", FORGOTTEN - 1).forgotten
