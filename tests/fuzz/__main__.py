"""Fuzzes with atheris, or plays what is kept: `python -m tests.fuzz TARGET…`."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click

from . import corpus
from .targets import TARGETS

ROOT = Path(__file__).parents[2]
WORK = ROOT / ".fuzz"
"""What is found goes here: a folder of inputs by target, and inputs that fail."""

_LONGEST = 2048


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*TARGETS]))
@click.option("--runs", type=click.IntRange(0), default=100_000, show_default=True)
@click.option("--seed", type=click.IntRange(1), default=1, show_default=True)
@click.option("--keep", is_flag=True, help="Do not fuzz: keep what is found as far as it reaches.")
@click.option("--coverage", is_flag=True, help="Do not fuzz: tell what the kept inputs reach.")
def main(names: tuple[str, ...], runs: int, seed: int, keep: bool, coverage: bool) -> None:
    """Fuzz what takes bytes from others, each target so many runs; all of them without names.

    An input that fails is left in .fuzz, and ends the command with exit code 1.
    """
    failed = False
    for name in names or TARGETS:
        if keep:
            _keep(name)
        elif coverage:
            _tell(name)
        else:
            failed |= not _fuzz(name, runs, seed)
    sys.exit(failed)


def _fuzz(name: str, runs: int, seed: int) -> bool:
    """Runs one target in a process of its own, which libFuzzer ends. Returns whether all held."""
    found, seeds = WORK / name, WORK / f"{name}-kept"
    for folder in (found, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(corpus.kept(name)):
        (seeds / f"{number}").write_bytes(data)
    limits = [f"-runs={runs}", f"-seed={seed}", f"-max_len={_LONGEST}", "-rss_limit_mb=1024"]
    places = [f"-artifact_prefix={WORK / name}-", str(found), str(seeds)]
    ended = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.fuzzer", name, *limits, *places],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    done = re.search(r"^Done (\d+) runs in (\d+) second", ended.stderr, re.MULTILINE)
    if ended.returncode or done is None:
        click.echo(f"{name}: {ended.stderr[-4000:]}", err=True)
        return False
    click.echo(f"{name}: {int(done[1]):,} runs in {done[2]} s, all held")
    return True


def _keep(name: str) -> None:
    found = [path.read_bytes() for path in (WORK / name).glob("*")]
    before = corpus.kept(name)
    after = corpus.smallest(TARGETS[name], before + found)
    corpus.keep(name, after)
    click.echo(f"{name}: {len(after)} inputs of {len(before)} kept and {len(found)} found")


def _tell(name: str) -> None:
    inputs = corpus.kept(name)
    lines, missed = corpus.reached(TARGETS[name], inputs)
    size = sum(map(len, inputs))
    where = ", ".join(f"{Path(code.co_filename).name}:{line}" for code, line in missed)
    click.echo(
        f"{name}: {len(inputs)} inputs of {size} bytes reach {lines - len(missed)} of {lines}"
        f" lines{': all but ' * bool(missed)}{where}"
    )


if __name__ == "__main__":
    main(prog_name="scripts/fuzz")
