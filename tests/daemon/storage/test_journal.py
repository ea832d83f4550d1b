"""The queue before the store: order, group commit, failures and recovery."""

from __future__ import annotations

import trio
import trio.testing
from structlog.testing import capture_logs

from gossipd.daemon.storage.log import PIECE
from gossipd.protocol import Group, State, Write
from tests.daemon.storage.journals import GROUPS, Clock, Storage, journal


async def test_what_waits_goes_into_one_transaction(storage: Storage, mock_clock: Clock) -> None:
    """One is under way, what comes meanwhile goes into the next; all is reported in order."""
    async with journal(storage) as (under_test, kept):
        storage.gate = trio.Event()
        assert under_test.add(Write(1, ()))
        await trio.testing.wait_all_tasks_blocked()
        for number in range(2, 6):
            assert under_test.add(Write(number, ()))
        assert [] == kept.reports
        storage.gate.set()
        await trio.testing.wait_all_tasks_blocked()
    assert [[1], [2, 3, 4, 5]] == [numbers for numbers, *_ in storage.commits if numbers]
    assert [(number, True) for number in range(1, 6)] == kept.reports


async def test_what_changed_goes_along_once_a_second(storage: Storage, mock_clock: Clock) -> None:
    """With a write or by itself: members, and what was recorded. Else there is no transaction."""
    async with journal(storage) as (under_test, kept):
        for member, seconds in ("a", 0.5), ("", 0.6), ("", 1.1), ("b", 1.1):
            kept.changed += [member] if member else []
            mock_clock.jump(seconds)
            under_test.add(Write(1, ()))
            await trio.testing.wait_all_tasks_blocked()
        kept.changed = ["c"]
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
        under_test.record(Group(b"o" * 16, 0, 1, []))
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
    changed = [None if each is None else each.forgotten for _, each, _ in storage.commits]
    first = ("10.0.0.1:1",)
    assert [first, None, ("a",), None, ("b",), ("c",), None] == changed
    assert [0, 0, 0, 0, 0, 0, 1] == storage.taken


async def test_many_members_are_written_in_pieces(storage: Storage, mock_clock: Clock) -> None:
    """One after the other, each with the writes that wait: a write waits for one at most."""
    async with journal(storage) as (under_test, kept):
        kept.changed = [f"{number}" for number in range(PIECE + 200)]
        storage.gate = trio.Event()
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
        under_test.add(Write(1, ()))
        storage.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        assert [[], [1], []] == [numbers for numbers, *_ in storage.commits]
    sizes = [len(each.forgotten) for _, each, _ in storage.commits if each]
    assert [1, PIECE, 200] == sizes


async def test_a_checkpoint_is_written_in_pieces(storage: Storage, mock_clock: Clock) -> None:
    """One after the other, each with the writes that wait, and an empty one at the end.

    Each is read before the call that takes what was recorded: a piece must not be on the disk
    before what was merged by then.
    """
    async with journal(storage) as (under_test, kept):
        storage.grown = True
        kept.pieces = [[GROUPS[0]], [GROUPS[1]]]
        storage.calls = ""
        storage.gate = trio.Event()
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
        under_test.add(Write(1, ()))
        storage.gate.set()
        await trio.testing.wait_all_tasks_blocked()
        mock_clock.jump(1.1)
        await trio.testing.wait_all_tasks_blocked()
    assert "sbpscpscscs" == storage.calls
    assert [[1], [], []] == [numbers for numbers, *_ in storage.commits[1:]]
    assert [*kept.pieces, []] == [piece for *_, piece in storage.commits[1:]]


async def test_a_failure_ends_the_checkpoint_under_way(
    storage: Storage, autojump_clock: Clock
) -> None:
    """Another begins when the store says so, after what it held was told."""
    with capture_logs():
        async with journal(storage) as (_, kept):
            storage.grown = True
            kept.pieces = [[GROUPS[0]], [GROUPS[1]]]
            storage.failing = "disk full"
            await trio.sleep(1.1)
            storage.failing = None
            storage.calls = ""
            await trio.sleep(3)
            assert "ps" not in storage.calls
            storage.grown = True
            await trio.sleep(1.1)
    assert "sbpscpscsc" in storage.calls


async def test_a_failure_fails_all_that_waits_until_it_is_over(
    storage: Storage, autojump_clock: Clock
) -> None:
    """What comes meanwhile is refused at once; what the file holds is told before it goes on."""
    with capture_logs() as lines:
        async with journal(storage) as (under_test, kept):
            storage.failing = "disk full"
            storage.gate = trio.Event()
            under_test.add(Write(1, ()))
            await trio.testing.wait_all_tasks_blocked()
            under_test.add(Write(2, ()))
            storage.gate.set()
            await trio.testing.wait_all_tasks_blocked()
            assert [(1, False), (2, False)] == kept.reports
            assert "disk full" == under_test.trouble
            assert not under_test.add(Write(3, ()))
            await trio.sleep(130)
            assert storage.opened > 100
            storage.failing = None
            await trio.sleep(1.5)
            assert (None, GROUPS, ["10.0.0.7:1"]) == (under_test.trouble, kept.found, kept.held)
            assert under_test.add(Write(4, ()))
            await trio.testing.wait_all_tasks_blocked()
    assert (4, True) == kept.reports[-1]
    changed = [each.forgotten for _, each, _ in storage.commits if each]
    assert [("10.0.0.1:1",), ("10.0.0.7:1",)] == changed
    assert ["store_failed"] * 3 + ["store_recovered"] == [line["event"] for line in lines]
    assert "disk full" == lines[0]["reason"]


