"""Judges a run from outside: agreement, detection, load, timeline and trace."""

from __future__ import annotations

from .agreement import Agreement, Step
from .content import Content, Same
from .detection import Detection
from .load import Load
from .timeline import Band, Timeline
from .trace import TraceHash, TraceText

__all__ = [
    "Agreement",
    "Band",
    "Content",
    "Detection",
    "Load",
    "Same",
    "Step",
    "Timeline",
    "TraceHash",
    "TraceText",
]
