"""What all clients have in common."""

from __future__ import annotations

from tests.daemon.redis.talking import Site


async def test_clients_have_numbers_and_share_the_rest(site: Site) -> None:
    """One number each; a scan goes on on another connection."""
    first, second = site.connect(), site.connect()
    assert [1, 2] == [await first.ask("CLIENT ID"), await second.ask("CLIENT ID")]
    await first.ask_all("INCR a", "INCR b")
    cursor, _ = await first.ask("SCAN 0 COUNT 1")
    assert ["b"] == (await second.ask(f"SCAN {cursor} COUNT 1"))[1]
    assert {"CLIENT": 2, "INCR": 2, "SCAN": 2} == site.door.tally.commands
