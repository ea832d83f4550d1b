"""Files that change are read again."""

from __future__ import annotations

from pathlib import Path

import trio
import trio.testing

from gossipd.daemon.file_watch import FileWatch


async def test_each_change_is_seen_once(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Of any of the files, also that one comes or goes."""
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("a")
    calls: list[float] = []
    async with trio.open_nursery() as nursery:
        watch = FileWatch((one, two), lambda: calls.append(trio.current_time()))
        nursery.start_soon(watch.run)
        await trio.sleep(7)
        assert 0 == len(calls)
        two.write_text("b")
        await trio.sleep(7)
        assert 1 == len(calls)
        one.unlink()
        await trio.sleep(7)
        assert 2 == len(calls)
        watch.read()
        await trio.sleep(7)
        assert 3 == len(calls)
        nursery.cancel_scope.cancel()
