"""Histories with tags: what is drawn, and that a difference at the end is found."""

from __future__ import annotations

from gossipd.protocol import ProtocolConfig
from gossipd.sim.scenario import make_scenario
from gossipd.sim.world import Commands, World
from lab.search.draw import draw_history
from lab.search.tagging import TAGGED, differing_tags


def test_a_tagged_history_is_the_one_without_tags_and_commands_for_them() -> None:
    """So that what is found may be compared."""
    for seed in range(20):
        plain, tagged = draw_history(seed, "any"), draw_history(seed, TAGGED)
        assert tagged["tag"]
        settings = {k: v for k, v in tagged.get("set", {}).items() if k != "tags"}
        rest = {k: v for k, v in tagged.items() if k not in ("tag", "set")}
        assert plain == rest | ({"set": settings} if settings else {})
        make_scenario(tagged)


def test_nodes_that_have_other_tags_of_a_member_are_found() -> None:
    """Until they have heard of the new ones."""
    world = World(1, config=ProtocolConfig(tags="role=web"))
    one, other = world.add(), world.add(seeds=[0])
    world.run(3.0)
    assert [] == differing_tags([(one, other), (other, one)])
    Commands(world).tag(1, "role=db")
    [found] = differing_tags([(one, other), (other, one)])
    assert "10.0.0.1:8088 has 10.0.0.2:8088 with 'role=web', which has 'role=db'" == found.text
