"""Runs a benchmark."""

from .command import main

main(prog_name="scripts/bench")
