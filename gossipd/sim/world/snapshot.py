"""A machine at one moment, memory and disk, as a virtual machine's snapshot keeps it."""

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
    """A deep copy of a machine: whatever the machine does later leaves the snapshot as it is.

    Attributes:
        at: when it was taken, in seconds.
        boot: which process of the machine it holds.
        forked: whether that process was forked, see `Host.forked`.
    """

    at: float
    boot: int
    forked: bool
    _copied: _Parts

    @classmethod
    def of(
        cls,
        at: float,
        boot: int,
        forked: bool,
        node: DrivenNode,
        rng: Random | None,
        disk: Disk,
        kept: Any,
        staged: Iterable[Write],
    ) -> Snapshot:
        """Copies a process with its generator, its disk, and the writes that it has staged."""
        parts = (node, rng, disk.contents(), kept, tuple(staged))
        return cls(at, boot, forked, copy.deepcopy(parts))

    def copies(self) -> _Parts:
        """Returns copies of the parts: a snapshot can be resumed any number of times."""
        return copy.deepcopy(self._copied)
