"""Published experiments, made again with this protocol: what `scripts/experiment` runs.

A package of its own beside `gossipd simulate`, since a trial here is one of hundreds, the same
cluster with one thing changed. `lifeguard`, `udp_only` and `spread` each say what is tried and what
of it is told; `trials` carries trials out, `charts` draws what came of them.
"""

from .trials import Findings, table

__all__ = ["Findings", "table"]
