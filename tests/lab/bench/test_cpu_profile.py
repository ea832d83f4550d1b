"""How samples are counted by part and function."""

from __future__ import annotations

from lab.bench.cpu_profile import Profile, findings, parse

LEDGER = "Ledger.apply (gossipd/protocol/counters/ledger.py:9)"
LOOP = "main (gossipd/daemon/run.py:57);run (trio/_core/_run.py:2532)"
SAMPLES = f"""{LOOP};HttpServer._run (gossipd/daemon/http/server.py:147);f (contextlib.py:12) 3
{LOOP};Driver.run (gossipd/daemon/driver.py:140);{LEDGER} 5
{LOOP};Driver.run (gossipd/daemon/driver.py:140);{LEDGER[:-2]}11) 1
{LOOP} 1
_bootstrap (threading.py:1002);Store.commit (gossipd/daemon/storage/store.py:200) 7
"""


def test_samples_belong_to_the_innermost_part() -> None:
    """A function of a library belongs to its caller's part; other threads do not count."""
    profile = parse(SAMPLES)
    assert {"HTTP": 3, "protocol: counter": 6, "trio": 1} == profile.parts
    assert 10 == profile.samples
    assert 6 == profile.functions["protocol: counter: Ledger.apply"]
    assert 3 == profile.functions["HTTP: HttpServer._run"]


def test_a_table_for_parts_and_one_for_functions() -> None:
    """Shares are in percent; a case without samples is left out."""
    made = findings({"all": parse(SAMPLES), "none": Profile(0, {}, {})})
    lines = list(made.lines())
    assert "| protocol: counter: Ledger.apply | 60.0 % |" in lines
    assert {"all"} == {row["case"] for row in made.values["rows"]}
    assert 60.0 == sum(row["percent"] for row in made.values["rows"] if "counter" in row["part"])
