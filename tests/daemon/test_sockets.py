"""The addresses and sockets of a daemon."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from gossipd.daemon import DaemonConfig
from gossipd.daemon.config import Place
from gossipd.daemon.errors import StartError
from gossipd.daemon.sockets import bind_host, bound, found_segments, listening
from tests.daemon.asking import free_port
from tests.daemon.conftest import Lines


async def test_an_address_that_is_taken_is_named() -> None:
    """And no socket stays open."""
    port = free_port()
    said = f"cannot listen on 127.0.0.1:{port}: another program"
    for _ in range(2):
        one, other = bound("127.0.0.1", port), bound("127.0.0.1", port)
        with one, pytest.raises(StartError, match=said), other:
            pass
        here: list[Place] = [("127.0.0.1", port)]
        two = listening([("127.0.0.1", free_port()), *here])
        with listening(here), pytest.raises(StartError, match=said), two:
            pass


async def test_a_unix_socket_is_for_owner_and_group(tmp_path: Path) -> None:
    """Whatever the umask is, and its file goes with it."""
    path = tmp_path / "door"
    before = os.umask(0)
    try:
        with listening([path]):
            assert (True, 0o660) == (path.is_socket(), path.stat().st_mode & 0o777)
    finally:
        os.umask(before)
    assert not path.exists()


async def test_a_unix_socket_that_is_left_over_is_replaced(tmp_path: Path) -> None:
    """One that somebody listens on is not, nor is any other file, nor what came after us."""
    path = tmp_path / "door"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    with listening([path]):
        said = f"cannot listen on unix:{path}: another program"
        with pytest.raises(StartError, match=said), listening([path]):
            pass
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
        path.unlink()
        path.write_text("mine")
    assert "mine" == path.read_text()
    with pytest.raises(StartError, match=said), listening([path]):
        pass
    assert "mine" == path.read_text()
    missing = tmp_path / "none" / "door"
    said = f"cannot listen on unix:{missing}: No such"
    with pytest.raises(StartError, match=said), listening([missing]):
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
