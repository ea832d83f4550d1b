"""A daemon from start to stop, in this process and over loopback."""

from __future__ import annotations

import io
import json
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio
import trio.testing

from gossipd.daemon import run as run_module
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.log import configure
from gossipd.daemon.run import StartError, main, run
from gossipd.daemon.storage.lock import lock
from gossipd.protocol import Address

Names = dict[str, list[Address]]
Lines = Callable[[], list[dict[str, Any]]]


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody uses at this moment, for TCP and UDP alike."""
    for _ in range(100):
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind((host, 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind((host, port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free for both")


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """What the resolver knows; it is asked for nothing else."""
    known: Names = {}

    async def look_up(host: str, port: int) -> list[Address]:
        await trio.lowlevel.checkpoint()
        return [(address, port) for address, _ in known.get(host, [])]

    monkeypatch.setattr(run_module, "look_up", look_up)
    return known


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Returns what was logged so far."""
    stream = io.StringIO()
    configure("json", "info", stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    structlog.reset_defaults()


async def start_error(**options: Any) -> str:
    """The text with which a daemon refuses to start."""
    with trio.fail_after(5), pytest.raises(StartError) as caught:
        await run(DaemonConfig(**options))
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


def test_main_says_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, and stderr has one line."""
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert 1 == main(DaemonConfig(bind=("127.0.0.1", port), log_format="json"))
    structlog.reset_defaults()
    (line,) = capsys.readouterr().err.splitlines()
    assert f"127.0.0.1:{port}" in json.loads(line)["event"]


# Addresses


# Nobody is to be found by chance, nor to be disturbed.
QUIET: dict[str, Any] = {"cluster": secrets.token_hex(8), "discovery": False}


@asynccontextmanager
async def running(**options: Any) -> AsyncIterator[list[int]]:
    """Runs a daemon until SIGTERM at the end of the block; the list has then its exit code."""
    codes: list[int] = []
    started = trio.Event()

    async def wait() -> None:
        codes.append(await run(DaemonConfig(**{**QUIET, **options})))

    async def listening() -> None:
        host, port = options["bind"]
        host = {"0.0.0.0": "127.0.0.1", "here.test": "127.0.0.1"}.get(host, host)
        while True:
            try:
                await (await trio.open_tcp_stream(host, port)).aclose()
            except OSError:
                await trio.sleep(0.01)
            else:
                started.set()
                return

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await listening()
            yield codes
            os.kill(os.getpid(), signal.SIGTERM)


async def ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Status and body of one request on a connection of its own."""
    async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
        await stream.send_all(request)
        answer = b"".join([part async for part in stream])
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), body


