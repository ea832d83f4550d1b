"""Histories that once failed; `docs/bugs-found.md` says what each of them showed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from lab.search.play import play_history

FILES = sorted(Path(__file__).parent.joinpath("regressions").glob("*.toml"))
PAGE = Path(__file__).parents[3] / "docs" / "bugs-found.md"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_found_any_more(file: Path) -> None:
    """All that must hold of a history holds of this one."""
    assert [] == list(play_history(tomllib.loads(file.read_text(encoding="utf-8"))).findings)


def test_the_page_lists_them_all() -> None:
    """Each by the name of its file."""
    page = PAGE.read_text(encoding="utf-8")
    assert [] == [file.stem for file in FILES if f"`{file.stem}`" not in page]
    assert len(FILES) >= 4
