"""The project's source as the rules read it: modules, their imports, their classes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[2]


@attrs.define(slots=False)
class Module:
    """One module, by its dotted name; a package's `__init__` has the package's name."""

    name: str
    text: str
    package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree."""
        return ast.parse(self.text)

    @property
    def room(self) -> str:
        """The package that the module is in; a package is in itself."""
        return self.name if self.package else self.name.rpartition(".")[0]

    def imports(self, *, late: bool = True) -> Iterator[tuple[str, str]]:
        """(module, name) of each import, relative ones resolved; name is "" for `import module`.

        Without `late`, what stands under `if TYPE_CHECKING:` or inside a function is left out.
        """
        for node in _nodes(self.tree, late=late):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                parts = [*self.room.split("."), ""][: -node.level] if node.level else []
                base = ".".join([*parts, *([node.module] if node.module else [])])
                yield from ((base, alias.name) for alias in node.names)

    def targets(self, known: dict[str, Module], *, late: bool = True) -> list[str]:
        """What is imported: `from a import b` is a.b where that is a module, else a."""
        found = [
            f"{base}.{name}" if name and f"{base}.{name}" in known else base
            for base, name in self.imports(late=late)
        ]
        return list(dict.fromkeys(found))


def _nodes(tree: ast.AST, *, late: bool) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        skipped = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or (
            isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        )
        if late or not skipped:
            yield node
            yield from _nodes(node, late=late)


def read(*folders: str) -> dict[str, Module]:
    """Every module below these folders of the project, by name."""
    found = {}
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            parts = list(path.relative_to(ROOT).with_suffix("").parts)
            package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if package else parts)
            found[name] = Module(name, path.read_text(encoding="utf-8"), package)
    return found
