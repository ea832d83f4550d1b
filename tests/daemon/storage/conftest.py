"""A store that is none, for tests of the journal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio

from gossipd.daemon.storage.writer import WriterThread
from tests.daemon.storage.journals import Storage


@pytest.fixture
def storage(monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A storage whose thread is no thread, so that the clock need not be a real one."""
    made = Storage()

    async def run(self: WriterThread, call: Callable[..., Any], *arguments: Any) -> Any:
        await trio.lowlevel.checkpoint()
        if made.gate is not None:
            await made.gate.wait()
        return call(*arguments)

    monkeypatch.setattr(WriterThread, "run", run)
    return made
