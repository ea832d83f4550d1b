"""The doors of a real node: tokens and TLS that change under load, and where no secret is found."""

from __future__ import annotations

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPSConnection
from pathlib import Path

import pytest

from gossipd.client import Door, Trust, ask, fetch
from gossipd.daemon.access import new_token
from gossipd.daemon.sealing import new_key, write_key
from gossipd.secret_files import write_secret
from lab.processes import Node, eventually
from lab.processes.addresses import free_addresses
from tests.certificates import Authority
from tests.real.namespace import network_of_its_own

pytestmark = pytest.mark.real


class Guarded:
    """A node with keys, tokens, TLS, a Unix socket and a door for Redis clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.cert, self.tls_key = self.authority.issue("node", "127.0.0.1")
        self.key = new_key()
        self.secrets: dict[str, str] = {}
        lines = []
        for role in ("read", "count", "admin"):
            self.secrets[role], token = new_token(role, f"a-{role}")  # type: ignore[arg-type]
            lines.append(f"{token.line}\n")
        write_key(folder / "keys", self.key)
        write_secret(folder / "tokens", "token file", "".join(lines))
        (_, port), self.redis = free_addresses(1)[0], _free_port()
        self.unix = folder / "door"
        self.data = folder / "data"
        flags = {
            "--http": f"127.0.0.1:{port},unix:{self.unix}",
            "--redis": f"127.0.0.1:{self.redis}",
            "--key-file": folder / "keys",
            "--token-file": folder / "tokens",
            "--tls-cert": self.cert,
            "--tls-key": self.tls_key,
            "--data-dir": self.data,
            "--log-level": "debug",
        }
        given = [f"{flag}={value}" for flag, value in flags.items()]
        self.node = Node("127.0.0.1", port, folder, given)
        self.trust = Trust(ca_file=str(self.authority.file))

    def door(self, secret: str = "") -> Door:
        return Door(f"https://127.0.0.1:{self.node.port}", secret, self.trust)

    def events(self) -> list[str]:
        return [line["event"] for line in self.node.lines()]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def guarded(folder: Path) -> Iterator[Guarded]:
    """Runs such a node for the length of the block, in a network of its own."""
    with network_of_its_own():
        made = Guarded(folder)
        try:
            made.node.start()
            eventually("it is ready", lambda: ask(made.door(), 5).exit_code == 0, 30)
            yield made
        finally:
            made.node.end()


class Load:
    """Counts all the time over one connection and over a new one each time; all must be right."""

    def __init__(self, site: Guarded) -> None:
        self._site = site
        self._end = threading.Event()
        self.counted = 0
        self.wrong: list[object] = []
        self._threads = [threading.Thread(target=self._run, args=(keep,)) for keep in (True, False)]

    def _run(self, keep: bool) -> None:
        context = self._site.trust.context()
        shown = {"Authorization": f"Bearer {self._site.secrets['count']}"}
        connection: HTTPSConnection | None = None
        while not self._end.is_set():
            try:
                if connection is None:
                    port = self._site.node.port
                    connection = HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
                connection.request("POST", "/increment", headers=shown)
                answer = connection.getresponse()
                answer.read()
                if answer.status != 200:
                    self.wrong.append(answer.status)
            except OSError as error:
                self.wrong.append(error)
                return
            self.counted += 1
            if not keep:
                connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        for thread in self._threads:
            thread.join(20)


def test_certificates_and_tokens_change_under_load(folder: Path) -> None:
    """No request of a client that may stay is lost; new connections get the new certificate."""
    with guarded(folder) as site:
        with Load(site) as load:
            for number in range(3):
                before = site.events().count("tls_read")
                cert, key = site.authority.issue(f"new{number}", "127.0.0.1")
                os.replace(cert, site.cert)
                os.replace(key, site.tls_key)
                site.node.send(signal.SIGHUP)
                eventually("it is read", lambda n=before: site.events().count("tls_read") > n, 10)  # type: ignore[misc]
                counted = load.counted
                eventually("all go on", lambda n=counted: load.counted > n + 20, 20)  # type: ignore[misc]
            lines = (folder / "tokens").read_text(encoding="ascii").splitlines()
            write_secret(folder / "new", "token file", "\n".join(lines[1:]))
            os.replace(folder / "new", folder / "tokens")
            removed = site.door(site.secrets["read"])
            refused = f"{removed.url} answered 401"
            eventually(refused, lambda: refused in fetch(removed, 5, "/count")[0].detail, 10)
        assert [] == load.wrong
        print(f"{load.counted} increments while three certificates changed")
        context = site.trust.context()
        with (
            socket.create_connection(("127.0.0.1", site.node.port), 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as shown,
        ):
            found = shown.getpeercert()
            assert found is not None
            assert ((("commonName", "new2"),),) == found["subject"]


def _talk_to_redis(site: Guarded, *lines: str) -> bytes:
    context = ssl.create_default_context(cafile=site.authority.file)
    answers = b""
    with (
        socket.create_connection(("127.0.0.1", site.redis), 5) as plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as client,
    ):
        for line in lines:
            client.sendall(f"{line}\r\n".encode())
            answers += client.recv(65536)
    return answers


def _asked(site: Guarded) -> bytes:
    """Everything that a node with these tokens answers, to right and wrong requests."""
    admin, read, wrong = site.secrets["admin"], site.secrets["read"], "gdt_" + "w" * 43
    found = ""
    for path in (
        "/metrics",
        "/v1/status",
        "/v1/keys",
        "/healthz?verbose",
        "/openapi.json",
        "/peers",
    ):
        verdict, body = fetch(site.door(admin), 5, path)
        assert 0 == verdict.exit_code, verdict
        found += body
    for secret in (wrong, read, admin):
        for path in ("/register", "/increment", "/nothing", f"/count?token={secret}"):
            verdict, body = fetch(site.door(secret), 5, path, "POST", '{"id": "127.0.0.1:9"}')
            found += verdict.detail + body
    commands = ("CLIENT INFO", "INFO", "CONFIG GET *", "INCR a", "FOO")
    answers = _talk_to_redis(site, f"AUTH {wrong}", f"AUTH a-read {read}", *commands)
    assert b"WRONGPASS" in answers
    assert b"NOPERM" in answers
    return found.encode() + answers


def test_no_secret_is_found_anywhere(folder: Path) -> None:
    """Neither in a process list, nor in a log line, a metric, an answer, the store or a backup."""
    with guarded(folder) as site:
        answers = _asked(site)
        for name in ("keys", "tokens", site.tls_key.name):
            path = folder / name
            kept = path.read_bytes()
            path.write_bytes(kept + b"\n" + kept.replace(b"-----", b"----"))
            site.node.send(signal.SIGHUP)
            event = {"keys": "keys_not_read", "tokens": "tokens_not_read"}.get(name, "tls_read")
            eventually("it is read", lambda event=event: event in site.events(), 10)  # type: ignore[misc]
            path.write_bytes(kept)
        process = Path(f"/proc/{site.node.process.pid}")
        commands = (process / "cmdline").read_bytes()
        limits = (process / "limits").read_text(encoding="ascii")
        assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE), "it leaves no core"
        metrics = fetch(site.door(site.secrets["admin"]), 5, "/metrics")[1].encode()
        site.node.send(signal.SIGTERM)
        assert 0 == site.node.process.wait(10)
        backup = folder / "backup"
        store = [sys.executable, "-m", "gossipd", "store", "backup", str(site.data), str(backup)]
        subprocess.run(store, check=True, timeout=30)
        files = [path for path in site.data.rglob("*") if path.is_file()]
        places = {
            "answers": answers,
            "process list": commands,
            "metrics": metrics,
            "log": site.node.log_path.read_bytes(),
            "store": b"".join(path.read_bytes() for path in files),
            "backup": backup.read_bytes(),
        }
        pem = site.tls_key.read_text(encoding="ascii").splitlines()[1]
        secrets = {"key": site.key.secret.hex(), "TLS key": pem, "wrong": "w" * 43, **site.secrets}
        found = [
            (what, where)
            for what, secret in secrets.items()
            for where, content in places.items()
            if secret.encode() in content or bytes(secret, "utf-16-le") in content
        ]
        found += [("raw key", where) for where, each in places.items() if site.key.secret in each]
        assert [] == found
        # The search would find them: names are in all places where they may be.
        assert all(b"a-admin" in places[where] for where in ("metrics", "log"))
        assert not site.unix.exists()
