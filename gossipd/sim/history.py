"""A history: a cluster and what befalls it, as a plain value that is printed, kept and replayed.

It knows nothing of how it is drawn (`draw`), played (`play`) or made smaller (`shrink`).
"""

from __future__ import annotations

import json
from typing import Any

import attrs

KINDS = {
    "increment": "`node` counts `amount`; `text` is the ack level, or empty",
    "sync": "`node` raises the counter to `amount`; `text` is the ack level, or empty",
    "register": "`node` registers the first of `others`",
    "remove": "`node` removes the first of `others`",
    "crash": "`node` ends at once; `text`: keep, lose, or staged (writes under way are on disk)",
    "start": "`node` starts again; `text`: empty, backup (of the last `backup`), or clone (of the"
    " first of `others`)",
    "backup": "the state of `node` is copied away",
    "pause": "`node` does not run for `seconds`",
    "slow": "`node` reads each datagram 0.5 to 2.5 s late",
    "prompt": "`node` reads at once again",
    "leave": "`node` leaves",
    "loss": "`ratio` of all datagrams is lost from now on",
    "duplicate": "`ratio` of all datagrams arrives twice",
    "reorder": "`ratio` of all datagrams is held back for others to overtake it",
    "delay": "one way takes up to `seconds`",
    "cut": "no datagrams between `others` and the rest; `text`: both, out (of them) or in",
    "heal": "all cuts are undone",
    "disk": "writes at `node` take up to `seconds`; `text`: empty, or fails",
    "clock": "the wall clock of `node` is set to `seconds` off; it is read at a start",
    "forge": "a stranger sends `node` a datagram; `text` says what",
}
"""What a step can be, and which of its fields it uses."""


@attrs.frozen
class Step:
    """Something done to the cluster `at` so many seconds. A step that cannot be done is skipped."""

    at: float
    kind: str
    node: int = -1
    others: tuple[int, ...] = ()
    amount: int = 0
    seconds: float = 0.0
    ratio: float = 0.0
    text: str = ""

    def __str__(self) -> str:
        fields = attrs.asdict(self, filter=lambda field, value: value != field.default)
        shown = " ".join(
            f"{name}={','.join(map(str, value)) if isinstance(value, tuple | list) else value}"
            for name, value in fields.items()
            if name not in ("at", "kind")
        )
        return f"{self.at:8.3f}  {self.kind:<9}  {shown}".rstrip()


@attrs.frozen
class History:
    """All of a run but the protocol.

    Attributes:
        seed: of every draw that the steps leave open: delays, losses, the nodes' own.
        nodes: machines, by index from 0.
        starts: when each of them starts, in seconds.
        seeds: how many nodes, from the first on, everybody has as seeds at a start; with 0 they
            are given only once, by `join` at the first start.
        steps: in order of time.
        safety: seconds until everything is healed.
        reunited: whether removed peers are registered again then.
        gone: nodes that are not started again then.
    """

    seed: str
    nodes: int
    starts: tuple[float, ...]
    seeds: int
    steps: tuple[Step, ...]
    safety: float
    reunited: bool = True
    gone: tuple[int, ...] = ()

    def __str__(self) -> str:
        head = (
            f"seed {self.seed}: {self.nodes} nodes, seeds {self.seeds}, started at "
            f"{' '.join(f'{start:g}' for start in self.starts)}; healed at {self.safety:g} s,"
            f" removed peers {'registered again' if self.reunited else 'kept apart'}"
        )
        if self.gone:
            head += f", never back: {' '.join(map(str, self.gone))}"
        return "\n".join([head, *map(str, self.steps)])

    def to_json(self) -> str:
        """As a JSON text, a step a line."""
        fields = attrs.asdict(self, recurse=False)
        steps = [json.dumps(_step_fields(step)) for step in fields.pop("steps")]
        body = ",\n".join(steps)
        return f'{json.dumps(fields)[:-1]}, "steps": [\n{body}\n]}}\n'

    @classmethod
    def from_json(cls, text: str) -> History:
        """What `to_json` made. Raises ValueError, with one line, for anything else."""
        try:
            fields = json.loads(text)
            steps = tuple(_step(each) for each in fields.pop("steps"))
            fields["starts"] = tuple(fields["starts"])
            fields["gone"] = tuple(fields["gone"])
            history = cls(steps=steps, **fields)
        except (TypeError, KeyError, AttributeError) as error:
            raise ValueError(f"not a history: {error}") from None
        if not 0 < history.nodes == len(history.starts):
            raise ValueError("not a history: nodes and starts do not match")
        return history


def _step_fields(step: Step) -> dict[str, Any]:
    return attrs.asdict(step, filter=lambda field, value: value != field.default)


def _step(fields: dict[str, Any]) -> Step:
    fields["others"] = tuple(fields.get("others", ()))
    step = Step(**fields)
    if step.kind not in KINDS:
        raise KeyError(f"a step of kind {step.kind!r}")
    return step
