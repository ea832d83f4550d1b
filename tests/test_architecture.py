"""The shape of the code, read from its source: who imports whom, sizes, and a test per module.

Each rule is a function from a module's name and source to complaints, and each has a test that
shows it on a source made to break it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# The modules of gossipd.protocol, lowest first: a module imports only what stands above it here.
LAYERS = (
    "address",
    "config",
    "timers",
    "wire.messages",
    "wire.codec",
    "events",
    "statistics",
    "effects",
    "fingerprint",
    "counters.floors",
    "counters.ledger",
    "membership.awareness",
    "membership.suspicion",
    "membership.table",
    "membership.piggyback",
    "outbox",
    "membership.claims",
    "membership.echoes",
    "membership.detector",
    "counters.relays",
    "counters.pushes",
    "counters.answers",
    "counters.writes",
    "membership.contacts",
    "membership.discovery",
    "membership.leaving",
    "reconcile",
    "state",
    "membership.gossip",
    "inbox",
    "node",
)

PROTOCOL_MAY_IMPORT = {
    "__future__",
    "attrs",
    "attrs.validators",
    "binascii",
    "bisect",
    "collections",
    "collections.abc",
    "enum",
    "functools",
    "hashlib",
    "heapq",
    "ipaddress",
    "itertools",
    "math",
    "msgspec",
    "random",
    "struct",
    "typing",
}

# The command line starts fast: everything else is imported by the command that needs it.
CLI_MAY_IMPORT = {
    "__future__",
    "click",
    "collections.abc",
    "functools",
    "gossipd",
    "os",
    "signal",
    "sys",
    "typing",
}

PROCESSES = ("cluster", "costs", "load", "packets")

# Modules without a test file of the mirrored name, and why that is right.
WITHOUT_MIRROR = {
    "gossipd.__main__": "one line that calls the command line",
    "gossipd.protocol.effects": "values without behaviour",
    "gossipd.protocol.events": "values without behaviour",
    "gossipd.protocol.wire.messages": "declarations, of which test_codec tries every one",
    "gossipd.protocol.state": "values without behaviour",
    "gossipd.protocol.statistics": "values without behaviour",
    "lab.experiments.__main__": "one line that calls the command line",
    "gossipd.sim.world.interface": "a protocol class without behaviour",
    "lab.bench.__main__": "one line that calls the command line",
    **{f"lab.processes.{name}": "tests/real uses it" for name in PROCESSES},
    "lab.bench.kinship_node": "needs another program's environment",
}

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60


def imports(module: str, source: str, *, typing_too: bool = True) -> Iterator[tuple[str, str]]:
    """(module, name) of each import, with relative ones resolved; name is "" for `import module`.

    Without `typing_too`, what stands under `if TYPE_CHECKING:` or inside a function is left out.
    """
    for node in _nodes(ast.parse(source), everything=typing_too):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = module.rsplit(".", node.level)[0] if node.level else ""
            target = ".".join(part for part in (base, node.module) if part)
            yield from ((target, alias.name) for alias in node.names)


def _nodes(tree: ast.AST, *, everything: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        late = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        if everything or not late:
            yield node
            yield from _nodes(node, everything=everything)


def targets(module: str, source: str) -> list[str]:
    """The modules that a module imports, as far as text can tell: `from a import b` may be a.b."""
    found = []
    for target, name in imports(module, source):
        inner = f"{target}.{name}"
        found.append(inner if name and inner in MODULES else target)
    return found


def _module_name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


# A package's own name ends in ".__init__" where relative imports are resolved.
MODULES = {_module_name(path): path for path in sorted((ROOT / "gossipd").rglob("*.py"))}
SCRIPTS = {_module_name(path): path for path in sorted((ROOT / "lab").rglob("*.py"))}
TESTS = sorted(path for path in (ROOT / "tests").rglob("*.py"))


def protocol_imports_from_the_list(module: str, source: str) -> list[str]:
    """The protocol imports only itself and a positive list; of `random` only `Random`."""
    complaints = []
    for target, name in imports(module, source):
        ours = target == "gossipd.protocol" or target.startswith("gossipd.protocol.")
        if not ours and target not in PROTOCOL_MAY_IMPORT:
            complaints.append(f"imports {target}")
        if target == "random" and name != "Random":
            complaints.append("imports more of random than Random")
    return complaints


def protocol_imports_downwards(module: str, source: str) -> list[str]:
    """A protocol module imports only modules lower in LAYERS; the package itself may import all."""
    own = module.removeprefix("gossipd.protocol.")
    if own not in LAYERS:
        return []  # the package itself, or a module that the test of LAYERS complains about
    complaints = []
    for target in targets(module, source):
        if target == "gossipd.protocol":
            complaints.append("imports the package, which imports it")
        elif target.startswith("gossipd.protocol."):
            other = target.removeprefix("gossipd.protocol.")
            if other not in LAYERS or LAYERS.index(other) >= LAYERS.index(own):
                complaints.append(f"imports {other}, which is not below it")
    return complaints


def only_the_daemon_imports_trio(module: str, source: str) -> list[str]:
    """trio is the daemon's."""
    if module.startswith("gossipd.daemon"):
        return []
    return [
        f"imports {target}"
        for target, _ in imports(module, source)
        if target.partition(".")[0] == "trio"
    ]


