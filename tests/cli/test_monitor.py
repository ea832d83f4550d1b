"""`gossipd monitor` where it cannot show anything."""

from __future__ import annotations

import sys

import pytest

from tests.cli.invoking import invoke
from tests.fake_daemons import answering, refusing


def test_it_needs_a_terminal() -> None:
    """It says so, and what to take instead."""
    with answering(b"HTTP/1.1 200 OK\r\n\r\n{}") as url:
        result = invoke("monitor", "--url", url)
    assert (2, "", 1) == (result.exit_code, result.stdout, len(result.stderr.splitlines()))
    assert "`gossipd events`" in result.stderr


def test_it_needs_a_node_at_its_start() -> None:
    """As other commands do, it ends with 3 if nobody answers, and with 1 if it is refused."""
    assert 3 == invoke("monitor", "--url", refusing()).exit_code
    with answering(b'HTTP/1.1 403 No\r\n\r\n{"detail":"the token may not"}') as url:
        result = invoke("monitor", "--url", url)
    assert (1, True) == (result.exit_code, "the token may not" in result.stderr)


def test_it_needs_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says how to install it."""
    for name in [each for each in sys.modules if each.startswith("gossipd.monitor")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    result = invoke("monitor")
    assert (1, 1) == (result.exit_code, len(result.stderr.splitlines()))
    assert "pip install 'gossipd[monitor]'" in result.stderr
