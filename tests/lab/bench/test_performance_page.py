"""Results that are kept, and the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.bench import performance_page
from lab.bench.machine import describe
from lab.bench.performance_targets import TARGETS
from tests.lab.bench.made_up_findings import findings


def test_the_page_shows_what_is_kept(tmp_path: Path) -> None:
    """Results stand between the marks, also after a second time; text around them stays."""
    around = describe()
    file = tmp_path / "performance.md"
    file.write_text(
        f"above\n{performance_page.BEGIN}\nold\n{performance_page.END}\nbelow\n", encoding="utf-8"
    )
    performance_page.keep(tmp_path, "udp", findings()["udp"], around)
    (tmp_path / "udp.png").touch()
    for _ in range(2):
        performance_page.rewrite(file, tmp_path, ["http", "udp"])
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"above\n{performance_page.BEGIN}\n")
    assert text.endswith(f"{performance_page.END}\nbelow\n")
    assert "old" not in text
    assert 1 == text.count("| gossipd | 52,500 (45,000 to 60,000) |")
    assert f"![udp]({tmp_path.name}/udp.png)" in text
    assert "scripts/bench http" not in text
    assert len(TARGETS) - 1 == text.count("not measured")


def test_a_page_without_marks_is_not_touched(tmp_path: Path) -> None:
    """The error says so, and the file stays as it was."""
    file = tmp_path / "performance.md"
    file.write_text("text", encoding="utf-8")
    with pytest.raises(ValueError, match=r"performance\.md has no marks"):
        performance_page.rewrite(file, tmp_path, [])
    assert "text" == file.read_text(encoding="utf-8")


def test_what_is_kept_names_no_machine(tmp_path: Path) -> None:
    """Only the kind of machine is kept, and numbers have six digits."""
    performance_page.keep(tmp_path, "udp", findings()["udp"], describe())
    kept = json.loads((tmp_path / "udp.json").read_text(encoding="utf-8"))
    assert {"cores", "gossipd", "machine", "python", "system"} == set(kept["about"])
    assert 0.333333 == performance_page._rounded([{"a": (1 / 3,)}])[0]["a"][0]
