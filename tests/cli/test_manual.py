"""Manual pages are made from the commands."""

from __future__ import annotations

from pathlib import Path

from tests.cli.invoking import invoke


def test_a_page_has_what_help_has() -> None:
    """Name, usage, options and examples, with hyphens that can be copied."""
    page = invoke("manual", "members").stdout
    for part in ("gossipd\\-members \\- List", ".SH OPTIONS", "\\-\\-state", ".SH EXAMPLES"):
        assert part in page
    assert ".SH COMMANDS" in invoke("manual", "store").stdout
    assert ".nf\nq quit " in invoke("manual", "monitor").stdout
    assert ".SH EXAMPLES\n.nf\ngossipd get page:home\n" in invoke("manual", "get").stdout
    assert ".fi\n.PP\nWHO is " in invoke("manual", "simulate").stdout
    assert 2 == invoke("manual", "nothing").exit_code


def test_all_pages(tmp_path: Path) -> None:
    """One for each command and group, into a directory that is there."""
    assert 0 == invoke("manual", "--into", str(tmp_path)).exit_code
    names = {path.name for path in tmp_path.iterdir()}
    assert {"gossipd.1", "gossipd-run.1", "gossipd-store-check.1"} <= names
    assert 1 == invoke("manual", "--into", str(tmp_path / "nowhere")).exit_code
