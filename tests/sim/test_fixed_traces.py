"""Runs whose traces are known: a refactoring must leave each of them as it is, to the byte.

A trace hash covers every datagram that a node reads and every event that it reports. The hashes
are in `fixed_traces.txt`, each with what was run. A change of the protocol, of the wire format or
of a random draw changes them, and may: this command writes the file anew.

    python -m tests.sim.test_fixed_traces
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from gossipd.cli import main
from lab.search import draw_history, play_history

FILE = Path(__file__).with_name("fixed_traces.txt")


def known() -> dict[str, str]:
    """Returns the known hashes by what was run."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return {what: known_hash for known_hash, what in (line.split("  ", 1) for line in lines)}


def trace_hash(what: str) -> str:
    """Runs `gossipd simulate` with arguments, or plays a random history, and returns its hash."""
    kind, _, rest = what.partition(" ")
    if kind == "history":
        return play_history(draw_history(int(rest)), traced=True).hash
    result = CliRunner().invoke(main, [kind, *rest.split(), "-o", "json"])
    assert result.exit_code == 0, result.output
    return str(json.loads(result.stdout)["hash"])


@pytest.mark.parametrize("what", known())
def test_it_leaves_the_same_trace(what: str) -> None:
    """Whatever the code looks like."""
    assert known()[what] == trace_hash(what)


if __name__ == "__main__":
    lines = [f"{trace_hash(what)}  {what}\n" for what in known()]
    FILE.write_text("".join(lines), encoding="utf-8")
