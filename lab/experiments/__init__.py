"""Published experiments, made again with this protocol: what `scripts/experiment` runs.

A trial is one of hundreds of runs, of the same cluster with one thing changed. `lifeguard`,
`udp_only`, `spread` and `detection` each say what is tried and what of it is told; `trials` carries
trials out and is used by other parts of the laboratory as well; `charts` draws the outcomes.
"""

from __future__ import annotations

from .trials import Experiment, Findings, Progress, carry_out, mean, table

__all__ = ["Experiment", "Findings", "Progress", "carry_out", "mean", "table"]
