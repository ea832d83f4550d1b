"""An open daemon in this process and over loopback: its addresses, its store, its end."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from gossipd.daemon import open as open_module
from gossipd.daemon import sockets
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.open import Daemon, Surroundings, open_daemon
from gossipd.daemon.storage.lock import lock_directory
from gossipd.protocol import Address
from tests.daemon.asking import QUIET, ask, free_port, get
from tests.daemon.conftest import Lines
from tests.daemon.net.fake_machine import FakeMachine
from tests.daemon.waiting import outcome

Names = dict[str, list[Address]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the resolver knows; it is asked for nothing else."""
    known: Names = {}

    async def look_up(host: str, port: int) -> list[Address]:
        await trio.lowlevel.checkpoint()
        return [(address, port) for address, _ in known.get(host, [])]

    monkeypatch.setattr(sockets, "look_up", look_up)
    return known


@asynccontextmanager
async def quietly(**options: Any) -> AsyncIterator[Daemon]:
    """Opens a daemon that looks for nobody, for the length of the block."""
    with trio.fail_after(10):
        async with open_daemon(DaemonConfig(**{**QUIET, **options})) as daemon:
            yield daemon


async def start_error(**options: Any) -> str:
    """The text with which a daemon refuses to start."""
    with trio.fail_after(5), pytest.raises(StartError) as caught:
        async with open_daemon(DaemonConfig(**options)):
            pass
    return str(caught.value)


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
async def test_a_port_in_use_is_named(kind: socket.SocketKind) -> None:
    """The line says which address, be it TCP's or UDP's, and both are free afterwards."""
    port = free_port()
    with ExitStack() as stack:
        other = stack.enter_context(socket.socket(type=kind))
        other.bind(("127.0.0.1", port))
        if kind is socket.SOCK_STREAM:
            other.listen()
        text = await start_error(bind=("127.0.0.1", port))
    assert text.startswith(f"cannot listen on 127.0.0.1:{port}: ")
    assert "another program uses this address" in text
    with socket.socket() as tcp:
        tcp.bind(("127.0.0.1", port))


async def test_an_address_of_another_machine_is_named() -> None:
    """An address that no interface has cannot be bound."""
    text = await start_error(bind=("192.0.2.1", 8088))
    assert "cannot listen on 192.0.2.1:8088: this machine has no such address" == text


async def test_an_unknown_bind_name_is_named(names: Names) -> None:
    """A name without an address cannot be listened on."""
    text = await start_error(bind=("nowhere.test", 8088))
    assert "--bind: the name nowhere.test has no address" == text


async def test_an_unknown_advertised_name_is_named(names: Names) -> None:
    """A name without an address cannot be advertised."""
    port = free_port()
    text = await start_error(bind=("127.0.0.1", port), advertise="nowhere.test:1")
    assert "--advertise: the name nowhere.test has no address" == text


@pytest.mark.parametrize(
    ("bind", "advertise", "node_id"),
    [
        ("127.0.0.1", None, "127.0.0.1:{port}"),
        ("here.test", None, "127.0.0.1:{port}"),
        ("0.0.0.0", "127.0.0.9:7", "127.0.0.9:7"),
        ("127.0.0.1", "there.test:7", "127.0.0.8:7"),
        ("here.test.", "dotted.test.:7", "127.0.0.7:7"),
    ],
)
async def test_the_id_is_the_advertised_address(
    bind: str, advertise: str | None, node_id: str, names: Names
) -> None:
    """As bound, or as given; names become addresses."""
    names |= {"here.test": [("127.0.0.1", 0)], "there.test": [("127.0.0.8", 0)]}
    names |= {"here.test.": [("127.0.0.1", 0)], "dotted.test.": [("127.0.0.7", 0)]}
    port = free_port()
    node_id = node_id.format(port=port)
    async with quietly(bind=(bind, port), advertise=advertise) as daemon:
        status, body = await ask(port, get("/health"))
        assert 200 == status
        assert {"node_id": node_id, "status": "ok"} == json.loads(body)
        assert node_id == daemon.service.node_id


