"""How much of the machine other programs use."""

from __future__ import annotations

import pytest

from lab.bench import machine


def test_own_work_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds of other programs are a quarter of two cores' ten seconds."""
    at, busy, own = iter([0.0, 10.0]), iter([100.0, 108.0]), iter([1.0, 4.0])
    monkeypatch.setattr(machine.time, "monotonic", lambda: next(at))
    monkeypatch.setattr(machine, "_busy_seconds", lambda: next(busy))
    monkeypatch.setattr(machine, "_own_seconds", lambda: next(own))
    monkeypatch.setattr(machine.os, "cpu_count", lambda: 2)
    assert 25.0 == machine.OtherPrograms().percent()


def test_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without /proc/stat there is no share."""
    monkeypatch.setattr(machine, "_busy_seconds", lambda: None)
    assert None is machine.OtherPrograms().percent()
    assert machine._own_seconds() > 0
