"""What the documents print is run as printed, and what it prints is compared with what they show.

Each fence of README.md and docs/ names its language. A line of `sh` is run and must succeed. In
`console`, a line that begins with `$ ` is run, and the lines below it show what comes, in shape:
numbers and random digits may be others, and `…` stands for anything.

All is run on a machine of its own, so to speak: with its own network, its own /etc, /opt and /run,
and a copy of the checkout to work in.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import pytest

from gossipd.daemon.access import new_token
from lab.processes import ROOT, environment, eventually
from tests.certificates import Authority

pytestmark = pytest.mark.real

CANNOT = {
    "scripts/test": "it runs this very test",
    "scripts/bench": "takes minutes; tests/real/test_bench.py runs it in its short form",
    "scripts/simulate-seeds": "takes minutes; scripts/test runs it",
    "scripts/build": "needs the history of the source; scripts/test runs it twice",
    "docker": "needs a container engine; tests/containers has one",
    "kubectl": "needs a cluster",
    "kustomize": "is not packaged; tests/test_kustomize.py reads the components",
    "systemctl": "needs systemd as the first process; tests/test_systemd.py checks the unit",
    "journalctl": "needs the journal of systemd",
    "apt-get": "needs the archive of Debian",
    "pip": "needs a package index",
    "/opt/gossipd/bin/pip": "needs a package index",
    "python3 -m venv": "is filled by pip, which needs a package index",
    "pipx": "needs a package index",
    "redis-cli -p 6379 --user": "asks a person for the token",
}
"""What cannot be run here, by how the line begins, and why."""

SOME = ("nft",)
"""Programs of the system that some machines lack; `.ci/run` installs them."""

LASTING = {
    "scripts/cluster": "node3 .* started ",
    "gossipd run": "started ",
    "/opt/gossipd/bin/gossipd run": "started ",
    "curl -N": "data: ",
    "redis-cli -p 6379 PSUBSCRIBE": "psubscribe",
}
"""What goes on until it is ended, by how the line begins, and what it has printed once it works."""

TWO = (
    "gossipd run --ephemeral --join 127.0.0.9",
    "gossipd run --ephemeral --bind 127.0.0.2 --join 127.0.0.1",
)
STORIES = {
    "README.md docs/api.md docs/page.md": ("scripts/cluster",),
    "docs/commands.md": TWO,
    "docs/operating.md": ("gossipd run --data-dir DIR --join 127.0.0.9", TWO[1]),
    "docs/redis.md": ("gossipd run --redis 127.0.0.1:6379",),
    "docs/running.md": ("gossipd run --bind 127.0.0.7 --data-dir DIR",),
}
"""Documents that are about the same running nodes, and what is started before they begin."""

SMALLER = {
    "gossipd simulate partition": "--nodes 24 --duration 52 --writes 1/s",
    "gossipd simulate": "--nodes 15 --duration 45",
}
"""What is run in a smaller form, with these words at the end of the line."""

PAUSED = {"gossipd members --state suspect": 1}
"""Which of the running nodes is paused before a line, so that it shows what is printed."""

KEPT = "gossipd run --ephemeral --key-file gossipd.keys"
PREPARED = {
    "gossipd keys list": (
        "umask 077; (gossipd keys generate; gossipd keys generate) >gossipd.keys",
        KEPT,
        f"{KEPT} --bind 127.0.0.3 --join 127.0.0.1",
    ),
    "gossipd status --url http://127.0.0.1:8088": ("gossipd run --ephemeral --join 127.0.0.9",),
}
"""What is carried out before a line, so that there is what it shows."""

_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SHAPES = {
    r"…": r".*",
    r"\s+": r"\s+",
    r"(?<![A-Za-z0-9])(?=\w*\d)[0-9a-f]{6,}": r"[0-9a-f]+",
    r"\d[\d,.]*": r"\d[\d,.]*",
}
_TOKENS = re.compile("|".join(f"({pattern})" for pattern in _SHAPES))
_SECONDS = 20.0


@attrs.frozen
class Command:
    """A line that is run, and the lines that it is to print, if they are shown."""

    line: str
    shown: tuple[str, ...] | None = None


def beginning(line: str, table: dict[str, str]) -> str | None:
    """Returns the entry of a table with which the line begins."""
    return next((each for each in table if f"{line} ".startswith(f"{each} ")), None)


def commands(language: str, text: str) -> Iterator[Command]:
    """Yields the commands of a fence."""
    if language == "sh":
        for line in text.replace("\\\n", " ").splitlines():
            if line := re.sub(r"(^|\s)# .*", "", line).strip():
                yield Command(line)
    if language == "console":
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            line, *shown = part.rstrip("\n").split("\n")
            yield Command(line, tuple(each for each in shown if each.strip()))


def shape(shown: Sequence[str]) -> re.Pattern[str]:
    """Returns what matches a text of this shape."""

    def of(line: str) -> str:
        found = ""
        for part in filter(None, re.split("|".join(f"(?:{each})" for each in _SHAPES), line)):
            before, _, line = line.partition(part)
            found += _masked(before) + re.escape(part)
        return found + _masked(line)

    return re.compile(r"\s*\n\s*".join(of(line.strip()) for line in shown), re.DOTALL)


def _masked(text: str) -> str:
    return _TOKENS.sub(lambda found: [*_SHAPES.values()][(found.lastindex or 1) - 1], text)


class Machine:
    """What commands are run on."""

    def __init__(self, folder: Path, keeper: int, values: dict[str, str]) -> None:
        self._folder = folder
        self._enter = ["nsenter", f"--target={keeper}", "--net", "--mount", "bash", "-c"]
        self._values = values
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._logs = itertools.count()
        bin_folder = Path(sys.executable).parent
        self._environment = environment() | {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "NO_COLOR": "1",
        }

    def _line(self, line: str) -> list[str]:
        for name, value in self._values.items():
            line = line.replace(name, value)
        return [*self._enter, f"cd {self._folder / 'source'}; {line}", "sh", "127.0.0.1", "6379"]

    def run(self, line: str) -> tuple[int, str]:
        """Returns the exit code of a line, and what it prints."""
        done = subprocess.run(
            self._line(line),
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout.decode()

    def start(self, line: str) -> None:
        """Starts what goes on until `end`, and waits until it works."""
        works = LASTING[beginning(line, LASTING) or ""]
        log = self._folder / f"log-{next(self._logs)}"
        with log.open("wb") as file:
            process = subprocess.Popen(
                self._line(line),
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running.append((line, process))

        def working() -> bool:
            assert process.poll() is None, (line, log.read_text())
            return re.search(works, log.read_text()) is not None

        eventually(line, working, 3 * _SECONDS)

    def pause(self, index: int) -> None:
        """Lets what was started so many after the first stand still."""
        os.killpg(self._running[index][1].pid, signal.SIGSTOP)

    def end(self, but: int = 0) -> None:
        """Ends what was started last, all but so many."""
        while len(self._running) > but:
            line, process = self._running.pop()
            # A script ends its own nodes, which are in groups of their own; nodes need not leave.
            script = line.startswith("scripts/")
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM if script else signal.SIGKILL)
            process.wait(_SECONDS)


_MACHINE = """
set -e
cp -a /etc "$1/etc"
mount --bind "$1/etc" /etc; mount --bind "$1/opt" /opt; mount --bind "$1/run" /run
printf '127.0.0.1 localhost\\n10.0.0.1 node1.example\\n' >/etc/hosts
ip link set lo up
ip link add net0 type bridge
ip addr add 10.0.0.1/24 dev net0
ip addr add 192.0.2.1/32 dev lo
ip link set net0 up
if command -v nft >/dev/null; then
    nft 'add table inet filter; add chain inet filter input { type filter hook input priority 0; }'
