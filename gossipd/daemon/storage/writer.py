"""The thread that uses the store, and how trio's loop waits for it.

While the loop computes, a thread that also wants to compute waits for the interpreter's lock at
every step of its own, and each of its attempts to get the lock costs the loop something. A commit
that takes 0.15 ms alone took 0.5 ms beside a busy loop. So the loop stands still for a commit that
is likely to end soon, for less time than a computing thread may keep the lock (5 ms). For a slower
disk the loop waits as trio waits, and everything else goes on.
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
"""The longest time in seconds for which the loop stands still."""

_MOST_PASSED_OVER = 64
"""After a call for which the loop stood still in vain, it does not stand still for the next call;
after a second such call in a row for the next 2, then 4, up to this number.

On a disk whose commits take 5 ms the loop makes 100,000 turns a second that way, and 57,000 if it
stands still for every commit. The number begins with 1 so that one slow commit on a fast disk, such
as one that moves SQLite's log, does not slow down the commits after it.
"""


class WriterThread:
    """Runs calls in a thread, for one task, which makes one call at a time."""

    def __init__(self) -> None:
        self._passed_over = 0
        self._to_pass_over = 1

    async def run(self, call: Callable[..., T], *arguments: Any) -> T:
        """Returns or raises what the call does. It is a checkpoint only if the call takes long.

        The call is never abandoned: a caller that is cancelled waits for its end.
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
            # The event must exist before the lock is tried again, because `deliver` releases the
            # lock before it looks for an event.
            ended = trio.Event()
            if not running.acquire(blocking=False):
                with trio.CancelScope(shield=True):
                    await ended.wait()
        return outcomes.pop().unwrap()

    def _ends_soon(self, running: threading.Lock) -> bool:
        """Stands still for the call, unless it is to be passed over; returns whether it ended."""
        if self._passed_over:
            self._passed_over -= 1
            return False
        if running.acquire(timeout=_PATIENCE):
            self._to_pass_over = 1
            return True
        self._passed_over = self._to_pass_over
        self._to_pass_over = min(2 * self._to_pass_over, _MOST_PASSED_OVER)
        return False
