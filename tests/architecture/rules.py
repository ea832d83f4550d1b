"""The rules of the house. Each takes a module and all modules by name, and returns complaints."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from functools import cache

from .source import Module

Modules = dict[str, Module]
Rule = Callable[[Module, Modules], list[str]]

LAYERS = """
lab.house
lab.bench, lab.blackbox, lab.crowd
lab.search, lab.experiments
lab.processes
gossipd: __main__
gossipd.cli
gossipd.monitor: program
gossipd.monitor: picture readings terminal
gossipd.monitor: lists
gossipd.monitor: columns known view
gossipd.monitor: news rate
gossipd: testing
gossipd.daemon: run rehearsal
gossipd.daemon: inside
gossipd.daemon: open open_guards open_files open_redis own_id flaps sockets
gossipd.daemon.doors, gossipd.daemon.redis
gossipd.daemon: service operations standing
gossipd.daemon: turns
gossipd.daemon: driver tickets joint
gossipd.daemon.storage, gossipd.daemon.net, gossipd.daemon.sealing, gossipd.daemon.access
gossipd.daemon.http, gossipd.daemon.resp, gossipd.daemon.tls
gossipd.daemon: config log event_log errors future clock_steps readers following watch member_events
gossipd.daemon: file_watch connections readiness supervisor histogram repeated
gossipd.sim: command
gossipd.sim: simulate report plot
gossipd.sim.scenario
gossipd.sim.judge
gossipd.sim.world
gossipd.protocol: node
gossipd.protocol: inbox handshake foreign keeping
gossipd.protocol.reconcile
gossipd.protocol.counters
gossipd.protocol.membership
gossipd.protocol: outbox runtime statistics part
gossipd.protocol: effects state
gossipd.protocol: address bringers config events fingerprint leaky_bucket timers unkept
gossipd.protocol.wire
gossipd: healthcheck
gossipd: client
gossipd: version
gossipd: secret_files
"""
"""The map, from the roof to the ground: a module imports from its own room and from lower layers.

