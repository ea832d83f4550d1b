"""What a checker found: a kind, which tells findings apart, and a line for people."""

from __future__ import annotations

import attrs

from gossipd.sim.world import World


@attrs.frozen
class Finding:
    """A promise of the protocol that did not hold.

    Attributes:
        kind: a few words, equal for all findings of one sort.
        text: what was seen, in one line that does not repeat the kind.
    """

    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.kind}: {self.text}"


class Checker:
    """The base of checkers that watch a world while it runs.

    Attributes:
        findings: in order of time.
    """

    def __init__(self, world: World) -> None:
        self.findings: list[Finding] = []
        self._world = world

    def _find(self, kind: str, text: str) -> None:
        self.findings.append(Finding(kind, f"at {self._world.now:.3f} s {text}"))
