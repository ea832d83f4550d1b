"""Figures that are kept, and the page that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.bench import page
from lab.bench.targets import TARGETS
from tests.lab.bench.made_up import findings


def test_the_page_shows_what_is_kept(tmp_path: Path) -> None:
    """Between the marks, and again; what stands around them stays. What was not run is left out."""
    around = page.about()
    file = tmp_path / "performance.md"
    file.write_text(f"above\n{page.BEGIN}\nold\n{page.END}\nbelow\n", encoding="utf-8")
    page.keep(tmp_path, "udp", findings()["udp"], around)
    (tmp_path / "udp.png").touch()
    for _ in range(2):
        page.rewrite(file, tmp_path, ["http", "udp"])
    text = file.read_text(encoding="utf-8")
    assert text.startswith(f"above\n{page.BEGIN}\n")
    assert text.endswith(f"{page.END}\nbelow\n")
    assert "old" not in text
    assert 1 == text.count("| gossipd | 52,500 (45,000 to 60,000) |")
    assert f"![udp]({tmp_path.name}/udp.png)" in text
    assert "scripts/bench http" not in text
    assert len(TARGETS) - 1 == text.count("not measured")


def test_a_page_without_marks_is_not_touched(tmp_path: Path) -> None:
    """It says so."""
    file = tmp_path / "performance.md"
    file.write_text("text", encoding="utf-8")
    with pytest.raises(ValueError, match=r"performance\.md has no marks"):
        page.rewrite(file, tmp_path, [])
    assert "text" == file.read_text(encoding="utf-8")


def test_what_is_kept_names_no_machine(tmp_path: Path) -> None:
    """Its kind only; numbers have six digits."""
    page.keep(tmp_path, "udp", findings()["udp"], page.about())
    kept = json.loads((tmp_path / "udp.json").read_text(encoding="utf-8"))
    assert {"cores", "gossipd", "machine", "python", "system"} == set(kept["about"])
    assert 0.333333 == page._rounded([{"a": (1 / 3,)}])[0]["a"][0]


def test_own_work_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two cores for ten seconds, five seconds of others are a quarter."""
    at, busy, own = iter([0.0, 10.0]), iter([100.0, 108.0]), iter([1.0, 4.0])
    monkeypatch.setattr(page.time, "monotonic", lambda: next(at))
    monkeypatch.setattr(page, "_busy", lambda: next(busy))
    monkeypatch.setattr(page, "_own", lambda: next(own))
    monkeypatch.setattr(page.os, "cpu_count", lambda: 2)
    assert 25.0 == page.Others().percent()


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is said."""
    monkeypatch.setattr(page, "_busy", lambda: None)
    assert None is page.Others().percent()
    assert page._own() > 0
