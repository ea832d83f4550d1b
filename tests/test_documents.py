"""Documents say what is so of the source, of each other and of the command line."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from gossipd.cli import main
from gossipd.cli.run import run

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")]
)
_LINK = re.compile(r"\]\((?!\w+:)([^)#\s]*)(?:#([^)\s]+))?\)")
_OPTION = re.compile(r"^\| `(--[a-z-]+)[^|]*\| ([^|]*)\|", re.MULTILINE)

# A source file is written `daemon/driver.py`, a name in it `Driver.run` (`daemon/driver.py`).
_SOURCE = re.compile(r"`([\w/-]+\.py)`")
_NAME = re.compile(r"`([A-Za-z_][\w.]*)`\s+\(`([\w/-]+\.py)`\)")
_BASES = (ROOT, ROOT / "gossipd", ROOT / "gossipd" / "protocol")


def anchors(document: Path) -> set[str]:
    """Returns what a link can point to: the headings, spelled as web sites spell their anchors."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


def broken(document: Path) -> list[str]:
    """Returns the relative links of a document that lead nowhere."""
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


def test_every_page_is_reached_from_the_readme() -> None:
    """By following links, in one step or several."""
    reached, waiting = set[Path](), [ROOT / "README.md"]
    while waiting:
        document = waiting.pop()
        reached.add(document)
        links = _LINK.findall(document.read_text(encoding="utf-8"))
        found = {(document.parent / path).resolve() for path, _ in links if path.endswith(".md")}
        waiting += found - reached
    assert set(DOCUMENTS) <= reached


def source(named: str) -> Path | None:
    """Returns the file that a document means, by its path from the root, gossipd or protocol."""
    return next((base / named for base in _BASES if (base / named).is_file()), None)


def names(path: Path) -> set[str]:
    """Returns the classes and functions of a file, and its methods as `Class.method`."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
            found |= {
                f"{node.name}.{inner.name}"
                for inner in getattr(node, "body", ())
                if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef)
            }
    return found


def lost(text: str) -> list[str]:
    """Returns what a document mentions of the source and what does not exist."""
    missing = [named for named in _SOURCE.findall(text) if source(named) is None]
    for name, named in _NAME.findall(text):
        path = source(named)
        if path is not None and name not in names(path):
            missing.append(f"{name} in {named}")
    return missing


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_source_that_is_mentioned_exists(document: Path) -> None:
    """Each file, and each class and function that stands before its file in brackets."""
    assert [] == lost(document.read_text(encoding="utf-8"))


def test_source_that_does_not_exist_is_found() -> None:
    """A file that is not there, and a method that its class does not have."""
    text = "`daemon/driver.py` `no/such.py` `Driver.run` (`daemon/driver.py`) `Driver.fly`\n"
    text += "(`daemon/driver.py`) `Driver` (`daemon/driver.py`)"
    assert ["no/such.py", "Driver.fly in daemon/driver.py"] == lost(text)


def misspelt(text: str) -> list[str]:
    """Returns the commands within sentences that name a command or an option that is not there."""
    wrong = []
    for line in re.findall(r"`gossipd ([^`]+)`", text.replace("\n", " ")):
        command: click.Command = main
        for word in line.split("|")[0].split():
            options = {name for each in command.params for name in each.opts}
            if isinstance(command, click.Group) and not word.startswith("-"):
                command = command.commands.get(word, click.Command(""))
                wrong += [line] if not command.name else []
            elif word.startswith("-") and word.strip("-") and word not in {*options, "--help"}:
                wrong += [line] if not re.fullmatch(r"-\d+", word) else []
    return wrong


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_sentences_exist(document: Path) -> None:
    """With their options. What stands in fences is run by tests/real/test_printed.py."""
    assert [] == misspelt(document.read_text(encoding="utf-8"))


def test_a_command_that_does_not_exist_is_found() -> None:
    """And an option."""
    text = "`gossipd add stock -3` `gossipd store sow DIR` `gossipd members --stat x`"
    assert ["store sow DIR", "members --stat x"] == misspelt(text)


def test_each_no_of_the_security_table_names_a_test() -> None:
    """That the named tests exist is checked like any name; every one of them is used."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    section = text.split("## Who can do what\n")[1].split("\n## ")[0]
    rows = [line.split("|")[2:-1] for line in section.splitlines() if line.startswith("| ")][2:]
    cells = [cell.strip() for row in rows for cell in row]
    assert [] == [cell for cell in cells if cell.startswith("no") and not re.search(r"\(\d", cell)]
    used = {number for cell in cells for number in re.findall(r"\((\d+)\)", cell)}
    listed = re.findall(r"^(\d+)\. `test_\w+` \(`tests/", section, re.MULTILINE)
    assert sorted(used) == listed


def test_the_table_of_options_is_complete() -> None:
    """It lists every option of `gossipd run` with the environment variables that stand for it."""
    table = (ROOT / "docs" / "running.md").read_text(encoding="utf-8")
    listed = {
        flag: set(re.findall(r"`([A-Z_]+)`", variables)) - {"PORT"}
        for flag, variables in _OPTION.findall(table)
    }
    options = [one for one in run.params if isinstance(one, click.Option)]
    assert listed == {
        option.opts[0]: {option.envvar} if isinstance(option.envvar, str) else {*option.envvar}
        for option in options
        if option.envvar
    }
