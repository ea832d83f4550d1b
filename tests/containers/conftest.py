"""Fixtures of the tests in containers, which need a container engine."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Iterator

import pytest

from tests.containers.engine import LABEL, Cluster, cluster, docker, insisted, missing_engine
from tests.real.cluster import ROOT


@pytest.fixture(scope="session")
def engine() -> None:
    """A container engine that answers; without one the test is skipped, or fails if insisted."""
    reason = missing_engine()
    if reason is not None and insisted():
        pytest.fail(f"{reason}, and GOSSIPD_REQUIRE_CONTAINERS insists")
    if reason is not None:
        pytest.skip(reason)


@pytest.fixture(scope="session")
def image(engine: None) -> Iterator[str]:
    """The image of this checkout, under a name of its own."""
    name = f"{LABEL}-{secrets.token_hex(4)}"
    result = subprocess.run(
        ["docker", "build", "--tag", name, str(ROOT)],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert result.returncode == 0, (result.stdout, result.stderr)
    yield name
    docker("image", "rm", name)


@pytest.fixture(scope="module")
def three(image: str) -> Iterator[Cluster]:
    """Three nodes that know each other; every test leaves them so."""
    with cluster(3, image) as nodes:
        yield nodes
