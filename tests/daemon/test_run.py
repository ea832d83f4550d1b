"""A daemon as a program, in this process and over loopback: its signals, its log, its exit code."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

from gossipd.client import Door, door
from gossipd.client import ask as ask_client
from gossipd.daemon.access import new_token
from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.errors import StartError
from gossipd.daemon.open import open_daemon
from gossipd.daemon.run import main, run
from gossipd.daemon.sealing import new_key, write_key
from gossipd.secret_files import write_secret
from tests.certificates import Authority
from tests.daemon.asking import QUIET, ask, free_port, get
from tests.daemon.conftest import Lines


def test_main_says_it_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a log for programs, with exit code 1; else it is left to the command."""
    port = free_port()
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert 1 == main(DaemonConfig(bind=("127.0.0.1", port), log_format="json"))
        (line,) = capsys.readouterr().err.splitlines()
        assert f"127.0.0.1:{port}" in json.loads(line)["event"]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}"):
            main(DaemonConfig(bind=("127.0.0.1", port)))
    structlog.reset_defaults()
    assert not capsys.readouterr().err


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


async def test_stops_gracefully(lines: Lines) -> None:
    """SIGTERM ends it with 0, its port is free, and the log says so in order."""
    port = free_port()
    async with running(bind=("127.0.0.1", port)) as codes:
        assert 200 == (await ask(port, get("/readyz")))[0]
    assert [0] == codes
    assert ["started", "stopping", "left", "stopped"] == [line["event"] for line in lines()]
    address = f"127.0.0.1:{port}"
    assert (address, address) == (lines()[0]["node_id"], lines()[0]["listening"])
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind(("127.0.0.1", port))
        udp.bind(("127.0.0.1", port))


async def test_collections_leave_alone_what_was_read_at_the_start(lines: Lines) -> None:
    """They stop the loop for as long as they look. After the end all is as it was."""
    thresholds = gc.get_threshold()
    async with running(bind=("127.0.0.1", free_port())):
        assert gc.isenabled()
        assert gc.get_threshold()[0] == 10_000
        assert gc.get_freeze_count() > len(gc.get_objects())
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    assert thresholds == gc.get_threshold()


async def test_a_client_lets_it_leave(lines: Lines) -> None:
    """As a signal does; it is answered first, and the program ends with 0."""
    port, codes = free_port(), []

    async def running_node() -> None:
        codes.append(await run(DaemonConfig(**QUIET, bind=("127.0.0.1", port))))

    with trio.fail_after(10):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(running_node)
            while "started" not in [line["event"] for line in lines()]:
                await trio.sleep(0.01)
            request = (
                get("/v1/leave").replace(b"GET", b"POST", 1).replace(b"Host: x", b"Host: localhost")
            )
            assert 200 == (await ask(port, request))[0]
    assert [0] == codes
    assert ["started", "stopping", "left", "stopped"] == [line["event"] for line in lines()]
    assert "asked" in lines()[1]["reason"]


async def test_sighup_ends_no_node(lines: Lines) -> None:
    """Without a file to read again it says what else would have to be done, and goes on."""
    port = free_port()
    async with running(bind=("127.0.0.1", port)) as codes:
        os.kill(os.getpid(), signal.SIGHUP)
        while "reading_again" not in [line["event"] for line in lines()]:
            await trio.sleep(0.01)
        assert 200 == (await ask(port, get("/readyz")))[0]
    assert [0] == codes
    [said] = [line for line in lines() if line["event"] == "reading_again"]
    assert ([], True) == (said["files"], "as at the start" in said["reason"])


async def test_a_sealed_node_reads_its_keys_at_sighup(lines: Lines, tmp_path: Path) -> None:
    """It goes on, and its first line has the id of its key; no line has the key."""
    port, path, key = free_port(), tmp_path / "keys", new_key()
    write_key(path, key)
    async with running(bind=("127.0.0.1", port), key_file=path) as codes:
        os.kill(os.getpid(), signal.SIGHUP)
        while "keys_read" not in [line["event"] for line in lines()]:
            await trio.sleep(0.01)
        assert 200 == (await ask(port, get("/readyz")))[0]
    assert [0] == codes
    assert key.id == lines()[0]["key"]
    assert key.secret.hex() not in str(lines())


@pytest.mark.parametrize(("host", "said"), [("0.0.0.0", True), ("127.0.0.1", False)])
async def test_open_gossip_beyond_loopback_is_said(host: str, said: bool, lines: Lines) -> None:
    """In one line at the start."""
    port = free_port(host)
    async with running(bind=(host, port), advertise=f"127.0.0.1:{port}"):
        pass
    assert said == ("gossip_open" in [line["event"] for line in lines()])
    assert "key" not in lines()[0] or lines()[0]["key"] is None