async def test_a_wildcard_advertises_the_machines_address(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """What is found is the id; and a look-up of a seed while the node runs can change it."""
    FakeMachine("10.9.8.7", docker0="172.17.0.1/16", eth0="10.9.8.7/24").install(monkeypatch)
    found = trio.Event()

    async def look_up(host: str, port: int) -> list[Address]:
        await trio.lowlevel.checkpoint()
        return [("172.17.0.2", port)] if found.is_set() else []

    monkeypatch.setattr(open_module, "look_up", look_up)
    port = free_port()
    async with quietly(bind=("0.0.0.0", port), join=("there.test:7",)) as daemon:
        body = (await ask(port, get("/health")))[1]
        assert f"10.9.8.7:{port}" == json.loads(body)["node_id"]
        found.set()
        while f"172.17.0.1:{port}" != daemon.service.node_id:
            await trio.sleep(0.01)
    assert "id_changed" in [line["event"] for line in lines()]


async def test_a_machine_with_several_addresses(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The line lists them; sockets and directory are free afterwards."""
    machine = FakeMachine(docker0="172.17.0.1/16", eth0="10.9.8.7/24").install(monkeypatch)
    options: dict[str, Any] = {"bind": ("0.0.0.0", free_port("0.0.0.0")), "data_dir": tmp_path}
    text = await start_error(**{**QUIET, **options})
    assert "172.17.0.1 (docker0), 10.9.8.7 (eth0); choose one with --advertise" in text
    del machine.interfaces["docker0"]
    async with quietly(**options) as daemon:
        assert f"10.9.8.7:{options['bind'][1]}" == daemon.service.node_id


@pytest.mark.parametrize(("page", "status"), [(True, 200), (False, 404)])
async def test_a_node_has_a_page_or_none(page: bool, status: int) -> None:
    """As its settings say."""
    port = free_port()
    async with quietly(bind=("127.0.0.1", port), page=page):
        assert status == (await ask(port, get("/")))[0]


async def test_what_was_counted_is_there_at_the_next_start(tmp_path: Path) -> None:
    """Under one cluster's name; the directory is free again in between."""
    port = free_port()
    options: dict[str, Any] = {"bind": ("127.0.0.1", port), "data_dir": tmp_path / "node"}
    for expected in 1, 2:
        async with quietly(cluster="one", **options):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            async with stream:
                await stream.send_all(b"POST /increment HTTP/1.1\r\nHost: localhost\r\n\r\n")
                answer = bytes(await stream.receive_some())
        assert f'"count":{expected},' in answer.decode()


async def test_a_directory_in_use_is_named(tmp_path: Path) -> None:
    """And who has it."""
    held = lock_directory(tmp_path, "process 7")
    text = await start_error(bind=("127.0.0.1", free_port()), data_dir=tmp_path)
    os.close(held)
    assert f"{tmp_path} is in use by process 7" == text


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Nothing is started, and the directory is free afterwards."""
    (tmp_path / "gossipd.db").write_bytes(b"")
    for _ in range(2):
        text = await start_error(bind=("127.0.0.1", free_port()), data_dir=tmp_path)
        assert text.startswith(f"{tmp_path / 'gossipd.db'} is damaged")


# In another program


async def test_daemons_of_one_program_are_a_cluster() -> None:
    """They share nothing but trio's loop, and what one counts the other shows."""
    first, second = free_port(), free_port()
    async with (
        quietly(bind=("127.0.0.1", first), profile="local") as one,
        quietly(bind=("127.0.0.1", second), profile="local", join=(f"127.0.0.1:{first}",)) as other,
    ):
        while other.service.peers() != [one.service.node_id]:
            await trio.sleep(0.01)
        await outcome(one.service.increment("default", 3, "all"))
        while 3 != other.service.count("default"):
            await trio.sleep(0.01)


async def test_the_end_of_the_block_is_a_leave(lines: Lines) -> None:
    """No signal is handled, and the port is free afterwards."""
    port, handler = free_port(), signal.getsignal(signal.SIGTERM)
    async with quietly(bind=("127.0.0.1", port)) as daemon:
        assert f"127.0.0.1:{port}" == daemon.standing.listening
        assert handler is signal.getsignal(signal.SIGTERM)
    assert ["left"] == [line["event"] for line in lines()]
    async with quietly(bind=("127.0.0.1", port)) as daemon:
        await daemon.leave()
        with trio.testing.assert_no_checkpoints():
            await daemon.leave()


async def test_a_node_that_leaves_says_that_it_is_not_ready() -> None:
    """To whoever connects, at once and until it has left; afterwards nobody can connect."""
    port = free_port()
    async with quietly(bind=("127.0.0.1", port)) as daemon, trio.open_nursery() as nursery:
        left, leave = trio.Event(), daemon.service.leave
        daemon.service.leave = left.set  # type: ignore[method-assign]
        nursery.start_soon(daemon.leave)
        await left.wait()
        for _ in range(2):
            status, body = await ask(port, get("/readyz"))
            assert (503, "this node is stopping") == (status, json.loads(body)["detail"])
        leave()
        nursery.cancel_scope.deadline = trio.current_time() + 2
    with pytest.raises(OSError):
        await ask(port, get("/readyz"))


async def test_a_block_that_raises_ends_the_daemon_at_once(lines: Lines, tmp_path: Path) -> None:
    """Without a leave; its port and its directory are free, and what was counted is there."""
    options: dict[str, Any] = {"bind": ("127.0.0.1", free_port()), "data_dir": tmp_path / "node"}

    async def count_and_raise() -> None:
        async with quietly(**options) as daemon:
            await outcome(daemon.service.increment("default", 2, "local"))
            raise ValueError("on purpose")

    with pytest.raises(ExceptionGroup) as caught:
        await count_and_raise()
    assert [ValueError] == [type(error) for error in caught.value.exceptions]
    assert [] == lines()
    async with quietly(**options) as daemon:
        assert 2 == daemon.service.count("default")


async def test_seeds_limits_and_tags_are_read_again(lines: Lines) -> None:
    """And are in force at once, in what the node says of itself."""
    port = free_port()
    config = DaemonConfig(**QUIET, bind=("127.0.0.1", port), join=("127.0.0.9:1", "127.0.0.8:1"))
    able = {"max_counters": 1, "metrics_counters": 0, "tags": "role=web"}
    asked = attrs.evolve(config, join=("127.0.0.8:1", "127.0.0.7:1"), **able)
    with trio.fail_after(10):
        async with open_daemon(config, around=Surroundings(again=lambda: asked)) as daemon:
            assert "join" in daemon.operations.reload().changed
            status = json.loads((await ask(port, get("/v1/status")))[1])
            assert ["127.0.0.8:1", "127.0.0.7:1"] == [each["name"] for each in status["seeds"]]
            assert {"role": "web"} == status["tags"]
            page = (await ask(port, get("/metrics")))[1].decode()
            assert "gossipd_counters_limit 1.0" in page
