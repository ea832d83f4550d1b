"""The command line of the map: `scripts/map`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .rooms import rooms_of
from .section import replaced, section
from .source import read

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "architecture.md"


@click.command()
@click.option("--check", is_flag=True, help="Only tell, by exit code 1, that it is not current.")
def main(check: bool) -> None:
    """Write the map of the source into docs/architecture.md."""
    text = PAGE.read_text(encoding="utf-8")
    current = replaced(text, section(rooms_of(read(ROOT, "lab", "gossipd"))))
    if text == current:
        return
    if check:
        click.echo("The map in docs/architecture.md is not current: run scripts/map", err=True)
        sys.exit(1)
    PAGE.write_text(current, encoding="utf-8")
