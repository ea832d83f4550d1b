"""Every module of the project keeps the rules of the house."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .rules import LAYERS, RULES, layer_of, layers, sizes_are_bounded
from .source import ROOT, Module, read

MODULES = read("gossipd", "lab")
TESTS = read("tests")

# Modules without a test file of the mirrored name, and why that is right.
WITHOUT_MIRROR = {
    "gossipd.__main__": "tests/real/test_early_stop.py starts it",
    "gossipd.daemon.redis.context": "values without behaviour",
    "gossipd.daemon.redis.tally": "test_session and test_open_redis look at it",
    "gossipd.daemon.resp.client": "protocol classes without behaviour",
    "gossipd.daemon.resp.limits": "values without behaviour",
    "gossipd.monitor.news": "values without behaviour",
    "gossipd.monitor.terminal": "tests/monitor/test_program.py looks at it in a terminal",
    "gossipd.protocol.counters.face": "every test of a node makes one",
    "gossipd.protocol.counters.newcomers": "test_insider_inventions tries every rule of it",
    "gossipd.protocol.effects": "values without behaviour",
    "gossipd.protocol.events": "values without behaviour",
    "gossipd.protocol.membership.newcomers": "test_insider_inventions tries it",
    "gossipd.protocol.membership.peer": "a value without behaviour",
    "gossipd.protocol.part": "defaults, which test_node and test_inbox try",
    "gossipd.protocol.state": "values without behaviour",
    "gossipd.protocol.wire.comparing": "declarations, of which test_codec tries every one",
    "gossipd.protocol.wire.entries": "declarations, of which test_codec tries every one",
    "gossipd.protocol.wire.kinds": "one table, which test_codec tries",
    "gossipd.protocol.wire.message": "declarations, of which test_codec tries every one",
    "gossipd.protocol.wire.messages": "declarations, of which test_codec tries every one",
    "gossipd.sim.world.interface": "a protocol class without behaviour",
    "lab.house.__main__": "one line that calls the command line",
    "lab.search.__main__": "one line that calls the command line",
    "lab.bench.__main__": "one line that calls the command line",
    "lab.bench.kinship_node": "needs another program's environment",
    "lab.blackbox.__main__": "one line that calls the command line",
    "lab.blackbox.clients": "tests/real/test_blackbox.py lets it run",
    "lab.blackbox.cycle": "tests/real/test_blackbox.py lets it run",
    "lab.blackbox.machine": "tests/real/test_blackbox.py lets it run",
    "lab.blackbox.network": "tests/real/test_blackbox.py lets it run",
    "lab.blackbox.run": "tests/real/test_blackbox.py lets it run",
    "lab.blackbox.switch": "tests/real/test_blackbox.py lets it run",
    "lab.crowd.__main__": "one line that calls the command line",
    "lab.crowd.command": "tests/real/test_crowd.py lets it run",
    "lab.crowd.described": "tests/real/test_openapi.py lets it run",
    "lab.crowd.doors": "tests/real/test_crowd.py opens both",
    "lab.experiments.__main__": "one line that calls the command line",
    "lab.processes.addresses": "what tests/real is made of",
    "lab.processes.client": "what tests/real is made of",
    "lab.processes.clusters": "what tests/real is made of",
    "lab.processes.counting_clients": "what tests/real is made of",
    "lab.processes.keyed_clients": "what tests/real is made of",
    "lab.processes.node": "what tests/real is made of",
    "lab.processes.packet_filter": "what tests/real is made of",
    "lab.processes.usage": "what tests/real is made of",
    "lab.processes.waiting": "what tests/real is made of",
    "gossipd.version": "a value without behaviour",
}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_keeps_the_rules(name: str) -> None:
    """Whichever layer it is on."""
    complaints = [each for rule in RULES for each in rule(MODULES[name], MODULES)]
    assert [] == complaints


@pytest.mark.parametrize("name", TESTS)
def test_a_test_file_keeps_the_rules(name: str) -> None:
    """It is bounded in size, does not sleep, and imports nothing from another test file."""
    module = TESTS[name]
    sleeps = [] if within_contract(name) else nothing_sleeps(module)
    sizes = [] if within_contract(name) else sizes_are_bounded(module, TESTS)
    complaints = sizes + sleeps + shares_no_tests(module)
    assert [] == complaints


def within_contract(name: str) -> bool:
    """Returns whether this is the one file that checks any system, anywhere, in real time."""
    return name.startswith("tests.contract")


def nothing_sleeps(module: Module) -> list[str]:
    """No test waits with time.sleep, under whatever name."""
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "time"
    }
    used = any(
        isinstance(node, ast.Attribute)
        and node.attr == "sleep"
        and isinstance(node.value, ast.Name)
        and node.value.id in aliases
        for node in ast.walk(module.tree)
    )
    return ["uses time.sleep"] if used or ("time", "sleep") in module.imports() else []


def shares_no_tests(module: Module) -> list[str]:
    """What several test files need is in a module of its own."""
    targets = [target for target, _ in module.imports()]
    return [f"imports {t}" for t in targets if t.rpartition(".")[2].startswith("test_")]


@pytest.mark.parametrize(
    ("source", "complaints"),
    [
        ("import time as t; t.sleep(1)", ["uses time.sleep"]),
        ("from time import sleep as nap", ["uses time.sleep"]),
        ("import time, trio; trio.sleep(1); time.monotonic()", []),
    ],
)
def test_sleeping_is_seen(source: str, complaints: list[str]) -> None:
    """Under whatever name, and nothing else is taken for it."""
    assert complaints == nothing_sleeps(Module("tests.test_any", source))


def test_importing_from_a_test_file_is_seen() -> None:
    """A relative import as well."""
    assert ["imports tests.sim.test_b"] == shares_no_tests(
        Module("tests.sim.test_a", "from .test_b import X; from tests.sim.fakes import Y")
    )


def test_every_room_on_the_map_is_there() -> None:
    """Nothing on the map is left over from a module that has gone."""
    for layer in layers():
        for room, names in layer:
            assert names or any(module.room == room for module in MODULES.values()), room
            assert [] == [name for name in names if f"{room}.{name}" not in MODULES]


def test_the_map_is_read_from_the_ground() -> None:
    """The first line of LAYERS is the roof."""
    roof = LAYERS.strip().splitlines()[0]
    found = layer_of(MODULES[roof])
    assert found is not None
    assert len(layers()) - 1 == found[0]


def _mirror(module: str) -> Path:
    *folders, name = module.removeprefix("gossipd.").split(".")
    return Path("tests", *folders, f"test_{name}.py")


def test_every_module_has_a_mirrored_test_file() -> None:
    """gossipd/a/b.py is tested by tests/a/test_b.py; packages are tested through their modules."""
    missing = {
        name
        for name, module in MODULES.items()
        if not module.package and not (ROOT / _mirror(name)).exists()
    }
    assert set(WITHOUT_MIRROR) == missing