async def test_what_the_file_holds_is_told_group_by_group(
    storage: Storage, mock_clock: Clock
) -> None:
    """The loop goes on between them: no group of a file is large."""
    seen = set()
    async with journal(storage) as (under_test, kept):
        storage.failing = "disk full"
        under_test.add(Write(1, ()))
        await trio.testing.wait_all_tasks_blocked()
        storage.failing = None
        mock_clock.jump(1.1)
        for _ in range(10):
            await trio.lowlevel.checkpoint()
            seen.add(len(kept.found))
        assert under_test.trouble is not None
    assert len(seen) > 3


async def test_a_store_that_cannot_be_written_at_start_is_tried_again(
    storage: Storage, autojump_clock: Clock
) -> None:
    """Nothing is taken before that."""
    storage.trouble = storage.failing = "read-only"
    with capture_logs():
        async with journal(storage) as (under_test, kept):
            assert not under_test.add(Write(1, ()))
            storage.failing = None
            await trio.sleep(1.5)
            assert under_test.add(Write(2, ()))
            await trio.testing.wait_all_tasks_blocked()
    assert [(2, True)] == kept.reports


async def test_a_file_that_turns_out_to_be_damaged_ends_nothing(
    storage: Storage, autojump_clock: Clock
) -> None:
    """The reason is told, and it is tried again: somebody may put it right."""
    with capture_logs() as lines:
        async with journal(storage) as (under_test, _):
            storage.failing = "disk full"
            under_test.add(Write(1, ()))
            await trio.testing.wait_all_tasks_blocked()
            storage.damage = "gossipd.db is damaged"
            await trio.sleep(70)
            assert "gossipd.db is damaged" == under_test.trouble
            storage.failing = storage.damage = None
            await trio.sleep(1.5)
            assert under_test.trouble is None
    assert "gossipd.db is damaged" in [line.get("reason") for line in lines]


async def test_what_is_on_disk_is_reported_before_what_failed_after_it(
    storage: Storage, mock_clock: Clock
) -> None:
    """In the order in which they were staged."""
    async with journal(storage) as (under_test, kept):
        assert under_test.add(Write(1, ()))
        await trio.testing.wait_all_tasks_blocked()
        storage.failing = "disk full"
        assert under_test.add(Write(2, ()))
        with capture_logs():
            await trio.testing.wait_all_tasks_blocked()
    assert [(1, True), (2, False)] == kept.reports


async def test_what_was_taken_away_is_written_anew_from_memory(
    storage: Storage, mock_clock: Clock
) -> None:
    """Once a second, before what waits; one line tells it, and nothing fails."""
    with capture_logs() as lines:
        async with journal(storage) as (under_test, kept):
            storage.missing = "gossipd.db-wal"
            under_test.add(Write(1, ()))
            await trio.testing.wait_all_tasks_blocked()
            assert [] == storage.renewed, "names are compared more than once a second"
            under_test.record(Group(b"o" * 16, 0, 1, []))
            mock_clock.jump(1.1)
            under_test.add(Write(2, ()))
            await trio.testing.wait_all_tasks_blocked()
            assert ([State(7)], None) == (storage.renewed, under_test.trouble)
            assert [(1, True), (2, True)] == kept.reports
            assert 1 in storage.taken, "what was recorded is not known to be in the new file"
            mock_clock.jump(1.1)
            await trio.testing.wait_all_tasks_blocked()
    assert 1 == len(storage.renewed)
    [line] = lines
    assert ("store_files_lost", "gossipd.db-wal") == (line["event"], line["files"])


async def test_what_cannot_be_written_anew_is_trouble(storage: Storage, mock_clock: Clock) -> None:
    """Writes that wait fail, no more are taken, and the line says why."""
    with capture_logs() as lines:
        async with journal(storage) as (under_test, kept):
            storage.missing, storage.failing = "gossipd.db", "the directory was taken away"
            mock_clock.jump(1.1)
            under_test.add(Write(1, ()))
            await trio.testing.wait_all_tasks_blocked()
            assert "the directory was taken away" == under_test.trouble
            assert [(1, False)] == kept.reports
            assert not under_test.add(Write(2, ()))
    [line] = lines
    assert ("store_failed", "the directory was taken away") == (line["event"], line["reason"])
