"""A node inside a program, over loopback: what it counts, shows, and how it ends."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import structlog
import trio

import gossipd
from gossipd.daemon.future import Future
from gossipd.daemon.inside import Add, Counted, Node, OutcomeUnknown, open_node
from gossipd.protocol import Reset, Stated
from tests.daemon.asking import QUIET, ask, free_port, get
from tests.daemon.conftest import Lines


def opened(**options: Any) -> Any:
    """A node on a free port that looks for nobody."""
    return open_node(**{"bind": f"127.0.0.1:{free_port()}", **QUIET, **options})


async def test_every_command() -> None:
    """Each is answered with the value, the change, and who holds it."""
    with trio.fail_after(20):
        async with opened() as node:
            assert Counted(5, 5, 1, 1) == await node.add("views", 5)
            assert Counted(6, 1, 1, 1) == await node.add("views", 9, limit=6)
            assert (7, 7) == ((await node.add("views", key="k")).value, node.value("views"))
            assert 0 == (await node.add("views", key="k")).changed
            assert 8 == (await node.state("views", "me", 1)).value
            assert 8 == (await node.reset("views")).changed
            await node.add("session", ttl=60)
            assert 59 < (node.expires_in("session") or 0) <= 60
            both = await node.change([Add("a", 2), Reset("session"), Stated("b", "me", 3)])
            assert [(2, 2), (0, 1), (3, 3)] == [(each.value, each.changed) for each in both]
            assert [("a", 2), ("b", 3)] == node.counters(limit=2)
            assert [("session", 0), ("views", 0)] == node.counters(after="default")
            await node.delete("a")
            assert [] == node.counters("a")
            assert not node.knows("a")
            assert [] == await node.change([])
            with pytest.raises(ValueError, match="name"):
                await node.add("", 1)
            with pytest.raises(gossipd.LimitExceeded):
                await node.add("views", 1 << 60)


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("amount", Add("a", 0.5)),  # type: ignore[arg-type]
        ("amount", Add("a", True)),
        ("amount", Add("a", "1")),  # type: ignore[arg-type]
        ("name", Add(b"a")),  # type: ignore[arg-type]
        ("key", Add("a", key=b"k")),  # type: ignore[arg-type]
        ("limit", Add("a", limit=1.5)),  # type: ignore[arg-type]
        ("ttl", Add("a", ttl=float("inf"))),
        ("total", Stated("a", "me", 2.0)),  # type: ignore[arg-type]
    ],
)
async def test_what_is_of_a_wrong_type_is_refused(field: str, change: Add | Stated) -> None:
    """A store could not be read again, or the node would end."""
    with trio.fail_after(20):
        async with opened() as node:
            with pytest.raises(ValueError, match=field):
                await node.change([change])
            assert 1 == (await node.add("a")).value


async def test_two_nodes_in_one_process() -> None:
    """They meet, and each tells of the other and of its counts, until it has left."""
    with trio.fail_after(20):
        async with opened() as one:
            events, prefix = one.events(), one.watch_prefix("vi")
            async with opened(join=one.id) as other:
                assert ("member_joined", other.id) == await happening(events)
                await other.add("views", 5, ack="all")
                assert ("views", 5, True) == await anext(prefix)
                watch = one.watch("views")
                assert 5 == await anext(watch)
                await other.add("views")
                assert 6 == await anext(watch)
                assert ["alive", "alive"] == [each.state for each in one.members()]
            assert ("member_left", other.id) == await happening(events)


async def test_tags_of_a_node_are_known_to_the_others() -> None:
    """By name; and what is wrong with one is told before anything is opened."""
    with pytest.raises(ValueError, match="at most 16"):
        opened(tags={f"tag{number}": "x" for number in range(17)})
    with pytest.raises(ValueError, match="no '='"):
        opened(tags={"a=b": "c"})
    tags = {"role": "web", "zone": "a"}
    with trio.fail_after(20):
        async with opened() as one:
            events = one.events()
            async with opened(join=one.id, tags=tags) as other:
                assert ("member_joined", other.id) == await happening(events)
                assert ("member_tags", other.id) == await happening(events)
                assert [{}, tags] == sorted((e.tags for e in one.members()), key=len)
                assert [{}, tags] == sorted((e.tags for e in other.members()), key=len)


async def happening(events: Any) -> tuple[str, str]:
    event = await anext(events)
    return event["event"], event["member"]


async def test_who_is_cancelled_leaves() -> None:
    """Within the grace period the other node knows that it left, and did not crash."""
    with trio.fail_after(20):
        async with opened() as one:
            events = one.events()
            began = trio.current_time()
            with trio.CancelScope() as scope:
                async with opened(join=[one.id]) as other:
                    assert ("member_joined", other.id) == await happening(events)
                    began = trio.current_time()
                    scope.cancel()
                    await trio.sleep_forever()
            assert scope.cancelled_caught
            assert trio.current_time() - began < 3
            assert ("member_left", other.id) == await happening(events)


async def test_an_error_of_the_block_is_raised_as_it_is() -> None:
    """Not in a group, and the node leaves first."""
    with trio.fail_after(20):
        async with opened() as one:
            events = one.events()

            async def fail() -> None:
                async with opened(join=[one.id]):
                    await happening(events)
                    raise ZeroDivisionError

            with pytest.raises(ZeroDivisionError):
                await fail()
            assert "member_left" == (await happening(events))[0]


async def test_what_ends_with_the_node() -> None:
    """Iterators of other tasks end; later ones are empty, and writes are refused."""
    with trio.fail_after(20):
        async with trio.open_nursery() as nursery, opened() as node:
            seen: list[int] = []
            waiting = trio.Event()

            async def follow() -> None:
                async for value in node.watch("views"):
                    seen.append(value)
                    waiting.set()

            nursery.start_soon(follow)
            await waiting.wait()
        assert [0] == seen
        assert [] == [each async for each in node.events()]
        with pytest.raises(gossipd.Refused):
            await node.add("views")


async def test_a_write_that_waits_when_the_node_ends() -> None:
    """Its outcome is unknown."""

    class Silent:
        draining = False

        def change(self, *_: Any) -> Any:
            return Future()

    node = Node(Silent())  # type: ignore[arg-type]
    async with trio.open_nursery() as nursery:

        async def write() -> None:
            with pytest.raises(OutcomeUnknown, match="stopped"):
                await node.add("views")

        nursery.start_soon(write)
        await trio.testing.wait_all_tasks_blocked()
        node.end()


async def test_doors_are_opened_on_demand(tmp_path: Path) -> None:
    """HTTP at the node's own port, and nothing listens there without; counts are kept."""
    port, redis = free_port(), free_port()
    bind, where = f"127.0.0.1:{port}", tmp_path / "state"
    with trio.fail_after(20):
        async with opened(bind=bind, data_dir=where) as node:
            await node.add("default", 3)
            with pytest.raises(OSError, match="connect"):
                await ask(port, get("/count"))
        doors = {"http": True, "redis": f"127.0.0.1:{redis}"}
        async with opened(bind=bind, data_dir=str(where), **doors):
            assert 3 == json.loads((await ask(port, get("/count")))[1])["count"]
            async with await trio.open_tcp_stream("127.0.0.1", redis) as stream:
                await stream.send_all(b"PING\r\n")
                assert b"+PONG\r\n" == await stream.receive_some()


