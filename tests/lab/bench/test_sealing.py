"""How the cost of sealed gossip is told, and the part of it that is simulated."""

from __future__ import annotations

from pathlib import Path

from gossipd.daemon.sealing import new_key, write_key
from lab.bench import sealing
from lab.bench.benchmark import Options
from lab.bench.udp_pings import gate_of
from tests.lab.bench.made_up_findings import findings


def test_both_forms_are_shown_with_their_ratio() -> None:
    """Of neighbours, by the clock and by processor time; a start with what it takes more."""
    ((_, lines),) = findings()["sealing"].tables
    rows = {row["what"]: row for row in findings()["sealing"].values["rows"]}
    assert [0.6] == rows[sealing.PINGS]["to"]
    assert [0.75] == rows[f"{sealing.PINGS}, by processor time"]["to"]
    assert [30.0, 50.0] == rows[sealing.START]["more"]
    assert lines[-1].endswith("| 1.19 (1.15 to 1.24) | 40 (30 to 50) |")


def test_each_form_is_first_in_turns(tmp_path: Path) -> None:
    """So that what changes meanwhile takes from both."""
    options = Options(tmp_path, True, None, lambda line: None)
    turns = list(sealing._turns(options, "pings", 2))
    assert ["sealed", "open", "open", "sealed"] == turns


def test_an_idle_sealed_node_sends_few_bytes(tmp_path: Path) -> None:
    """Among 50 at most 340 a second, headers of IP and UDP included; some are for the seal."""
    write_key(tmp_path / "keys", new_key())
    more = gate_of("gossipd", tmp_path / "keys").seal_bytes()
    assert 200 < sealing.idle_bytes(0, seconds=60.0) < sealing.idle_bytes(more, seconds=60.0) <= 340
