"""The thread that uses the store, and how trio's loop waits for it.

While the loop computes, a thread that wants to compute as well waits for the interpreter's lock at
every step of its own, and each attempt costs the loop something: a commit that takes 0.15 ms alone
took 0.5 ms beside a busy loop. So the loop stands still for a commit that is likely to be over
soon, for less time than a thread that computes may keep the lock (5 ms). A disk that is slower is
waited for as trio waits, with everything else going on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import trio

if TYPE_CHECKING:
    from outcome import Outcome

T = TypeVar("T")

_PATIENCE = 0.002
"""Seconds for which the loop stands still at most."""

_PASSED_OVER = 64
"""Calls for which it does not, at most, after one that took longer: one, and twice as many each
time that the next try takes longer too.
"""


class WriterThread:
    """Runs calls in a thread, for one task, which makes one at a time."""

    def __init__(self) -> None:
        self._passed_over = 0
        self._to_pass_over = 1

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """What the call returns or raises; a checkpoint only if it takes long.

        It is never abandoned: a cancelled caller waits too.
        """
        outcomes: list[Outcome[T]] = []
        running = threading.Lock()
        running.acquire()
        token = trio.lowlevel.current_trio_token()
        ended: trio.Event | None = None

        def deliver(outcome: Outcome[T]) -> None:
            outcomes.append(outcome)
            running.release()
            if ended is not None:
                token.run_sync_soon(ended.set)

        trio.lowlevel.start_thread_soon(lambda: call(*arguments), deliver)
        if not self._ends_soon(running):
            # Made before the lock is tried again: `deliver` releases it before it looks here.
            ended = trio.Event()
            if not running.acquire(blocking=False):
                with trio.CancelScope(shield=True):
                    await ended.wait()
        return outcomes.pop().unwrap()

    def _ends_soon(self, running: threading.Lock) -> bool:
        if self._passed_over:
            self._passed_over -= 1
            return False
        if running.acquire(timeout=_PATIENCE):
            self._to_pass_over = 1
            return True
        self._passed_over = self._to_pass_over
        self._to_pass_over = min(2 * self._to_pass_over, _PASSED_OVER)
        return False
