"""One real node: a process of `gossipd run`, its log, and what it answers over HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from prometheus_client.parser import text_string_to_metric_families

from .client import Client
from .waiting import eventually

ROOT = Path(__file__).parents[2]
"""The checkout. Processes are started in it, so that they run its code."""

_NODE_VARIABLES = ("GOSSIPD_", "PORT", "PEERS")

Line = dict[str, Any]
"""One line of a node's log, parsed, with the further key `at`: its time in Unix seconds."""


def environment() -> dict[str, str]:
    """Returns this process's environment without the variables that configure a node."""
    return {key: value for key, value in os.environ.items() if not key.startswith(_NODE_VARIABLES)}


class Node:
    """A node that may be started several times, each time as a new process.

    Attributes:
        id: its address, which is its node id.
        bind: the host that it is bound to.
        discovery: whether it looks for peers by broadcast. It is off by default, since clusters of
            other programs on this machine would hear that.
        flags: the flags of its next start.
        variables: environment variables of its next start, in addition to this process's.
        directory: its data directory, if its cluster keeps data.
        process: the process of its last start.
        log_path: the log file of its last start.
    """

    process: subprocess.Popen[bytes]
    log_path: Path

    def __init__(
        self,
        host: str,
        port: int,
        folder: Path,
        flags: Sequence[str],
        *,
        discovery: bool = False,
        prefix: Sequence[str] = (),
    ) -> None:
        """`prefix` is put before the command: a program that runs it in another namespace, say."""
        self.host, self.port = host, port
        self.id = f"{host}:{port}"
        self.bind = host
        self.discovery = discovery
        self._prefix = prefix
        self.variables: dict[str, str] = {}
        self.directory = folder / f"{host}-{port}"
        self._folder = folder
        kept = any(flag.startswith("--data-dir") for flag in flags)
        self.flags = list(flags) if kept else [*flags, "--ephemeral"]
        self._starts = 0

    def start(self) -> None:
        """Starts a process; it does not answer yet when this returns."""
        self._starts += 1
        self.log_path = self._folder / f"{self.host}-{self.port}-{self._starts}.log"
        program = [*self._prefix, sys.executable, "-m", "gossipd"]
        command = [*program, "run", "--bind", f"{self.bind}:{self.port}"]
        if not self.discovery:
            command.append("--no-discovery")
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [*command, "--log-format", "json", *self.flags],
                cwd=ROOT,
                env=environment() | self.variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process, if it has not ended."""
        self.process.send_signal(number)

    def kill(self) -> float:
        """Kills the process, and returns the Unix time at which that happened."""
        at = time.time()
        self.process.kill()
        self.process.wait(5)
        return at

    def end(self) -> None:
        """Kills the process if one was started and has not ended, also if it is stopped."""
        if not self._starts:
            return
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(5)

    def lines(self) -> list[Line]:
        """Returns the lines of its log so far."""
        text = self.log_path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        found: list[Line] = [json.loads(line) for line in whole.splitlines()]
        for line in found:
            line["at"] = datetime.fromisoformat(line["timestamp"]).timestamp()
        return found

    def events(self, name: str, member: str | None = None, since: float = 0.0) -> list[Line]:
        """Returns its log lines of one event, about this member or about any, from a time on."""
        return [
            line
            for line in self.lines()
            if line["event"] == name
            and line["at"] >= since
            and (member is None or line.get("member") == member)
        ]

    def ask(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        """Sends one request on a new connection; returns status, headers and body."""
        with self.client() as client:
            return client.ask(method, path, body)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Opens a connection for several requests, for the length of the block."""
        client = Client(self.host, self.port)
        try:
            yield client
        finally:
            client.close()

    def get(self, path: str) -> Any:
        """Returns the JSON that GET on this path answers; the status must be 200."""
        status, _, body = self.ask("GET", path)
        assert status == 200, (path, status, body)
        return json.loads(body)

    def answers(self) -> bool:
        """Returns whether it answers requests. Raises AssertionError if the process has ended."""
        try:
            return bool(self.get("/health"))
        except OSError:
            assert self.process.poll() is None, self.log_path.read_text(encoding="utf-8")
            return False

    def peers(self) -> set[str]:
        """Returns the ids of the peers that it lists."""
        return set(self.get("/peers"))

    def count(self) -> int:
        """Returns the count that it shows."""
        value: int = self.get("/count")["count"]
        return value

    def counters(self) -> dict[str, int]:
        """Returns the counters that it shows, without the default one."""
        found: dict[str, int] = {}
        path: str | None = "/v1/counters?limit=1000"
        while path is not None:
            page = self.get(path)
            found |= {each["name"]: each["value"] for each in page["counters"]}
            path = page["next"] and f"/v1/counters?limit=1000&after={quote(page['next'])}"
        found.pop("default")
        return found

    def comes_to_list(self, ids: set[str], within: float) -> None:
        """Waits until it lists these peers and no others."""
        eventually(f"{self.id} lists {len(ids)}", lambda: self.peers() == ids, within)

    def comes_to_show(self, count: int, within: float) -> None:
        """Waits until it shows this count."""
        eventually(f"{self.id} shows {count}", lambda: self.count() == count, within)

    def comes_to_log(self, name: str, member: str, within: float, since: float = 0.0) -> Line:
        """Waits for a log line of that event about that member, and returns the first one."""
        return eventually(
            f"{self.id} logs {name} of {member}",
            lambda: self.events(name, member, since),
            within,
        )[0]

    def metric(self, name: str, **labels: str) -> float:
        """Returns the sum of the samples of that name and these labels at /metrics."""
        page = self.ask("GET", "/metrics")[2].decode()
        return sum(
            sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        )
