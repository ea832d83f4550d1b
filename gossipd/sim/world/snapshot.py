"""A machine at one moment, memory and disk: what a resumed snapshot goes on from."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from random import Random
from typing import Any

import attrs

from gossipd.protocol import Write

from .disk import Disk
from .interface import DrivenNode

_Parts = tuple[DrivenNode, Random | None, Any, Any, tuple[Write, ...]]


@attrs.frozen
class Snapshot:
    """A copy that has nothing in common with the machine that goes on.

    Attributes:
        at: when it was taken.
        boot: which process of the machine it has.
        forked: whether that had been set back itself, see `World.forked`.
    """

    at: float
    boot: int
    _copied: _Parts
    forked: bool = False

    @classmethod
    def of(
        cls,
        at: float,
        boot: int,
        node: DrivenNode,
        rng: Random | None,
        disk: Disk,
        kept: Any,
        unreported: Iterable[Write],
    ) -> Snapshot:
        """Copies a process with its generator, its disk, and the writes that are not reported."""
        parts = (node, rng, disk.contents(), kept, tuple(unreported))
        return cls(at, boot, copy.deepcopy(parts))

    def copies(self) -> _Parts:
        """The same parts, for one machine alone: a snapshot can be resumed again."""
        return copy.deepcopy(self._copied)
