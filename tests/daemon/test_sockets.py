"""The addresses and sockets of a daemon."""

from __future__ import annotations

import pytest

from gossipd.daemon import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.sockets import bind_host, bound, found_segments
from tests.daemon.asking import free_port
from tests.daemon.conftest import Lines


async def test_an_address_that_is_taken_is_named() -> None:
    """And neither socket stays open."""
    port = free_port()
    for _ in range(2):
        with (
            bound("127.0.0.1", port),
            pytest.raises(StartError, match=f"cannot listen on 127.0.0.1:{port}: another program"),
            bound("127.0.0.1", port),
        ):
            pass


async def test_an_address_needs_no_look_up() -> None:
    """Of either family."""
    assert ["127.0.0.1", "::1"] == [await bind_host(host) for host in ("127.0.0.1", "::1")]


def test_ipv6_has_no_discovery(lines: Lines) -> None:
    """One line says why; who asked for none gets no line."""
    for discovery in True, False:
        config = DaemonConfig(bind=("::1", 8088), discovery=discovery)
        with found_segments(config, "::1") as segments:
            assert segments is None
    assert [("discovery_off", "info")] == [(line["event"], line["level"]) for line in lines()]
