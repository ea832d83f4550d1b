"""The ids that are kept apart: few, each once, and the old ones as likely as the new."""

from __future__ import annotations

from random import Random

from gossipd.protocol.membership.apart import Apart


def test_an_id_is_kept_once_until_it_is_dropped() -> None:
    """Adding twice and dropping twice change nothing."""
    apart = Apart("own:1", Random(1))
    assert apart.draw() is None
    for member in ("b:1", "a:1", "b:1"):
        apart.add(member)
    assert ("a:1", "b:1") == apart.ids()
    apart.drop("a:1")
    apart.drop("a:1")
    assert "b:1" == apart.draw()
    assert 1 == len(apart)


def test_half_a_cluster_is_not_pushed_out_by_years_of_replacements() -> None:
    """Of 25 ids, 1,825 later ones leave some on nearly every node, and each on one of the 25."""
    cut_off = [f"cut:{number}" for number in range(25)]
    found: set[str] = set()
    for node in range(25):
        apart = Apart(f"own:{node}", Random(1))
        for member in cut_off + [f"ghost:{number}" for number in range(1825)]:
            apart.add(member)
        assert 256 == len(apart)
        found |= {*cut_off} & {*apart.ids()}
    assert len(found) > 20
