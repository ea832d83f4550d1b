"""The command line of the search: plays many histories, and makes the first that fails small."""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import click

from gossipd.sim.scenario import ScenarioError

from .draw import Words, draw_history
from .play import Played, play_history
from .shrink import shrink_history

HISTORIES = 3000
"""How many histories a search plays if it is not told."""

# Exit codes.
FAILED = 1
INTERRUPTED = 130

# Histories that a worker process is given at a time.
_CHUNK = 10

# The words that a history's file begins with.
_WORDS_FIRST = ("nodes", "duration", "seed")


class Batch(NamedTuple):
    """What came of some seeds.

    Attributes:
        played: how many histories, up to and with the first that failed.
        agreed: seconds from the healing of each history until all agreed.
        failed: the seed that failed, if one did.
    """

    played: int
    agreed: list[float]
    failed: int | None


def play_batch(seeds: Sequence[int]) -> Batch:
    """Plays the histories of these seeds until one fails, and returns what came of them."""
    agreed: list[float] = []
    for number, seed in enumerate(seeds):
        played = play_history(draw_history(seed))
        agreed += [after for after in played.agreed_after if after is not None]
        if played.findings:
            return Batch(number + 1, agreed, seed)
    return Batch(len(seeds), agreed, None)


def as_toml(words: Words) -> str:
    """Returns a history as the text of a scenario file."""
    plain = {key: value for key, value in words.items() if key != "set"}
    first = {key: plain.pop(key) for key in _WORDS_FIRST if key in plain}
    lines = [f"{key} = {json.dumps(value)}" for key, value in (first | plain).items()]
    if words.get("set"):
        lines += ["", "[set]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in words["set"].items()]
    return "\n".join(lines) + "\n"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--histories", type=click.IntRange(1), help="How many.  [default: 3000]")
@click.option("--jobs", type=click.IntRange(1, 256), help="Processes.  [default: 1]")
@click.option("--first", type=int, help="The first seed.  [default: from the commit]")
@click.option("--from-commit", type=int, hidden=True, default=0)
@click.option("--trace", is_flag=True, help="With FILE: print a line for each change of state.")
def main(
    files: Sequence[str],
    histories: int | None,
    jobs: int | None,
    first: int | None,
    from_commit: int,
    trace: bool,
) -> None:
    """Search random histories of small clusters for a broken promise.

    Each seed gives a cluster, a load and faults; after the faults all must agree, nothing that was
    answered may be lost, and much else. Stops at the first history that fails, makes it small,
    writes it to a file and says how to play it again. With FILE, plays such files instead.

    Exit codes: 0 nothing found, 1 found something, 2 wrong usage, 130 interrupted.
    """
    if files and (histories, jobs, first) != (None, None, None):
        raise click.UsageError("FILE goes with '--trace' alone")
    if trace and not files:
        raise click.UsageError("'--trace' needs a FILE")
    if files:
        sys.exit(replay(files, trace=trace))
    start = from_commit if first is None else first
    found = Search(range(start, start + (histories or HISTORIES)), jobs or 1)
    try:
        code = found.run()
    except KeyboardInterrupt:
        code = INTERRUPTED
    found.summarize()
    if found.failed is not None:
        explain(found.failed)
    sys.exit(code)


def replay(files: Iterable[str], *, trace: bool) -> int:
    """Plays histories from files, prints their findings, and returns the exit code."""
    code = 0
    for name in files:
        try:
            words = tomllib.loads(Path(name).read_text(encoding="utf-8"))
            played = play_history(words, traced=True, write=click.echo if trace else None)
        except OSError as error:
            raise click.UsageError(f"{name}: {error.strerror}") from None
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, ScenarioError) as error:
            raise click.UsageError(f"{name}: {error}") from None
        code = max(code, FAILED if played.findings else 0)
        click.echo(f"{name}: {_outcome(played)}")
        click.echo(f"hash {played.hash}")
    return code