def nothing_imports_upwards(module: str, source: str) -> list[str]:
    """cli > daemon | sim > protocol, and daemon and sim do not know each other."""
    layers = {"protocol": 0, "daemon": 1, "sim": 1, "cli": 2, "health": 0, "__main__": 3}
    own = module.split(".")[1]
    if own == "__init__":
        return [f"imports {target}" for target in targets(module, source) if "gossipd" in target]
    complaints = []
    for target in targets(module, source):
        parts = target.split(".")
        if parts[0] != "gossipd" or len(parts) == 1 or parts[1] == own:
            continue
        if layers[parts[1]] >= layers[own]:
            complaints.append(f"imports {target}, which is not below it")
    return complaints


def drivers_import_names_of_the_protocol(module: str, source: str) -> list[str]:
    """daemon and sim write `from gossipd.protocol… import Name`: no modules, nothing private."""
    if not module.startswith(("gossipd.daemon", "gossipd.sim")):
        return []
    return [
        f"imports {target} {name}".rstrip()
        for target, name in imports(module, source)
        if target.startswith("gossipd.protocol")
        and (not name or name.startswith("_") or f"{target}.{name}" in MODULES)
    ]


def cli_imports_little(module: str, source: str) -> list[str]:
    """At its top the command line imports click and what costs nothing."""
    if not module.startswith("gossipd.cli"):
        return []
    found = imports(module, source, typing_too=False)
    return [
        f"imports {target}"
        for target, _ in found
        if target not in CLI_MAY_IMPORT and not target.startswith("gossipd.cli")
    ]


def sizes_are_bounded(_: str, source: str) -> list[str]:
    """At most 400 lines a module and 60 a function, without its decorators."""
    lines = len(source.splitlines())
    complaints = [f"has {lines} lines"] if lines > MAX_MODULE_LINES else []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                complaints.append(f"{node.name} has {length} lines")
    return complaints


def the_package_stands_alone(module: str, source: str) -> list[str]:
    """What is installed imports nothing that is not."""
    found = {target.partition(".")[0] for target in targets(module, source)}
    return [f"imports {name}" for name in sorted(found & {"lab", "tests"})]


def nothing_sleeps(_: str, source: str) -> list[str]:
    """No test waits with time.sleep, under whatever name."""
    tree = ast.parse(source)
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "time"
    }
    used = any(
        isinstance(node, ast.Attribute)
        and node.attr == "sleep"
        and isinstance(node.value, ast.Name)
        and node.value.id in aliases
        for node in ast.walk(tree)
    )
    return ["uses time.sleep"] if used or ("time", "sleep") in imports("", source) else []


Rule = Callable[[str, str], list[str]]

PROTOCOL_RULES: tuple[Rule, ...] = (protocol_imports_from_the_list, protocol_imports_downwards)
PACKAGE_RULES: tuple[Rule, ...] = (
    only_the_daemon_imports_trio,
    nothing_imports_upwards,
    drivers_import_names_of_the_protocol,
    cli_imports_little,
    the_package_stands_alone,
    sizes_are_bounded,
)


def _name_for_rules(module: str) -> str:
    return f"{module}.__init__" if MODULES[module].name == "__init__.py" else module


@pytest.mark.parametrize("module", MODULES)
def test_module_keeps_the_rules(module: str) -> None:
    """Each module of the package keeps the rules for its place."""
    rules = PACKAGE_RULES
    if module.partition(".protocol")[1]:
        rules += PROTOCOL_RULES
    source = MODULES[module].read_text(encoding="utf-8")
    name = _name_for_rules(module)
    complaints = [f"{module} {complaint}" for rule in rules for complaint in rule(name, source)]
    assert [] == complaints


