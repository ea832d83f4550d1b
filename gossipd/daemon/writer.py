"""The thread that uses the store, and how trio's loop waits for it.

While the loop computes, a thread that wants to compute as well waits for the interpreter's lock at
every step of its own, and each attempt costs the loop something: a commit that takes 0.15 ms alone
took 0.5 ms beside a busy loop. So the loop stands still for a commit that is likely to be over
soon, for less time than Python would give to any other thread. A disk that is slower than that is
waited for as trio waits, with everything else going on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar

import trio

T = TypeVar("T")

_PATIENCE = 0.002
"""Seconds for which the loop stands still at most."""

_PASSED_OVER = 64
"""Calls for which it does not at most, after some that took longer: one after the first of them,
then twice as many each time.
"""


class WriterThread:
    """Runs one call at a time."""

    def __init__(self) -> None:
        self._passed_over = 0
        self._to_pass_over = 1

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """What the call returns or raises. It is never abandoned: a cancelled caller waits too."""
        returned: list[T] = []
        raised: list[BaseException] = []
        running = threading.Lock()
        running.acquire()
        token, ended = trio.lowlevel.current_trio_token(), trio.Event()
        waited_for = False

        def work() -> None:
            try:
                returned.append(call(*arguments))
            except BaseException as error:
                raised.append(error)

        def deliver(_: object) -> None:
            running.release()
            if waited_for:
                token.run_sync_soon(ended.set)

        trio.lowlevel.start_thread_soon(work, deliver)
        if not self._ends_soon(running):
            # Said before it is looked at again, as `deliver` looks after it has released.
            waited_for = True
            if not running.acquire(blocking=False):
                with trio.CancelScope(shield=True):
                    await ended.wait()
        for error in raised:
            raise error
        return returned[0]

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