def _outcome(played: Played) -> str:
    return "\n  ".join(map(str, played.findings)) or "nothing found."


def explain(seed: int) -> None:
    """Prints what a failing seed found, the command that plays it, and a smaller history."""
    words = draw_history(seed)
    finding = play_history(words).findings[0]
    click.echo(f"\nSeed {seed}: {finding}")
    click.echo(f"Play it again:  scripts/simulate-seeds --histories 1 --first {seed}")
    click.echo("Making it smaller, Ctrl-C ends that …", err=True)
    smallest = words

    def fails(smaller: Words) -> bool:
        nonlocal smallest
        findings = play_history(smaller).findings
        found = bool(findings) and findings[0].kind == finding.kind
        smallest = smaller if found else smallest
        return found

    with contextlib.suppress(KeyboardInterrupt):
        shrink_history(words, fails)
    click.echo(
        f"\nA smaller history with the same finding, {play_history(smallest).findings[0]}:\n"
    )
    click.echo(as_toml(smallest))
    file = Path(f"history-{seed}.toml")
    try:
        file.write_text(as_toml(smallest), encoding="utf-8")
    except OSError as error:
        click.echo(f"It could not be written to {file}: {error.strerror}", err=True)
    else:
        click.echo(f"It is in {file}:  scripts/simulate-seeds {file} --trace")


class Search:
    """Histories that are played in several processes.

    Attributes:
        failed: the smallest seed that is known to fail, if any.
    """

    def __init__(self, seeds: Sequence[int], jobs: int) -> None:
        self.failed: int | None = None
        self._seeds = seeds
        self._jobs = jobs
        self._played = 0
        self._agreed: list[float] = []
        self._began = monotonic()

    def run(self) -> int:
        """Plays histories until one fails, and returns the exit code.

        Seeds are given out in order. Those that are under way when one fails are waited for, so
        that the smallest seed that fails is reported, whatever the number of jobs. After a
        KeyboardInterrupt, what was seen until then can still be summarized.
        """
        chunks = iter(
            self._seeds[start : start + _CHUNK] for start in range(0, len(self._seeds), _CHUNK)
        )
        with _pool(self._jobs) as pool:
            running = {pool.submit(play_batch, chunk) for chunk in islice(chunks, 2 * self._jobs)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                self._take(done)
                if self.failed is None:
                    running |= {
                        pool.submit(play_batch, chunk) for chunk in islice(chunks, len(done))
                    }
        return 0 if self.failed is None else FAILED

    def _take(self, done: Iterable[Future[Batch]]) -> None:
        for each in done:
            batch = each.result()
            self._played += batch.played
            self._agreed += batch.agreed
            if batch.failed is not None:
                known = batch.failed if self.failed is None else self.failed
                self.failed = min(batch.failed, known)
        if sys.stderr.isatty():
            click.echo(
                f"\r{self._played:,} of {len(self._seeds):,} histories\033[K", err=True, nl=False
            )

    def summarize(self) -> None:
        """Prints how many histories were played, and how soon the nodes agreed in them."""
        if sys.stderr.isatty():
            click.echo("\r\033[K", err=True, nl=False)
        seconds = monotonic() - self._began
        what = "nothing found" if self.failed is None else "one failed"
        click.echo(
            f"{self._played:,} histories from seed {self._seeds[0]} in {seconds:.0f} s"
            f" ({self._played / seconds:.0f} a second): {what}."
        )
        agreed = sorted(self._agreed)
        if agreed:
            p50, p99 = (agreed[int(len(agreed) * share)] for share in (0.5, 0.99))
            click.echo(
                f"All agreed {p50:.1f} s after healing (median), {p99:.1f} s (p99),"
                f" {agreed[-1]:.1f} s (max)."
            )


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Yields worker processes that leave Ctrl-C to this one, and end with it."""
    with ProcessPoolExecutor(jobs, initializer=_leave_interrupts) as pool:
        try:
            yield pool
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _leave_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
