"""The documented REST API, checked from outside on real nodes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

import pytest

from lab.processes import ROOT, Cluster, cluster, isolated

pytestmark = pytest.mark.real

SCRIPT = ROOT / "tests" / "contract" / "check_api.py"
CLUSTERS = 3
# These mostly wait, so they are started first.
LONG = (
    "removed_peer_stays_out_until_registered",
    "peer_removed_by_one_node_only_stays_out_there",
    "register_is_accepted_and_forgotten_if_silent",
)
LOOKS_UP_A_NAME = "register_is_accepted_and_forgotten_if_silent"

Outcomes = dict[str, "Future[subprocess.CompletedProcess[str]]"]


def check_names() -> list[str]:
    """Returns the names of all checks of the script."""
    spec = importlib.util.spec_from_file_location("check_api", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [function.__name__ for function, _ in module.CHECKS]


NAMES = check_names()


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcomes]:
    """Starts all checks, each on three nodes that no other check uses meanwhile."""
    free: SimpleQueue[Cluster] = SimpleQueue()

    def run(name: str) -> subprocess.CompletedProcess[str]:
        nodes = free.get()
        urls = [f"http://{node.id}" for node in nodes.nodes]
        command = [sys.executable, str(SCRIPT), *urls, "--only", name]
        try:
            return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        finally:
            free.put(nodes)

    with ExitStack() as stack:
        for number in range(CLUSTERS):
            folder: Path = tmp_path_factory.mktemp(f"contract{number}")
            free.put(stack.enter_context(cluster(3, folder)))
        pool = stack.enter_context(ThreadPoolExecutor(CLUSTERS))
        order = sorted(NAMES, key=lambda name: name not in LONG)
        yield {
            name: pool.submit(run, name) for name in order if isolated() or name != LOOKS_UP_A_NAME
        }


@pytest.mark.parametrize("name", NAMES)
def test_the_contract_holds(name: str, outcomes: Outcomes) -> None:
    """Each check of the script passes against three nodes."""
    if name not in outcomes:
        pytest.skip("it looks up a name, which must not leave this machine: no network namespace")
    ended = outcomes[name].result(110)
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert f"ok    {name}" in ended.stdout