A layer is a room, several rooms side by side that do not know each other, or, after a colon, some
modules of a package that holds rooms.
"""

DOORS = {
    "gossipd",
    "gossipd.cli",
    "gossipd.daemon",
    "gossipd.monitor",
    "gossipd.protocol",
    "gossipd.sim",
    "gossipd.sim.judge",
    "gossipd.sim.scenario",
    "gossipd.sim.world",
    "lab.bench",
    "lab.blackbox",
    "lab.crowd",
    "lab.experiments",
    "lab.house",
    "lab.processes",
    "lab.search",
}
"""Packages that any other may import. All others are known only inside their own package."""

APART = ("gossipd.daemon", "gossipd.sim")
"""The two drivers of the protocol: neither knows the other."""

PROTOCOL_MAY_IMPORT = {
    "__future__",
    "abc",
    "array",
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
    "operator",
    "random",
    "re",
    "sortedcontainers",
    "struct",
    "typing",
    "unicodedata",
}

CLI_MAY_IMPORT = {
    "__future__",
    "click",
    "collections.abc",
    "contextlib",
    "functools",
    "gossipd",
    "gossipd.version",
    "os",
    "signal",
    "sys",
    "typing",
}
"""The command line starts fast: everything else is imported by the command that needs it."""

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 60
MAX_COLLABORATORS = 7


def within(name: str, package: str) -> bool:
    """Returns whether a module is `package` or something in it."""
    return name == package or name.startswith(f"{package}.")


# Imports


@cache
def layers() -> list[list[tuple[str, frozenset[str]]]]:
    """Returns LAYERS from the ground up: for each layer its rooms, each with the modules named."""
    found = []
    for line in reversed(LAYERS.strip().splitlines()):
        rooms, _, names = line.partition(":")
        found.append([(room.strip(), frozenset(names.split())) for room in rooms.split(",")])
    return found


def layer_of(module: Module) -> tuple[int, str] | None:
    """Returns the number of the module's layer, counted from the ground, and its room there.

    The door of a package that holds several layers belongs to the highest of them.
    """
    last = module.name.rpartition(".")[2]
    found = None
    for number, layer in enumerate(layers()):
        for room, names in layer:
            if module.room == room and (not names or module.package or last in names):
                found = (number, f"{room}: {sorted(names)}" if names else room)
    return found


def imports_only_from_lower_layers(module: Module, modules: Modules) -> list[str]:
    """A module imports from its own room and from lower layers, and has a place on the map."""
    own = layer_of(module)
    if own is None:
        return [] if module.name in ("gossipd", "lab") else ["has no layer on the map"]
    complaints = []
    for target in module.targets(modules):
        if target not in modules or target in ("gossipd", module.name):
            continue
        other = layer_of(modules[target])
        if other is None or (other[0] >= own[0] and other != own):
            complaints.append(f"imports {target}, which is not below it")
    return complaints


def imports_through_doors(module: Module, modules: Modules) -> list[str]:
    """An import reaches no further into another package than to its door.

    A module may import what lies beside it and what lies beside the packages around it: modules
    there, and the doors of packages there. Beyond that only DOORS are open.
    """
    complaints = []
    for target in module.targets(modules):
        if target not in modules or target in DOORS:
            continue
        beside = target.rpartition(".")[0]
        if not within(module.room, beside):
            complaints.append(f"imports {target} past a door")
    return complaints


def is_in_no_circle(module: Module, modules: Modules) -> list[str]:
    """No module imports itself through others, type checking and imports in functions included."""
    seen: set[str] = set()
    todo = [module.name]
    while todo:
        for target in modules[todo.pop()].targets(modules):
            if target == module.name:
                return ["is in an import circle"]
            if target in modules and target not in seen:
                seen.add(target)
                todo.append(target)
    return []


def drivers_are_apart(module: Module, modules: Modules) -> list[str]:
    """The daemon and the simulator do not know each other."""
    for one, other in (APART, APART[::-1]):
        if within(module.name, one):
            return [f"imports {t}" for t in module.targets(modules) if within(t, other)]
    return []


def protocol_imports_from_the_list(module: Module, modules: Modules) -> list[str]:
    """The protocol imports only itself and a positive list; of `random` only `Random`."""
    complaints = []
    for target, name in module.imports():
        if not within(target, "gossipd.protocol") and target not in PROTOCOL_MAY_IMPORT:
            complaints.append(f"imports {target}")
        if target == "random" and name != "Random":
            complaints.append("imports more of random than Random")
    return complaints if within(module.name, "gossipd.protocol") else []


def only_the_daemon_imports_trio(module: Module, modules: Modules) -> list[str]:
    """Inside the package trio is the daemon's."""
    if within(module.name, "gossipd.daemon") or within(module.name, "lab"):
        return []
    return [f"imports {target}" for target, _ in module.imports() if within(target, "trio")]


def cli_imports_little(module: Module, modules: Modules) -> list[str]:
    """At its top the command line imports click and what costs nothing."""
    if not within(module.name, "gossipd.cli"):
        return []
    targets = [target for target, _ in module.imports(late=False)]
    allowed = CLI_MAY_IMPORT
    return [f"imports {t}" for t in targets if t not in allowed and not within(t, "gossipd.cli")]


def the_package_stands_alone(module: Module, modules: Modules) -> list[str]:
    """What is installed imports nothing that is not."""
    if not within(module.name, "gossipd"):
        return []
    found = {target.partition(".")[0] for target in module.targets(modules)}
    return [f"imports {name}" for name in sorted(found & {"lab", "tests"})]


# Sizes


def sizes_are_bounded(module: Module, modules: Modules) -> list[str]:
    """At most 400 lines a module and 60 a function, without its decorators."""
    lines = len(module.text.splitlines())
    complaints = [f"has {lines} lines"] if lines > MAX_MODULE_LINES else []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > MAX_FUNCTION_LINES:
                complaints.append(f"{node.name} has {length} lines")
    return complaints


# Objects


def _classes(module: Module) -> Iterator[ast.ClassDef]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.ClassDef))


