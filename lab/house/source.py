"""The modules of the source: their docstrings, and what each imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import attrs


@attrs.frozen
class Module:
    """One module.

    Attributes:
        name: its dotted name; a package's `__init__` has the package's name.
        package: the package that it lies in; an `__init__` lies in its own.
        summary: the first sentence of its docstring.
        imports: names of the modules of the source that it imports.
    """

    name: str
    package: str
    summary: str
    imports: frozenset[str]


def read(root: Path, *folders: str) -> dict[str, Module]:
    """Returns every module in these folders, by name."""
    paths = [path for folder in folders for path in sorted((root / folder).rglob("*.py"))]
    known = {_name(path.relative_to(root)): path for path in paths}
    return {name: _module(name, path, frozenset(known)) for name, path in known.items()}


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _module(name: str, path: Path, known: frozenset[str]) -> Module:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    door = path.stem == "__init__"
    package = name if door else name.rpartition(".")[0]
    # A door may offer names lazily, by imports in functions. They are no dependencies of the door,
    # or else everything below that imports the door for another name would form a circle.
    nodes = tree.body if door else list(ast.walk(tree))
    imported = {target for node in nodes for target in _targets(node, package, known)}
    return Module(name, package, _first_sentence(tree), frozenset(imported & known - {name}))


def _targets(node: ast.AST, package: str, known: frozenset[str]) -> Iterator[str]:
    """Yields what an import statement imports; `from a import b` is a.b where that is a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
        base = ".".join([*above, *([node.module] if node.module else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            yield inner if inner in known else base


def _first_sentence(tree: ast.Module) -> str:
    paragraph = " ".join((ast.get_docstring(tree) or "").partition("\n\n")[0].split())
    sentence, end, _ = paragraph.partition(". ")
    return sentence + "." if end else paragraph