fi
echo made
read -r end
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Makes the machine; skips the tests where none can be made."""
    folder = tmp_path_factory.mktemp("machine")
    values = _prepare(folder)
    with subprocess.Popen(
        ["unshare", "--net", "--mount", "sh", "-c", _MACHINE, "sh", str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as keeper:
        assert keeper.stdin is not None
        assert keeper.stdout is not None
        try:
            if keeper.stdout.readline() != b"made\n":
                pytest.skip("no namespaces can be made here")
            made = Machine(folder, keeper.pid, values)
            yield made
            made.end()
        finally:
            keeper.stdin.close()


def _prepare(folder: Path) -> dict[str, str]:
    """Fills the folders of the machine. Returns what is meant by the words of the documents."""
    source = folder / "source"
    left_out = shutil.ignore_patterns(".venv*", ".git", "__pycache__", ".*_cache", ".hypothesis")
    shutil.copytree(ROOT, source, ignore=left_out, symlinks=True)
    (source / ".venv").mkdir()
    (source / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    (source / ".venv" / ".installed-e").touch()
    for name in ("home", "run/gossipd", "opt/gossipd/bin"):
        (folder / name).mkdir(parents=True)
    (folder / "opt/gossipd/bin/gossipd").symlink_to(Path(sys.executable).with_name("gossipd"))
    (folder / "home/.curlrc").write_text("silent\nshow-error\n")
    authority = Authority(source, "ca")
    authority.issue("node", "node1.example", "10.0.0.1")
    Authority(source, "clients").issue("me")
    secret, token = new_token("count", "shop")
    (source / "gossipd.tokens").write_text(f"{token.line}\n")
    (source / "gossipd.tokens").chmod(0o600)
    (source / "gossipd.toml").write_text('bind = "127.0.0.1"\njion = "node1"\n')
    (source / "my.toml").write_text("nodes = 5\nduration = 5\n")
    return {"gdt_…": secret, " DIR": " state", " FILE": " backup.db"}


def test_another_shape_is_found() -> None:
    """Numbers, random digits and the space between columns may differ, and nothing else."""
    shown = shape(("ID    AGE   KEY", "a:1   1.5   0af51bc3…", "…", "end"))
    assert shown.fullmatch("ID AGE KEY\na:22 700 5be07d11 and more\n1\n2\nend")
    for printed in ("ID AGE KEY\nb:1 1.5 0af51bc3\n\nend", "ID AGE KEY\na:1 - 0af51bc3\n\nend"):
        assert not shown.fullmatch(printed)


def test_the_tables_are_of_use() -> None:
    """Every entry is the beginning of a line in a document."""
    documents = " ".join(name for name, _ in stories()).split()
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in documents]
    fences = [found for text in texts for found in _FENCE.findall(text)]
    lines = [command.line for fence in fences for command in commands(*fence)]
    tables = [*CANNOT, *LASTING, *SMALLER, *PAUSED, *PREPARED]
    assert [] == [each for each in tables if not any(beginning(line, {each: ""}) for line in lines)]


def stories() -> list[tuple[str, tuple[str, ...]]]:
    """Returns documents that are run together, with what is started before."""
    told = " ".join(STORIES).split()
    names = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))]
    return [*STORIES.items(), *[(name, ()) for name in names if name not in told]]


@pytest.mark.parametrize(("documents", "before"), stories(), ids=lambda each: str(each)[:24])
def test_what_is_printed_is_so(documents: str, before: tuple[str, ...], machine: Machine) -> None:
    """Every command works, and prints what is shown below it."""
    machine.run("rm -rf gossipd.keys backup.db state")
    try:
        for line in before:
            machine.start(line)
        for document in documents.split():
            text = (ROOT / document).read_text(encoding="utf-8")
            for language, fence in _FENCE.findall(text):
                assert language, f"{document}: a fence without a language: {fence[:60]}"
                for command in commands(language, fence):
                    if command.line not in before:
                        _carry_out(command, machine)
                machine.end(but=len(before))
    finally:
        machine.end()


def _carry_out(command: Command, machine: Machine) -> None:
    program = command.line.split()[0]
    if beginning(command.line, CANNOT) or (program in SOME and shutil.which(program) is None):
        return
    if beginning(command.line, LASTING):
        machine.start(command.line)
        return
    for line in PREPARED.get(command.line, ()):
        _carry_out(Command(line), machine)
    if command.line in PAUSED:
        machine.pause(PAUSED[command.line])
    smaller = beginning(command.line, SMALLER)
    end = time.monotonic() + _SECONDS
    while True:
        code, printed = machine.run(f"{command.line} {SMALLER[smaller] if smaller else ''}")
        if command.shown is None:
            assert 0 == code, (command.line, printed)
            return
        if shape(command.shown).fullmatch(printed.strip()):
            return
        assert time.monotonic() < end, f"{command.line} prints\n{printed}not\n{command.shown}"