async def test_a_node_reads_its_tokens_at_sighup(lines: Lines, tmp_path: Path) -> None:
    """Who has a token of the new file is let in, and of the old one no more."""
    port, path = free_port(), tmp_path / "tokens"
    (old, one), (new, other) = new_token("read", "one"), new_token("read", "other")

    async def status(secret: str) -> int:
        head = get("/count").removesuffix(b"\r\n")
        shown = f"Authorization: Bearer {secret}\r\n\r\n".encode()
        return (await ask(port, head + shown))[0]

    write_secret(path, "token file", f"{one.line}\n")
    async with running(bind=("127.0.0.1", port), token_file=path):
        assert (200, 401) == (await status(old), await status(new))
        path.unlink()
        write_secret(path, "token file", f"{other.line}\n")
        os.kill(os.getpid(), signal.SIGHUP)
        while "tokens_read" not in [line["event"] for line in lines()]:
            await trio.sleep(0.01)
        assert (401, 200) == (await status(old), await status(new))
        assert 200 == (await ask(port, get("/readyz")))[0]
    assert not [each for each in (old, new) if each in str(lines())]


@pytest.mark.parametrize(
    ("host", "guarded", "said"),
    [("0.0.0.0", False, True), ("0.0.0.0", True, False), ("127.0.0.1", False, False)],
)
async def test_that_nobody_asks_for_tokens_is_said(
    host: str, guarded: bool, said: bool, lines: Lines, tmp_path: Path
) -> None:
    """In one line at the start, with the doors that are open beyond loopback."""
    port, redis = free_port(host), free_port(host)
    options: dict[str, Any] = {"advertise": f"127.0.0.1:{port}", "redis": (host, redis)}
    if guarded:
        options["token_file"] = tmp_path / "tokens"
        write_secret(options["token_file"], "token file", new_token("read", "a")[1].line)
    async with running(bind=(host, port), **options):
        pass
    found = [line for line in lines() if line["event"] == "clients_unchecked"]
    doors = [f"{host}:{port}", f"{host}:{redis}"]
    assert ([doors] if said else []) == [line["doors"] for line in found]


async def test_doors_of_their_own(lines: Lines, tmp_path: Path) -> None:
    """HTTP is answered there and nowhere else; one for this machine alone needs no token."""
    port, door, path = free_port("0.0.0.0"), free_port(), tmp_path / "door"
    config = DaemonConfig(
        **QUIET,
        bind=("0.0.0.0", port),
        advertise=f"127.0.0.1:{port}",
        http=(("127.0.0.1", door), path),
    )
    with trio.fail_after(10):
        async with open_daemon(config) as daemon:
            assert f"0.0.0.0:{port}" == daemon.standing.listening
            assert 200 == (await ask(door, get("/readyz")))[0]
            with pytest.raises(OSError, match="all attempts to connect"):
                await ask(port, get("/readyz"))
            async with await trio.open_unix_socket(path) as stream:
                await stream.send_all(get("/count").replace(b"Host: x", b"Host: localhost"))
                assert b" 200 OK" in b"".join([part async for part in stream])
            assert [f"127.0.0.1:{door}", f"unix:{path}"] == [
                each.place for each in daemon.standing.entrances
            ]
    assert not path.exists()


async def test_health_is_told_over_tls_and_a_unix_socket(tmp_path: Path, lines: Lines) -> None:
    """By the same environment, whatever names the certificate has, and also by one asked of us."""
    authority, port = Authority(tmp_path), free_port()
    cert, key = authority.issue("node", "node9")
    path = tmp_path / "door"
    environment = {"GOSSIPD_TLS_CERT": str(cert), "GOSSIPD_TLS_KEY": str(key), "PORT": str(port)}
    options = {"tls_cert": cert, "tls_key": key, "tls_client_ca": authority.file}
    http = (("127.0.0.1", port), path)
    config = DaemonConfig(**QUIET, bind=("127.0.0.1", port), http=http, **options)
    with trio.fail_after(10):
        async with open_daemon(config):
            for found in (door(environment), door({"GOSSIPD_HTTP": f"unix:{path}"})):
                verdict = await trio.to_thread.run_sync(ask_client, found, 5)
                assert "healthy" == verdict.status, verdict
            plain = Door(f"http://127.0.0.1:{port}")
            assert "healthy" != (await trio.to_thread.run_sync(ask_client, plain, 5)).status


async def test_names_of_the_node(lines: Lines) -> None:
    """Under its own names, the machine's and those that it is given it may be changed, else not."""
    port = free_port()
    options = {"advertise": f"localhost:{port}", "allowed_hosts": ("gossipd.example",)}
    async with running(bind=("127.0.0.1", port), **options):
        for host, status in (
            (socket.gethostname(), 200),
            ("gossipd.example", 200),
            (f"127.0.0.1:{port}", 200),
            ("evil.example", 421),
        ):
            head = f"POST /increment?ack=local HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            assert status == (await ask(port, f"{head}\r\n".encode()))[0]


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
