"""A flood of forged datagrams."""

from __future__ import annotations

from itertools import islice

import pytest

from gossipd.daemon.sealing import new_key
from gossipd.daemon.sealing.box import NotOpened, Opener, Sealer
from gossipd.protocol import SEALED_HEAD
from lab.bench.forged_datagrams import forged


def test_no_forged_datagram_is_opened() -> None:
    """Those of another key id name a key that is not here, the others one that is."""
    key = new_key()
    opener, sealed = Opener("c", [key]), Sealer("c", key).seal(b"frames", b"")
    assert b"frames" == opener.open(sealed)[0]
    known = []
    for data in islice(forged(sealed), 6):
        assert data.startswith(SEALED_HEAD)
        with pytest.raises(NotOpened) as refused:
            opener.open(data)
        known.append(refused.value.known)
    assert [False, True, True] * 2 == known