def get(path: str) -> bytes:
    """A request after which the connection ends."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("bind", "advertise", "node_id"),
    [
        ("127.0.0.1", None, "127.0.0.1:{port}"),
        ("here.test", None, "127.0.0.1:{port}"),
        ("0.0.0.0", "127.0.0.9:7", "127.0.0.9:7"),
        ("127.0.0.1", "there.test:7", "127.0.0.8:7"),
    ],
)
async def test_the_id_is_the_advertised_address(
    bind: str, advertise: str | None, node_id: str, names: Names, lines: Lines
) -> None:
    """As bound, or as given; names become addresses."""
    names |= {"here.test": [("127.0.0.1", 0)], "there.test": [("127.0.0.8", 0)]}
    port = free_port()
    node_id = node_id.format(port=port)
    async with running(bind=(bind, port), advertise=advertise):
        status, body = await ask(port, get("/health"))
        assert 200 == status
        assert {"node_id": node_id, "status": "ok"} == json.loads(body)
    started = next(line for line in lines() if line["event"] == "started")
    assert node_id == started["node_id"]


async def test_a_wildcard_advertises_the_machines_address(
    monkeypatch: pytest.MonkeyPatch, lines: Lines
) -> None:
    """What `interfaces` finds is the id, and its warning is logged."""
    monkeypatch.setattr(run_module, "advertised_address", lambda host: ("10.9.8.7", "no route"))
    port = free_port()
    async with running(bind=("0.0.0.0", port)):
        body = (await ask(port, get("/health")))[1]
        assert f"10.9.8.7:{port}" == json.loads(body)["node_id"]
    assert ("advertised_address", "no route") == (lines()[0]["event"], lines()[0]["reason"])


def test_ipv6_has_no_discovery(lines: Lines) -> None:
    """One line says why; who asked for none gets no line."""
    for discovery in True, False:
        config = DaemonConfig(bind=("::1", 8088), discovery=discovery)
        assert run_module._segments(config, "::1") is None
    assert [("discovery_off", "info")] == [(line["event"], line["level"]) for line in lines()]


class Follower:
    """Stands for a driver whose node moves."""

    def __init__(self, node_id: str) -> None:
        self.node_id = node_id
        self.moves: list[tuple[float, str]] = []

    def move(self, node_id: str) -> None:
        """Notes when."""
        self.moves.append((trio.current_time(), node_id))
        self.node_id = node_id


async def test_the_own_address_is_read_again(
    monkeypatch: pytest.MonkeyPatch, autojump_clock: trio.testing.MockClock
) -> None:
    """Every two seconds; a change is a move to that address and the same port, and only that."""
    found = {"127.0.0.1": "10.0.0.7", "10.0.0.7": None, "fd00::1": "fd00::2"}
    monkeypatch.setattr(run_module, "changed_address", lambda host, now: found[now])
    driver, begin = Follower("127.0.0.1:8090"), trio.current_time()
    with trio.move_on_after(9.0):
        await run_module._follow_address("0.0.0.0", driver)  # type: ignore[arg-type]
    found["10.0.0.7"], found["10.0.0.8"] = "10.0.0.8", None
    with trio.move_on_after(5.0):
        await run_module._follow_address("0.0.0.0", driver)  # type: ignore[arg-type]
    times = [(round(time - begin, 3), node_id) for time, node_id in driver.moves]
    assert [(2.0, "10.0.0.7:8090"), (11.0, "10.0.0.8:8090")] == times


# The end


async def test_stops_gracefully(lines: Lines) -> None:
    """SIGTERM ends it with 0, its port is free, and the log says so in order."""
    port = free_port()
    async with running(bind=("127.0.0.1", port)) as codes:
        assert 200 == (await ask(port, get("/readyz")))[0]
    assert [0] == codes
    assert ["started", "stopping", "left", "stopped"] == [line["event"] for line in lines()]
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", port))
        udp.bind(("127.0.0.1", port))


async def test_a_request_under_way_is_answered(lines: Lines) -> None:
    """A request that has begun to arrive is answered before the daemon ends."""
    port = free_port()
    head, rest = get("/count")[:20], get("/count")[20:]
    async with running(bind=("127.0.0.1", port)) as codes:
        stream = await trio.open_tcp_stream("127.0.0.1", port)
        await stream.send_all(head)
        # The server has seen the half once it has answered a later request.
        await ask(port, get("/count"))
        os.kill(os.getpid(), signal.SIGTERM)
        while "stopping" not in [line["event"] for line in lines()]:
            await trio.sleep(0.01)
        await stream.send_all(rest)
        answer = b"".join([part async for part in stream])
        await stream.aclose()
        assert answer.startswith(b"HTTP/1.1 200 ")
        while not codes:
            await trio.sleep(0.01)
        # The block's own signal would otherwise reach nobody who expects it.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    assert [0] == codes


# The data directory


async def test_what_was_counted_is_there_at_the_next_start(tmp_path: Path) -> None:
    """Under one cluster's name; the directory is free again in between."""
    port = free_port()
    options: dict[str, Any] = {"bind": ("127.0.0.1", port), "data_dir": tmp_path / "node"}
    for expected in 1, 2:
        async with running(cluster="one", **options):
            stream = await trio.open_tcp_stream("127.0.0.1", port)
            async with stream:
                await stream.send_all(b"POST /increment HTTP/1.1\r\nHost: a\r\n\r\n")
                answer = bytes(await stream.receive_some())
        assert f'"count":{expected},' in answer.decode()


async def test_a_directory_in_use_is_named(tmp_path: Path) -> None:
    """And who has it."""
    held = lock(tmp_path, "process 7")
    text = await start_error(bind=("127.0.0.1", free_port()), data_dir=tmp_path)
    os.close(held)
    assert f"{tmp_path} is in use by process 7" == text


async def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """Nothing is started, and the directory is free afterwards."""
    (tmp_path / "gossipd.db").write_bytes(b"")
    for _ in range(2):
        text = await start_error(bind=("127.0.0.1", free_port()), data_dir=tmp_path)
        assert text.startswith(f"{tmp_path / 'gossipd.db'} is damaged")
