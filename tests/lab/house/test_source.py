"""How modules and their imports are read."""

from __future__ import annotations

from pathlib import Path

from lab.house.source import read


def test_imports_and_summaries_are_read(tmp_path: Path) -> None:
    """Relative and absolute imports lead to modules; names of modules win over names in them."""
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "__init__.py").write_text('"""The top."""\ndef f():\n    from .b import x\n')
    (tmp_path / "a" / "b" / "__init__.py").write_text("from .x import name\n")
    (tmp_path / "a" / "b" / "x.py").write_text('"""One\nsentence. Another."""\nimport os\n')
    (tmp_path / "a" / "y.py").write_text(
        "def f():\n    from a.b import name\n    from .b import x\n"
    )
    modules = read(tmp_path, "a")
    assert {"a", "a.b", "a.b.x", "a.y"} == set(modules)
    assert "One sentence." == modules["a.b.x"].summary
    assert frozenset({"a.b.x"}) == modules["a.b"].imports
    assert frozenset({"a.b", "a.b.x"}) == modules["a.y"].imports
    assert frozenset() == modules["a"].imports, "what a door imports lazily is not counted"
