"""Fixtures of the tests with real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.processes import Cluster, cluster


def pytest_configure(config: pytest.Config) -> None:
    """Registers the marker of these tests."""
    config.addinivalue_line("markers", "real: starts real processes on loopback")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Runs three nodes that know each other, for the tests of one file."""
    with cluster(3, tmp_path_factory.mktemp("three")) as nodes:
        yield nodes


@pytest.fixture(scope="session")
def sixteen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Runs sixteen nodes for the tests of several files, each of which leaves all of them alive."""
    with cluster(16, tmp_path_factory.mktemp("sixteen")) as nodes:
        yield nodes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns where the logs of the test's own nodes go."""
    return tmp_path
