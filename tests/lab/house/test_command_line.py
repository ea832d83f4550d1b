"""The map of this checkout."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from lab.house import command_line


def test_the_map_is_current() -> None:
    """If this fails, run scripts/map."""
    result = CliRunner().invoke(command_line.main, ["--check"])
    assert (0, "") == (result.exit_code, result.output)


def test_a_map_that_is_not_current_is_told_and_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A check changes nothing; the command without --check writes the map."""
    page = tmp_path / "architecture.md"
    old = "<!-- map: made by scripts/map -->\n<!-- end of map -->\n"
    page.write_text(old, encoding="utf-8")
    monkeypatch.setattr(command_line, "PAGE", page)
    result = CliRunner().invoke(command_line.main, ["--check"])
    assert 1 == result.exit_code
    assert "run scripts/map" in result.output
    assert old == page.read_text(encoding="utf-8")
    assert 0 == CliRunner().invoke(command_line.main).exit_code
    assert 0 == CliRunner().invoke(command_line.main, ["--check"]).exit_code
