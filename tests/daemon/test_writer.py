"""The writing thread: the loop waits for a short call, and goes on beside a long one."""

from __future__ import annotations

import threading

import pytest
import trio
import trio.testing

from gossipd.daemon import writer
from gossipd.daemon.writer import WriterThread

ENOUGH = 20.0
"""Seconds after which a test has failed."""


class Turns:
    """Counts turns of the loop until it is cancelled."""

    def __init__(self) -> None:
        self.number = 0

    async def run(self) -> None:
        while True:
            self.number += 1
            await trio.lowlevel.checkpoint()


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
    """Also a few of the next ones are not waited for; then it is tried again."""
    thread, calls = WriterThread(), []
    for _ in range(writer._PASSED_OVER + 2):
        gate, turns = threading.Event(), Turns()

        def wait(gate: threading.Event = gate) -> None:
            assert gate.wait(ENOUGH)

        async def release(gate: threading.Event = gate, turns: Turns = turns) -> None:
            while turns.number < 10:
                await trio.lowlevel.checkpoint()
            gate.set()

        before = thread._passed_over
        with trio.fail_after(ENOUGH):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(turns.run)
                nursery.start_soon(release)
                await thread.run(wait)
                nursery.cancel_scope.cancel()
        calls.append((before, thread._passed_over))
    tried = writer._PASSED_OVER
    passed_over = [(number, number - 1) for number in range(tried, 0, -1)]
    assert [(0, tried), *passed_over, (0, tried)] == calls


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