_VALUES = {"Struct", "NamedTuple", "Enum", "IntEnum", "Exception", "ValueError", "TypedDict"}


def _is_value(node: ast.ClassDef) -> bool:
    """Returns whether a class is a plain value: frozen, a message, an enum, an exception."""
    bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    return bool(bases & _VALUES) or any("frozen" in ast.unparse(d) for d in node.decorator_list)


def _names(annotation: ast.AST | None) -> Iterator[str]:
    """Yields the names in an annotation; what a callable takes and returns is no collaborator."""
    if annotation is None:
        return
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) in (
        "Callable",
        "type",
    ):
        return
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "Annotated":
        # What stands behind the type is about it, and may be any value.
        annotation = annotation.slice.elts[0]  # type: ignore[attr-defined]
    if isinstance(annotation, ast.Name):
        yield annotation.id
    for child in ast.iter_child_nodes(annotation):
        yield from _names(child)


def _held(node: ast.ClassDef) -> Iterator[str]:
    """Yields names of what an instance takes, declares or makes when it is made."""
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            yield from _names(statement.annotation)
        if isinstance(statement, ast.FunctionDef) and statement.name == "__init__":
            arguments = statement.args
            for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
                yield from _names(argument.annotation)
            for inner in ast.walk(statement):
                if isinstance(inner, ast.Assign | ast.AnnAssign) and isinstance(
                    inner.value, ast.Call
                ):
                    targets = inner.targets if isinstance(inner, ast.Assign) else [inner.target]
                    kept = any(ast.unparse(target).startswith("self.") for target in targets)
                    if kept and isinstance(inner.value.func, ast.Name):
                        yield inner.value.func.id


@cache
def _behaving(module: Module) -> set[str]:
    return {node.name for node in _classes(module) if not _is_value(node)}


def classes_have_few_collaborators(module: Module, modules: Modules) -> list[str]:
    """A class holds at most 7 objects of other modules' classes; plain values do not count."""
    behaving = set[str]().union(*(_behaving(other) for other in modules.values()))
    imported = {name for target, name in module.imports() if target.startswith(("gossipd", "lab"))}
    complaints = []
    for node in _classes(module):
        found = sorted(set(_held(node)) & behaving & imported)
        if len(found) > MAX_COLLABORATORS:
            complaints.append(f"{node.name} has {len(found)} collaborators: {', '.join(found)}")
    return complaints


@cache
def _declared(module: Module) -> set[str]:
    """Returns the names of all attributes that the module's classes declare."""
    found: set[str] = set()
    for node in _classes(module):
        for inner in ast.walk(node):
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                found.add(inner.target.id)
            elif isinstance(inner, ast.Attribute) and isinstance(inner.ctx, ast.Store):
                if isinstance(inner.value, ast.Name) and inner.value.id == "self":
                    found.add(inner.attr)
            elif isinstance(inner, ast.Assign) and ast.unparse(inner.targets[0]) == "__slots__":
                found |= set(ast.literal_eval(inner.value))
    return found


def attributes_are_set_at_home(module: Module, modules: Modules) -> list[str]:
    """`x.name = …` stands only in the module whose class declares `name`; nobody calls setattr.

    The deadline of a cancel scope is trio's, which is meant to be set.
    """
    foreign = set[str]().union(*(_declared(other) for other in modules.values())) - _declared(
        module
    )
    complaints = []
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store | ast.Del):
            own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if node.attr in foreign and not own and ast.unparse(node) != "self._sleep.deadline":
                complaints.append(f"sets {ast.unparse(node)} from outside")
        if isinstance(node, ast.Call) and ast.unparse(node.func) in (
            "setattr",
            "object.__setattr__",
        ):
            complaints.append("calls setattr")
    return complaints


RULES: tuple[Rule, ...] = (
    imports_only_from_lower_layers,
    imports_through_doors,
    is_in_no_circle,
    drivers_are_apart,
    protocol_imports_from_the_list,
    only_the_daemon_imports_trio,
    cli_imports_little,
    the_package_stands_alone,
    sizes_are_bounded,
    classes_have_few_collaborators,
    attributes_are_set_at_home,
)
