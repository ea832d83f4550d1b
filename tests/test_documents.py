"""What documents say of files, of each other and of the command line is so."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from gossipd.cli.run import run

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_OPTION = re.compile(r"^\| `(--[a-z-]+)[^|]*\| ([^|]*)\|", re.MULTILINE)


def anchors(document: Path) -> set[str]:
    """What a link can point to in it: each heading, as web sites that show it spell them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def broken(document: Path) -> list[str]:
    """The relative links of a document that lead nowhere."""
    found = []
    for path, anchor in _LINK.findall(document.read_text(encoding="utf-8")):
        target = document.parent / path if path else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(f"{path}#{anchor}")
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_relative_links_lead_somewhere(document: Path) -> None:
    """To a file that is there, and to a heading in it."""
    assert [] == broken(document)


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    """A missing file, and a missing heading; what is on the web is not asked for."""
    document = tmp_path / "a.md"
    text = "# A b\n[1](b.md) [2](a.md#a-b) [3](#c) [4](https://a.test/b) [5](a.md)\n"
    document.write_text(text, encoding="utf-8")
    assert ["b.md#", "#c"] == broken(document)


def test_readme_lists_every_option_of_run() -> None:
    """Each with the environment variables that stand for it."""
    listed = {
        flag: set(re.findall(r"`([A-Z_]+)`", variables)) - {"PORT"}
        for flag, variables in _OPTION.findall((ROOT / "README.md").read_text(encoding="utf-8"))
    }
    options = [one for one in run.params if isinstance(one, click.Option)]
    assert listed == {
        option.opts[0]: {option.envvar} if isinstance(option.envvar, str) else {*option.envvar}
        for option in options
        if option.envvar
    }
