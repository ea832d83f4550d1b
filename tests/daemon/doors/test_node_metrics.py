"""A daemon tells whether it is ready, whether its store fails, and how long answers take."""

from __future__ import annotations

from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gossipd.daemon.config import DaemonConfig
from gossipd.daemon.open import Daemon, open_daemon
from tests.daemon.asking import QUIET, ask, free_port, get

INCREMENT = b"POST /increment HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


async def scraped(port: int) -> dict[str, float]:
    """Returns the samples that have no label, and the last bucket of each histogram."""
    text = (await ask(port, get("/metrics")))[1].decode()
    samples = [each for family in text_string_to_metric_families(text) for each in family.samples]
    return {one.name: one.value for one in samples if one.labels in ({}, {"le": "+Inf"})}


def disturb(daemon: Daemon, monkeypatch: pytest.MonkeyPatch, reason: str | None) -> None:
    """Lets the store be in trouble."""
    monkeypatch.setattr(daemon.service, "trouble", lambda: reason)


async def test_a_node_tells_how_it_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ready or not, and the times of requests and writes."""
    port = free_port()
    config = DaemonConfig(**{**QUIET, "bind": ("127.0.0.1", port), "data_dir": tmp_path / "d"})
    async with open_daemon(config) as daemon:
        await ask(port, INCREMENT)
        await ask(port, get("/count"))
        found = await scraped(port)
        assert (1, 0) == (found["gossipd_ready"], found["gossipd_store_failing"])
        assert (2, 2) == tuple(
            found[f"gossipd_http_request_seconds_{end}"] for end in ("bucket", "count")
        )
        assert 1 == found["gossipd_write_seconds_count"]
        assert 0 < found["gossipd_write_seconds_sum"] < found["gossipd_http_request_seconds_sum"]
        disturb(daemon, monkeypatch, "no space")
        found = await scraped(port)
        assert (0, 1) == (found["gossipd_ready"], found["gossipd_store_failing"])
        monkeypatch.undo()


async def test_a_node_that_keeps_nothing_has_no_store_that_fails() -> None:
    """Nobody takes it for a node whose disk is well."""
    port = free_port()
    async with open_daemon(DaemonConfig(**{**QUIET, "bind": ("127.0.0.1", port)})):
        found = await scraped(port)
    assert 1 == found["gossipd_ready"]
    assert "gossipd_store_failing" not in found
