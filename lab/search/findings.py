"""What a checker has to say: a kind, which tells findings apart, and a line for people."""

from __future__ import annotations

import attrs

from gossipd.sim.world.world import World


@attrs.frozen
class Finding:
    """Something that does not hold.

    Attributes:
        kind: a few words, the same for every finding of that sort.
        text: what was seen, in one line, without the kind.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Checker:
    """Looks on while a world runs.

    Attributes:
        findings: in order of time.
    """

    def __init__(self, world: World) -> None:
        self.findings: list[Finding] = []
        self._world = world

    def _find(self, kind: str, text: str) -> None:
        self.findings.append(Finding(kind, f"at {self._world.now:.3f} s {text}"))
