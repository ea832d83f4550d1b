"""A power cut at any call that the store makes: what was acknowledged is there, and all opens."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.daemon.storage.faults.shim import build, play

POWER = "tests.daemon.storage.faults.power"
LONG = bool(os.environ.get("GOSSIPD_LONG"))


def test_power_is_lost_at_every_call() -> None:
    """The file holds one of the states between the last acknowledged and the last begun one.

    In images where only what was synced survives, where everything does, and in random ones. What
    is merged from it is all that was acknowledged, and all that it vouches for: checkpoints of the
    counters are under way meanwhile.
    """
    report = play(f"{POWER}.cuts", seed=1)
    print(report)
    assert [] == report["problems"]
    assert report["acknowledged"] >= 30
    assert report["calls"] > 200
    assert report["images"] > 300
    assert report["heard"] > 30
    assert report["checkpoints"] >= 3


def test_a_store_that_does_not_sync_is_found_out() -> None:
    """The same workload without syncs loses what it acknowledged."""
    report = play(f"{POWER}.cuts", seed=1, pragma="PRAGMA synchronous = OFF")
    assert any("acknowledged increments" in problem for problem in report["problems"])


def test_a_piece_that_is_on_the_disk_too_early_is_found_out() -> None:
    """A checkpoint's piece without what was merged when it was read vouches for what is not there.

    That is so after cuts that leave what was synced of the file, and nothing of what was recorded.
    """
    report = play(f"{POWER}.cuts", seed=1, hasty=True)
    assert any("vouches for what it does not have" in problem for problem in report["problems"])


def test_power_is_lost_again_during_the_recovery() -> None:
    """At every call of the next start and of its first commits, for a sample of the first cuts.

    What that start has shown is there as well.
    """
    report = play("tests.daemon.storage.faults.recovery.cuts", seed=1, sample=200 if LONG else 8)
    print(report)
    assert [] == report["problems"]
    assert report["second"] > 50 * report["first"]


def test_a_recovery_that_does_not_sync_is_found_out() -> None:
    """What it acknowledged is gone after the second cut."""
    report = play(
        "tests.daemon.storage.faults.recovery.cuts",
        seed=1,
        sample=3,
        pragma="PRAGMA synchronous = OFF",
    )
    assert any("acknowledged increments" in problem for problem in report["problems"])


def test_power_is_lost_while_what_only_the_page_cache_holds_is_moved_into_the_file() -> None:
    """A sync has failed: no page may be left half of it, with nothing on the disk to mend it."""
    report = play("tests.daemon.storage.faults.moving.cuts", seed=1, times=80 if LONG else 12)
    print(report)
    assert [] == report["problems"]
    assert report["images"] > 150 * 12


@pytest.mark.parametrize("reader", [False, True])
def test_nothing_is_built_upon_what_only_the_page_cache_holds(reader: bool) -> None:
    """A write whose sync failed may be read again, and what follows it must not be lost with it."""
    report = play(f"{POWER}.failed_sync", reader=reader)
    assert 1 in report["read"]
    assert all([*report["read"], 3] == left for left in report["left"])


@pytest.mark.parametrize(("ci", "outcome"), [("true", "fail"), ("", "skip")])
def test_without_a_compiler_it_is_left_out_visibly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ci: str, outcome: str
) -> None:
    """But not by continuous integration, which is to have one."""
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(
        (pytest.fail.Exception, pytest.skip.Exception), match="C compiler"
    ) as caught:
        build(tmp_path)
    assert isinstance(caught.value, getattr(pytest, outcome).Exception)
