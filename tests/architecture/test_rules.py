"""Each rule of the house complains about a source that breaks it, and about nothing else."""

from __future__ import annotations

import pytest

from . import rules
from .source import Module, read

MODULES = read("gossipd", "lab")

# Rule, module (of gossipd, where it is not of lab), source, and what the rule must say about it.
BREACHES = """
imports_only_from_lower_layers | protocol.timers | from .runtime import X | runtime
imports_only_from_lower_layers | protocol.runtime | from .membership import View | membership
imports_only_from_lower_layers | protocol.membership.table | from ..counters import Y | counters
imports_only_from_lower_layers | sim.world.clock | from gossipd.sim.judge import X | judge
imports_only_from_lower_layers | sim.simulate | def f(): from gossipd.cli import main | cli
imports_only_from_lower_layers | protocol.nowhere | x = 1 | has no layer on the map
imports_through_doors | sim.world.world | from gossipd.protocol.address import X | past
imports_through_doors | cli.run | from gossipd.daemon import config | config past a door
imports_through_doors | protocol.reconcile | from .wire.codec import Codec | codec past a door
drivers_are_apart | sim.world.world | from gossipd.daemon import config | imports gossipd.daemon
drivers_are_apart | daemon.log | import gossipd.sim | imports gossipd.sim
protocol_imports_from_the_list | protocol.wire.codec | import os | imports os
protocol_imports_from_the_list | protocol.wire.codec | def f(): import time | imports time
protocol_imports_from_the_list | protocol.wire.codec | from os.path import join | imports os.path
protocol_imports_from_the_list | protocol.wire.codec | from random import choice | more of random
protocol_imports_from_the_list | protocol.wire.codec | import random | more of random
only_the_daemon_imports_trio | sim.world.world | import trio.lowlevel | imports trio.lowlevel
cli_imports_little | cli.run | if 1: import attrs | imports attrs
the_package_stands_alone | sim.world.world | from lab.processes import X | imports lab
the_package_stands_alone | sim.world.world | import tests.sim | imports tests
attributes_are_set_at_home | sim.report | def f(x): x._inbox = 1 | sets x._inbox from
attributes_are_set_at_home | sim.report | def f(s): s.a.now += 1 | sets s.a.now from outside
attributes_are_set_at_home | sim.report | setattr(x, "now", 1) | calls setattr
"""

ALLOWED = """
imports_only_from_lower_layers | protocol.outbox | from .runtime import X; from .wire import Y
imports_only_from_lower_layers | daemon.run | from gossipd.protocol import X
imports_only_from_lower_layers | cli.run | from gossipd import __version__
imports_through_doors | protocol.membership.view | from .table import X; from ..runtime import Y
imports_through_doors | cli.run | from gossipd.daemon import X
imports_through_doors | lab.search.play | from gossipd.sim.world import World
protocol_imports_from_the_list | protocol.wire.codec | from random import Random
protocol_imports_from_the_list | daemon.log | import os
only_the_daemon_imports_trio | daemon.net.udp | import trio
cli_imports_little | cli.run | def run(): import attrs
cli_imports_little | cli.run | if TYPE_CHECKING: import attrs
attributes_are_set_at_home | sim.report | class A: x: int;\\ndef f(a): a.x = 1
attributes_are_set_at_home | protocol.runtime | def f(self): self.now = 1
"""


def _table(text: str) -> list[list[str]]:
    return [line.replace("\\n", "\n").split(" | ") for line in text.strip().splitlines()]


def _complaints(rule: str, name: str, source: str) -> list[str]:
    module = Module(name if name.startswith("lab.") else f"gossipd.{name}", source)
    found: list[str] = getattr(rules, rule)(module, MODULES | {module.name: module})
    return found


@pytest.mark.parametrize(("rule", "module", "source", "complaint"), _table(BREACHES))
def test_a_rule_bites(rule: str, module: str, source: str, complaint: str) -> None:
    """It complains once about a source that breaks it."""
    assert [True] == [complaint in found for found in _complaints(rule, module, source)]


@pytest.mark.parametrize(("rule", "module", "source"), _table(ALLOWED))
def test_a_rule_lets_pass_what_is_right(rule: str, module: str, source: str) -> None:
    """It does not complain about what it is meant to allow."""
    assert [] == _complaints(rule, module, source)


def test_sizes() -> None:
    """400 lines a module and 60 a function are allowed, one more is not."""

    def complaints(text: str) -> list[str]:
        return rules.sizes_are_bounded(Module("gossipd.any", text), {})

    body = "    1\n"
    assert [] == complaints("#\n" * 400)
    assert ["has 401 lines"] == complaints("#\n" * 401)
    assert [] == complaints("@f\ndef f():\n" + body * 59)
    assert ["f has 61 lines"] == complaints("async def f():\n" + body * 60)


@pytest.mark.parametrize("late", ["import gossipd.b", "def f(): import gossipd.b"])
def test_a_circle_is_seen(late: str) -> None:
    """Also one that only an import inside a function closes."""
    modules = {
        "gossipd.a": Module("gossipd.a", late),
        "gossipd.b": Module("gossipd.b", "from gossipd import c"),
        "gossipd.c": Module("gossipd.c", "if TYPE_CHECKING:\n    from gossipd.a import X"),
        "gossipd.d": Module("gossipd.d", "import gossipd.a"),
    }
    found = {name: rules.is_in_no_circle(module, modules) for name, module in modules.items()}
    circle = ["is in an import circle"]
    assert {"gossipd.a": circle, "gossipd.b": circle, "gossipd.c": circle, "gossipd.d": []} == found


@pytest.mark.parametrize(
    ("number", "ending", "complaints"),
    [(7, "", 0), (8, "", 1), (7, "        self.x = C7()\n", 1), (7, "        x = C7()\n", 0)],
)
def test_collaborators_are_counted(number: int, ending: str, complaints: int) -> None:
    """Seven are allowed; what is taken, declared, or made and kept counts, plain values do not."""
    classes = "".join(f"class C{i}:\n    def f(self): ...\n" for i in range(8))
    values = "".join(f"@attrs.frozen\nclass V{i}: ...\n" for i in range(8))
    taken = "".join(f", c{i}: list[C{i}], v{i}: V{i}" for i in range(number))
    names = ", ".join(f"C{i}, V{i}" for i in range(8))
    text = (
        f"from gossipd.others import {names}\n"
        f"class A:\n    def __init__(self{taken}, f: Callable[[C7], None]) -> None:\n"
        f"        pass\n{ending}"
    )
    modules = {
        "gossipd.others": Module("gossipd.others", classes + values),
        "gossipd.a": Module("gossipd.a", text),
    }
    found = rules.classes_have_few_collaborators(modules["gossipd.a"], modules)
    assert complaints == len(found)


def test_what_is_said_of_a_type_is_no_collaborator() -> None:
    """It may be any text, also one that is no type."""
    text = "class A:\n    x: Annotated[int, Meta(description='a few words', of=C)] = 1\n"
    module = Module("gossipd.a", f"from gossipd.others import C\n{text}")
    modules = {"gossipd.a": module, "gossipd.others": Module("gossipd.others", "class C: ...")}
    assert [] == rules.classes_have_few_collaborators(module, modules)