@pytest.mark.parametrize("module", SCRIPTS)
def test_script_keeps_the_rules(module: str) -> None:
    """Each module of the scripts is bounded in size."""
    assert [] == sizes_are_bounded(module, SCRIPTS[module].read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_test_file_keeps_the_rules(path: Path) -> None:
    """Each test file is bounded in size and does not sleep."""
    source = path.read_text(encoding="utf-8")
    sleeps = [] if path.parent.name == "contract" else nothing_sleeps(path.stem, source)
    assert [] == sizes_are_bounded(path.stem, source) + sleeps


def test_layers_are_the_modules() -> None:
    """Every protocol module is in LAYERS once, and everything in LAYERS is there."""
    prefix = "gossipd.protocol."
    there = {
        name.removeprefix(prefix)
        for name, path in MODULES.items()
        if name.startswith(prefix) and path.name != "__init__.py"
    }
    assert there == set(LAYERS)
    assert len(LAYERS) == len(set(LAYERS))


def _mirror(module: str) -> Path:
    *folders, name = module.removeprefix("gossipd.").split(".")
    return Path("tests", *folders, f"test_{name}.py")


def test_every_module_has_a_mirrored_test_file() -> None:
    """gossipd/a/b.py is tested by tests/a/test_b.py; packages are tested through their modules."""
    missing = {
        module
        for module, path in (MODULES | SCRIPTS).items()
        if path.name != "__init__.py" and not (ROOT / _mirror(module)).exists()
    }
    assert set(WITHOUT_MIRROR) == missing


# Rule, module under gossipd, source, and what the rule must say about it.
BREACHES = """
protocol_imports_from_the_list | protocol.codec | import os | imports os
protocol_imports_from_the_list | protocol.codec | def f(): import time | imports time
protocol_imports_from_the_list | protocol.codec | from os.path import join | imports os.path
protocol_imports_from_the_list | protocol.codec | from random import choice | more of random
protocol_imports_from_the_list | protocol.codec | import random | more of random
protocol_imports_from_the_list | protocol.codec | from ..daemon import log | gossipd.daemon
protocol_imports_downwards | protocol.address | from .config import X | config, which is not below
protocol_imports_downwards | protocol.address | from . import address | address, which is not below
protocol_imports_downwards | protocol.config | from gossipd.protocol.no import X | no, which is not
protocol_imports_downwards | protocol.config | from gossipd.protocol import Node | the package
only_the_daemon_imports_trio | sim.world | import trio.lowlevel | imports trio.lowlevel
nothing_imports_upwards | sim.world | from gossipd.daemon.log import X | gossipd.daemon.log
nothing_imports_upwards | daemon.log | from gossipd import cli | gossipd.cli, which is not below it
nothing_imports_upwards | __init__ | from gossipd.cli import main | imports gossipd.cli
drivers_import_names_of_the_protocol | daemon.log | from gossipd.protocol import address | address
drivers_import_names_of_the_protocol | sim.world | import gossipd.protocol.address | address
drivers_import_names_of_the_protocol | sim.world | from gossipd.protocol.address import _a | _a
cli_imports_little | cli | if 1: import attrs | imports attrs
the_package_stands_alone | sim.world | from tests.real import cluster | imports tests
the_package_stands_alone | sim.world | import lab.bench.http | imports lab
nothing_sleeps | any | import time as t; t.sleep(1) | uses time.sleep
nothing_sleeps | any | from time import sleep as nap | uses time.sleep
"""

ALLOWED = """
protocol_imports_from_the_list | protocol.codec | from random import Random
protocol_imports_downwards | protocol.config | from .address import X
only_the_daemon_imports_trio | daemon.udp | import trio
nothing_imports_upwards | daemon.run | from gossipd.protocol.address import X
nothing_imports_upwards | cli | from gossipd import __version__
drivers_import_names_of_the_protocol | daemon.run | from gossipd.protocol.address import X
cli_imports_little | cli | def run(): import attrs
cli_imports_little | cli | if TYPE_CHECKING: import attrs
nothing_sleeps | any | import time, trio; trio.sleep(1); time.monotonic()
"""


def _table(text: str) -> list[list[str]]:
    return [line.split(" | ") for line in text.strip().splitlines()]


@pytest.mark.parametrize(("rule", "module", "source", "complaint"), _table(BREACHES))
def test_rules_bite(rule: str, module: str, source: str, complaint: str) -> None:
    """Each rule complains once about a source that breaks it."""
    complaints = globals()[rule](f"gossipd.{module}", source)
    assert [True] == [complaint in found for found in complaints]


@pytest.mark.parametrize(("rule", "module", "source"), _table(ALLOWED))
def test_rules_let_pass_what_is_right(rule: str, module: str, source: str) -> None:
    """No rule complains about what it is meant to allow."""
    assert [] == globals()[rule](f"gossipd.{module}", source)


def test_sizes() -> None:
    """400 lines a module and 60 a function are allowed, one more is not."""
    body = "    1\n"
    assert [] == sizes_are_bounded("any", "#\n" * 400)
    assert ["has 401 lines"] == sizes_are_bounded("any", "#\n" * 401)
    assert [] == sizes_are_bounded("any", "@f\ndef f():\n" + body * 59)
    assert ["f has 61 lines"] == sizes_are_bounded("any", "async def f():\n" + body * 60)
