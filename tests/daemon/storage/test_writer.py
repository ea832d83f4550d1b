"""The writing thread: the loop waits for a short call, and goes on beside a long one."""

from __future__ import annotations

import threading

import pytest
import trio
import trio.testing

from gossipd.daemon.storage import writer
from gossipd.daemon.storage.writer import WriterThread

ENOUGH = 20.0
"""Seconds after which a test has failed."""


async def test_it_returns_and_raises_what_the_call_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """In another thread, whether the loop stands still for it or not."""
    for patience in (ENOUGH, 0.0):
        monkeypatch.setattr(writer, "_PATIENCE", patience)
        thread = WriterThread()
        assert threading.get_ident() != await thread.run(threading.get_ident)
        assert 5 == await thread.run(max, 5, 3)
        with pytest.raises(ZeroDivisionError):
            await thread.run(divmod, 1, 0)


async def test_the_loop_stands_still_for_a_short_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other task runs until it is over."""
    monkeypatch.setattr(writer, "_PATIENCE", ENOUGH)
    with trio.testing.assert_no_checkpoints():
        await WriterThread().run(lambda: None)


async def test_the_loop_goes_on_beside_a_long_call() -> None:
    """Its turns pass, though the call ends only after them."""
    gate = threading.Event()

    async def release() -> None:
        for _ in range(10):
            await trio.lowlevel.checkpoint()
        gate.set()

    with trio.fail_after(ENOUGH):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(release)
            assert await WriterThread().run(gate.wait, ENOUGH)


async def test_long_calls_are_waited_for_less_and_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until one is short again: a slow disk costs the loop no time, and a slow moment nothing."""
    monkeypatch.setattr(writer, "_MOST_PASSED_OVER", 4)
    tried: list[str] = []

    class Noting(WriterThread):
        def _ends_soon(self, running: threading.Lock) -> bool:
            tried.append("-" if self._passed_over else "+")
            return super()._ends_soon(running)

    async def run(long: bool) -> None:
        gate = threading.Event()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(thread.run, gate.wait, ENOUGH if long else 0)
            await trio.testing.wait_all_tasks_blocked()
            gate.set()

    thread = Noting()
    with trio.fail_after(ENOUGH):
        for _ in range(17):
            await run(long=True)
        monkeypatch.setattr(writer, "_PATIENCE", ENOUGH)
        for _ in range(4):
            await run(long=False)
        monkeypatch.setattr(writer, "_PATIENCE", 0.001)
        for _ in range(3):
            await run(long=True)
    assert "+-+--+----+----+-" + "---+" + "+-+" == "".join(tried)


async def test_a_cancelled_caller_waits_for_the_end() -> None:
    """Nothing uses the store while the thread still does."""
    thread, gate, ended = WriterThread(), threading.Event(), []
    scope = trio.CancelScope()

    async def caller() -> None:
        with scope:
            await thread.run(gate.wait, ENOUGH)
        ended.append(gate.is_set())

    with trio.fail_after(ENOUGH):
        async with trio.open_nursery() as nursery:
            nursery.start_soon(caller)
            await trio.testing.wait_all_tasks_blocked()
            scope.cancel()
            await trio.testing.wait_all_tasks_blocked()
            gate.set()
    assert [True] == ended