async def test_wrong_options_are_told_at_once() -> None:
    """Before anything is opened; and an address in use on entry, not in a group."""
    with pytest.raises(ValueError, match="port"):
        opened(bind="127.0.0.1:0")
    with pytest.raises(TypeError, match="colour"):
        opened(colour="red")
    async with opened() as node:
        with pytest.raises(gossipd.StartError, match="another program"):
            async with opened(bind=node.id):
                raise AssertionError


async def test_logs_go_to_the_standard_library(caplog: pytest.LogCaptureFixture) -> None:
    """To the logger `gossipd`, in a program that has not configured structlog."""
    assert not structlog.is_configured()
    with caplog.at_level(logging.INFO, "gossipd"), trio.fail_after(20):
        async with opened() as one, opened(join=[one.id]) as other:
            while len(one.members()) < 2:
                await trio.sleep(0.01)
    said = f"member_joined member={other.id} "
    [joined] = [each for each in caplog.records if each.msg.startswith(said)]
    assert ("gossipd", logging.INFO) == (joined.name, joined.levelno)
    assert other.id == vars(joined)["gossipd"]["member"]


async def test_logs_go_to_structlog(lines: Lines) -> None:
    """In a program that has configured it."""
    with trio.fail_after(20):
        async with opened():
            pass
    assert ["left"] == [line["event"] for line in lines()]
