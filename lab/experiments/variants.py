"""The variants of the protocol that are compared: SWIM, parts of Lifeguard, all of it, and gossipd.

All but gossipd are its protocol with parts switched off, and with the suspicion time-outs of
Lifeguard's paper: alpha 5, beta 6, K 3. None of them has what gossipd adds to Lifeguard.
"""

from __future__ import annotations

from collections.abc import Mapping

_SWIM: Mapping[str, str] = {
    "suspicion_mult": "5",
    "local_health": "false",
    "nacks": "false",
    "dynamic_suspicion": "false",
    "buddy": "false",
    "second_ping": "false",
    "rtt_timeouts": "false",
    "pause_compensation": "false",
    "warned_verdicts": "false",
    "refusals": "false",
    "timetable": "false",
    "sought_confirmations": "false",
    "learned_silences": "false",
    "verdicts_at_once": "false",
    "blames_itself": "false",
    "own_looks": "false",
}
_PROBE = {"local_health": "true", "nacks": "true"}
_SUSPICION = {"dynamic_suspicion": "true"}
_BUDDY = {"buddy": "true"}

VARIANTS: Mapping[str, Mapping[str, str]] = {
    "SWIM": _SWIM,
    "LHA-Probe": {**_SWIM, **_PROBE},
    "LHA-Suspicion": {**_SWIM, **_SUSPICION},
    "Buddy System": {**_SWIM, **_BUDDY},
    "Lifeguard": {**_SWIM, **_PROBE, **_SUSPICION, **_BUDDY},
    "gossipd": {},
}
"""The settings of each variant, as `gossipd simulate --set` takes it."""
