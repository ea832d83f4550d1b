"""What a finding says."""

from __future__ import annotations

from lab.search.findings import Finding
from lab.search.member_rows import MemberRows
from tests.lab.search.puppet import puppets, step


def test_a_finding_says_what_and_when() -> None:
    """Its kind first, and then in which second, what and where."""
    world, (a, _) = puppets(2)
    rows = MemberRows(world)
    world.run(1.5)
    a.row("10.0.0.2:8088", "left")
    step(world, 0)
    text = "at 1.500 s 10.0.0.1:8088 has 10.0.0.2:8088 as left, which never said so"
    assert [Finding("never said", text)] == rows.findings
    assert f"never said: {text}" == str(rows.findings[0])
